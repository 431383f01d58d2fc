plugins {
    id("com.android.application") version "8.13.0"
    kotlin("android") version "2.4.21"
}

android {
    namespace = "com.example.press"
    compileSdk = 35

    defaultConfig {
        applicationId = "com.example.press"
        minSdk = 26
        targetSdk = 35
        versionCode = 1
        versionName = "1"
    }

    packaging {
        // Libraries stay uncompressed and aligned in the package, also to pages of 16 KiB.
        jniLibs.useLegacyPackaging = false
    }
}

kotlin {
    jvmToolchain(17)
}

dependencies {
    implementation("io.github.swarmlet:swarmlet-android:0.1.0")
}
