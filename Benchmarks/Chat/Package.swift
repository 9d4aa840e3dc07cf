// swift-tools-version: 6.2
import PackageDescription

/// As in the package of the program.
let ours: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

/// `chatload`, which loads a server of ours with the real protocol and reports what that cost.
///
/// Frames have `package` access, which ends at the package's border: so `Sources/Wire` and
/// `Sources/TLSSyntax` are links to the folders of the program itself.
let package = Package(
    name: "chatbox-bench",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    ],
    targets: [
        .target(name: "TLSSyntax", swiftSettings: ours),
        .target(name: "Wire", dependencies: ["TLSSyntax", crypto], swiftSettings: ours),
        .executableTarget(
            name: "chatload",
            dependencies: [
                "TLSSyntax", "Wire", crypto,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: ours),
    ],
    swiftLanguageModes: [.v6]
)
