// An app with a node in it, to be built with Gradle and the Android SDK.

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        // What `mvn install` in the folder above has put there.
        mavenLocal { content { includeGroup("io.github.swarmlet") } }
        google()
        mavenCentral()
    }
}

rootProject.name = "press"
