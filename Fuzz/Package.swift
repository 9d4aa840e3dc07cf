// swift-tools-version: 6.2
import PackageDescription

/// As in the package of the program.
let ours: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// libFuzzer brings `main`: a target of ours must not, and needs no `main` symbol to link.
let entry: [SwiftSetting] = ours + [.unsafeFlags(["-parse-as-library"])]

/// Fuzz targets, in a package of their own since SwiftPM lets only a root package use unsafe flags.
///
/// What is fuzzed has `package` access, which ends at the package's border: so `Sources/Wire` and
/// `Sources/TLSSyntax` are links to the folders of the program itself.
let package = Package(
    name: "chatbox-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")
    ],
    targets: [
        .target(name: "TLSSyntax", swiftSettings: ours),
        .target(
            name: "Wire",
            dependencies: ["TLSSyntax", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: ours),
        .executableTarget(
            name: "FuzzFrames", dependencies: ["TLSSyntax", "Wire"], swiftSettings: entry),
        .executableTarget(name: "FuzzLink", dependencies: ["Wire"], swiftSettings: entry),
    ],
    swiftLanguageModes: [.v6]
)
