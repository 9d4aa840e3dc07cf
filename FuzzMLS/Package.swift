// swift-tools-version: 6.2
import PackageDescription

/// Fuzz targets of MLS, for libFuzzer: `FuzzMLS/run message 600`.
let package = Package(
    name: "FuzzMLS",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "chatbox", path: "..")],
    targets: [
        .executableTarget(
            name: "FuzzMLS",
            dependencies: [
                .product(name: "MLS", package: "chatbox"),
                .product(name: "TLSSyntax", package: "chatbox"),
            ],
            swiftSettings: [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
    ],
    swiftLanguageModes: [.v6]
)
