// swift-tools-version: 6.0
import PackageDescription

// The native half: on Apple's platforms in an XCFramework, elsewhere a library that the linker has
// to find. `cargo xtask swift` and `make-xcframework.sh` make what is not in the repository.
#if os(Linux)
    let native = Target.systemLibrary(name: "SwarmletNativeFFI")
#else
    let native = Target.binaryTarget(
        name: "SwarmletNativeFFI", path: "SwarmletNativeFFI.xcframework")
#endif

let package = Package(
    name: "swarmlet",
    platforms: [.iOS(.v16), .macOS(.v13), .tvOS(.v16), .watchOS(.v9), .visionOS(.v1)],
    products: [.library(name: "Swarmlet", targets: ["Swarmlet"])],
    targets: [
        native,
        // Written by uniffi, and seen by this package only.
        .target(name: "SwarmletNative", dependencies: ["SwarmletNativeFFI"]),
        .target(name: "Swarmlet", dependencies: ["SwarmletNative"]),
        .executableTarget(name: "Leaving", dependencies: ["Swarmlet"], path: "Tests/Leaving"),
        .executableTarget(name: "Press", dependencies: ["Swarmlet"], path: "Tests/Press"),
        .executableTarget(name: "Panicking", dependencies: ["Swarmlet"], path: "Tests/Panicking"),
        .executableTarget(name: "Driver", dependencies: ["Swarmlet"], path: "Tests/Driver"),
        .executableTarget(name: "ShopFloor", dependencies: ["Swarmlet"], path: "Tests/ShopFloor"),
        .executableTarget(name: "Rates", dependencies: ["Swarmlet"], path: "Tests/Rates"),
        .testTarget(name: "SwarmletTests", dependencies: ["Swarmlet"]),
    ],
    swiftLanguageModes: [.v6]
)
