// swift-tools-version: 6.0
import PackageDescription

// An app that depends on the published package, wherever that was unpacked.
let place = Context.environment["SWARMLET_PACKAGE"] ?? ".."
let package = Package(
    name: "use",
    platforms: [.macOS(.v13)],
    dependencies: [.package(name: "swarmlet", path: place)],
    targets: [
        .executableTarget(
            name: "Use", dependencies: [.product(name: "Swarmlet", package: "swarmlet")])
    ],
    swiftLanguageModes: [.v6]
)
