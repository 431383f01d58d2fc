// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The native half: on Apple's platforms in an XCFramework, elsewhere a library that the linker has
// to find. `cargo xtask swift` and `make-xcframework.sh` make what is not in the repository.
#if os(Linux)
    let native = Target.systemLibrary(name: "SwarmletNativeFFI")
#else
    let native = Target.binaryTarget(
        name: "SwarmletNativeFFI", path: "SwarmletNativeFFI.xcframework")
#endif

var targets = [
    native,
    // Written by uniffi, and seen by this package only. What the library needs of Apple's systems
    // is named here: a static library does not say it.
    .target(
        name: "SwarmletNative", dependencies: ["SwarmletNativeFFI"],
        linkerSettings: ["CoreFoundation", "SystemConfiguration"].map { framework in
            .linkedFramework(framework, .when(platforms: [.iOS, .macOS]))
        }),
    .target(name: "Swarmlet", dependencies: ["SwarmletNative"]),
]
// What is published has no tests, and none of the programs that tests and others start.
let tests = Context.packageDirectory + "/Tests"
if FileManager.default.fileExists(atPath: tests) {
    let programs = ["Driver", "Leaving", "Panicking", "Press", "Rates", "ShopFloor"]
    targets += programs.map { name in
        .executableTarget(name: name, dependencies: ["Swarmlet"], path: "Tests/\(name)")
    }
    targets.append(.testTarget(name: "SwarmletTests", dependencies: ["Swarmlet"]))
}

let package = Package(
    name: "swarmlet",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "Swarmlet", targets: ["Swarmlet"])],
    targets: targets,
    swiftLanguageModes: [.v6]
)
