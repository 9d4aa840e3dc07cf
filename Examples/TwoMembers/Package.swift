// swift-tools-version: 6.2
import PackageDescription

/// The whole MLS API within a hundred lines: `swift run --package-path Examples/TwoMembers`.
let package = Package(
    name: "TwoMembers",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "chatbox", path: "../..")],
    targets: [
        .executableTarget(
            name: "TwoMembers", dependencies: [.product(name: "MLS", package: "chatbox")])
    ],
    swiftLanguageModes: [.v6]
)
