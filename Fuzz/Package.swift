// swift-tools-version: 6.2
import PackageDescription

/// As in the package of the program.
let ours: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// libFuzzer brings `main`: a target of ours must not.
let entry: [SwiftSetting] = ours + [.unsafeFlags(["-parse-as-library"])]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")

/// Fuzz targets, in a package of their own since only a root package may use unsafe flags.
///
/// What is fuzzed has `package` access, which ends at the package's border. So what is under test
/// is linked into `Sources` from the program's own: `TLSSyntax`, `Wire`, of `Transport` the parser of
/// frames, and of `Classic` what reads captures.
let package = Package(
    name: "chatbox-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "TLSSyntax", swiftSettings: ours),
        .target(name: "Wire", dependencies: ["TLSSyntax", crypto], swiftSettings: ours),
        .target(name: "Transport", dependencies: ["TLSSyntax", "Wire", nio], swiftSettings: ours),
        .executableTarget(
            name: "FuzzFrames", dependencies: ["TLSSyntax", "Transport", "Wire", nio],
            swiftSettings: entry),
        .target(name: "Classic", swiftSettings: ours),
        .executableTarget(
            name: "FuzzCapture", dependencies: ["Classic"], swiftSettings: entry),
        .executableTarget(name: "FuzzLink", dependencies: ["Wire"], swiftSettings: entry),
    ],
    swiftLanguageModes: [.v6]
)
