import ArgumentParser
import Wire

/// What can be chosen for a room when it is made, and goes into its link.
struct RoomChoice: ParsableArguments, Sendable {
    @Flag(help: "Newcomers wait until a member lets them in with /admit.")
    var approve = false

    @Option(
        help: ArgumentHelp(
            "What encrypts the room (default: hybrid).", discussion: SuiteName.table,
            valueName: "name"),
        completion: .list(SuiteName.allCases.map(\.rawValue)), transform: SuiteName.init(parsing:))
    var suite = SuiteName.hybrid

    var options: RoomOptions {
        RoomOptions(suite: suite.codePoint, needsApproval: approve)
    }
}

/// The cipher suites that a room can be made with, by what their key exchange is called.
enum SuiteName: String, CaseIterable, Sendable {
    case hybrid
    case x25519
    case chacha20
    case p256
    case p384
    case p521

    init(parsing text: String) throws {
        guard let name = Self(rawValue: text) else {
            let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("the suites are \(names)")
        }
        self = name
    }

    /// As MLS numbers it.
    var codePoint: UInt16 {
        switch self {
        case .hybrid: RoomOptions.hybridSuite
        case .x25519: 1
        case .p256: 2
        case .chacha20: 3
        case .p521: 5
        case .p384: 7
        }
    }

    private var meaning: String {
        switch self {
        case .hybrid: "ML-KEM-768 with X25519, AES-256-GCM; safe from quantum computers to come"
        case .x25519: "X25519, AES-128-GCM; the smallest, for rooms of thousands"
        case .chacha20: "X25519, ChaCha20-Poly1305; for machines without AES in hardware"
        case .p256: "NIST P-256, AES-128-GCM"
        case .p384: "NIST P-384, AES-256-GCM"
        case .p521: "NIST P-521, AES-256-GCM"
        }
    }

    /// For the manual.
    static var table: String {
        allCases.map { "\($0.rawValue): \($0.meaning)" }.joined(separator: "\n")
    }
}
