public import TLSSyntax

/// `WireFormat` of RFC 9420 section 6.
public struct WireFormat: CodePoint {
    /// The number.
    public let rawValue: UInt16
    /// The format of a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// `mls_public_message`.
    public static let publicMessage = Self(rawValue: 1)
    /// `mls_private_message`.
    public static let privateMessage = Self(rawValue: 2)
    /// `mls_welcome`.
    public static let welcome = Self(rawValue: 3)
    /// `mls_group_info`.
    public static let groupInfo = Self(rawValue: 4)
    /// `mls_key_package`.
    public static let keyPackage = Self(rawValue: 5)
}

/// `ContentType` of RFC 9420 section 6.
public enum ContentType: UInt8, Sendable, TLSCodable {
    /// Bytes of the application.
    case application = 1
    /// A Proposal.
    case proposal = 2
    /// A Commit.
    case commit = 3

    /// Appends the number.
    public func encode(into writer: inout TLSWriter) {
        writer.write(rawValue)
    }

    /// Reads the number.
    public init(from reader: inout TLSReader) throws(CodecError) {
        guard let type = ContentType(rawValue: try reader.read()) else {
            throw .invalidValue("ContentType")
        }
        self = type
    }
}

/// `Sender` of RFC 9420 section 6.
public enum Sender: Sendable, Hashable, TLSCodable {
    /// A member.
    case member(LeafIndex)
    /// One of the group's `external_senders`, by its index.
    case external(index: UInt32)
    /// Someone who asks to be added.
    case newMemberProposal
    /// Someone who joins by an external commit.
    case newMemberCommit

    /// Appends the sender.
    public func encode(into writer: inout TLSWriter) {
        switch self {
        case .member(let leaf):
            writer.write(UInt8(1))
            writer.write(leaf)
        case .external(let index):
            writer.write(UInt8(2))
            writer.write(index)
        case .newMemberProposal: writer.write(UInt8(3))
        case .newMemberCommit: writer.write(UInt8(4))
        }
    }

    /// Reads a sender.
    public init(from reader: inout TLSReader) throws(CodecError) {
        switch try reader.read(UInt8.self) {
        case 1: self = .member(try reader.read())
        case 2: self = .external(index: try reader.read())
        case 3: self = .newMemberProposal
        case 4: self = .newMemberCommit
        default: throw .invalidValue("SenderType")
        }
    }
}
