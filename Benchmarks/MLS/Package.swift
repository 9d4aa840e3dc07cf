// swift-tools-version: 6.2
import PackageDescription

/// What MLS costs: `swift run -c release mls-bench [members…]` (docs/mls-benchmarks.md).
let package = Package(
    name: "mls-bench",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "chatbox", path: "../..")],
    targets: [
        .executableTarget(
            name: "mls-bench",
            dependencies: [
                .product(name: "MLS", package: "chatbox"),
                .product(name: "TLSSyntax", package: "chatbox"),
            ],
            path: "Sources/MLSBench")
    ],
    swiftLanguageModes: [.v6]
)
