// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: language mode 6, strict concurrency, no warning let through.
let ours: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let certificates: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "NIOTLS", package: "swift-nio"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

/// The layers of ARCHITECTURE.md: imports go down only, and `scripts/check-imports` checks it.
let package = Package(
    name: "chatbox",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "chatbox", targets: ["chatbox"]),
        .library(name: "TLSSyntax", targets: ["TLSSyntax"]),
        .library(name: "MLS", targets: ["MLS"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Layer 0: no Foundation, nothing of ours.
        .target(name: "TLSSyntax", swiftSettings: ours),
        .target(name: "SafeScalars", swiftSettings: ours),
        .target(
            name: "Terminal", dependencies: ["SafeScalars"], exclude: ["README.md"],
            swiftSettings: ours),
        .target(name: "CSandbox"),
        .target(name: "Sandbox", dependencies: ["CSandbox"], swiftSettings: ours),
        .target(name: "Folder", dependencies: ["CSandbox"], swiftSettings: ours),
        // Layer 1
        .target(name: "MLS", dependencies: ["TLSSyntax", crypto], swiftSettings: ours),
        .target(name: "SealedFile", dependencies: [crypto], swiftSettings: ours),
        .target(name: "Wire", dependencies: ["TLSSyntax", crypto], swiftSettings: ours),
        // Layer 2
        .target(
            name: "Transport", dependencies: ["Wire", "TLSSyntax", certificates, crypto] + nio,
            swiftSettings: ours),
        .target(
            name: "Client",
            dependencies: [
                "TLSSyntax", "MLS", "Wire", "SealedFile", "Folder", "SafeScalars", crypto,
            ],
            swiftSettings: ours),
        // Layer 3
        .target(
            name: "Server",
            dependencies: ["TLSSyntax", "Wire", "Transport", logging, lifecycle, crypto] + nio,
            swiftSettings: ours),
        .target(
            name: "ChatUI", dependencies: ["Client", "Terminal", "Wire", "Folder"],
            swiftSettings: ours),
        // The original protocol: nothing of ours in it, and used by nothing of ours but the program.
        .target(name: "Classic", dependencies: nio, swiftSettings: ours),
        // Layer 4
        .executableTarget(
            name: "chatbox",
            dependencies: [
                "ChatUI", "Classic", "Client", "Folder", "Sandbox", "SealedFile", "Server",
                "Terminal", "Transport", "Wire", arguments, logging, lifecycle,
            ] + nio,
            swiftSettings: ours),

        // The whole interface of MLS within a hundred lines.
        .executableTarget(
            name: "TwoMembers", dependencies: ["MLS"], path: "Examples/TwoMembers",
            swiftSettings: ours),

        // Many clients in one room, for `make bench`.
        .executableTarget(
            name: "roombench", dependencies: ["Client", "MLS", "Transport", "Wire", arguments],
            path: "Benchmarks/Room/roombench", swiftSettings: ours),

        // Tries to get out of the sandbox; for the tests alone.
        .target(name: "Doors", path: "Tests/Doors"),
        .executableTarget(
            name: "Escaper",
            dependencies: [
                "ChatUI", "Client", "Doors", "Folder", "Sandbox", "Terminal", "Transport", "Wire",
            ],
            path: "Tests/Escaper", swiftSettings: ours),

        // What tests of several targets share.
        .target(
            name: "TestSupport", dependencies: ["TLSSyntax", "Transport", "Wire"] + nio,
            path: "Tests/TestSupport", swiftSettings: ours),
        .testTarget(name: "TLSSyntaxTests", dependencies: ["TLSSyntax"], swiftSettings: ours),
        .testTarget(
            name: "MLSTests", dependencies: ["MLS", "TLSSyntax", crypto],
            exclude: ["Vectors/own-vectors.json"], swiftSettings: ours),
        .testTarget(
            name: "TerminalTests", dependencies: ["TestSupport", "Terminal"],
            exclude: ["GraphemeBreakTest.txt"], swiftSettings: ours),
        .testTarget(name: "SandboxTests", dependencies: ["Sandbox"], swiftSettings: ours),
        .testTarget(name: "FolderTests", dependencies: ["Folder"], swiftSettings: ours),
        .testTarget(
            name: "SealedFileTests", dependencies: ["SealedFile", crypto], swiftSettings: ours),
        .testTarget(
            name: "WireTests", dependencies: ["TestSupport", "Wire", "TLSSyntax", crypto],
            swiftSettings: ours),
        .testTarget(
            name: "TransportTests",
            dependencies: [
                "TestSupport", "Transport", "Wire", crypto,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ] + nio,
            swiftSettings: ours),
        .testTarget(
            name: "ClientTests",
            dependencies: [
                "TestSupport", "ChatUI", "Client", "MLS", "Terminal", "Wire", "SealedFile",
                "Folder", "TLSSyntax", crypto,
            ],
            swiftSettings: ours),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "TestSupport", "Server", "Transport", "Wire", "TLSSyntax", crypto, logging,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ] + nio,
            swiftSettings: ours),
        .testTarget(
            name: "ChatUITests",
            dependencies: ["TestSupport", "ChatUI", "Client", "Terminal", "Wire"],
            swiftSettings: ours),
        .testTarget(
            name: "ClassicTests", dependencies: ["Classic", "TestSupport"] + nio,
            exclude: ["Python"], swiftSettings: ours),
        .testTarget(
            name: "chatboxTests",
            dependencies: [
                "chatbox", "ChatUI", "Client", "Folder", "Sandbox", "Terminal", "Wire", arguments,
                crypto,
            ],
            swiftSettings: ours),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "TestSupport", "Escaper", "Sandbox", "chatbox", "Wire", "Transport", "Client",
                "SealedFile", "TLSSyntax", crypto,
            ] + nio,
            swiftSettings: ours),
    ],
    swiftLanguageModes: [.v6]
)
