import MLS
import TLSSyntax
import Wire

/// What an entry of kind `commit` holds.
enum CommitEntry: Sendable {
    /// A group begins.
    case founding(Founding)
    /// An `MLSMessage` with a commit, as bytes.
    case commit([UInt8])

    private enum Kind: UInt8 {
        case founding = 1
        case commit = 2
    }

    var encoded: [UInt8] {
        var writer = TLSWriter(capacity: 256)
        switch self {
        case .founding(let founding):
            writer.write(Kind.founding.rawValue)
            writer.write(founding)
        case .commit(let message):
            writer.write(Kind.commit.rawValue)
            writer.writeFixed(message)
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = TLSReader(bytes)
        switch Kind(rawValue: try reader.read()) {
        case .founding: self = .founding(try reader.read())
        case .commit: self = .commit(try reader.readFixed(reader.remaining))
        case nil: throw .invalidValue("CommitEntry")
        }
        try reader.finish()
    }
}

/// Says that a group begins here. The server's compare-and-append lets one of several through; it
/// holds no secret, and only who knows the link can make it.
struct Founding: TLSCodable, Equatable, Sendable {
    /// Bytes of a group's id: twice what ours have.
    private static let maximumGroupID = 64

    let groupID: [UInt8]
    private let mac: [UInt8]

    init(groupID: [UInt8], keys: RoomKeys, log: LogID, founder: AttachmentID) {
        self.groupID = groupID
        mac = keys.mac("founding") { Self.write(groupID, log, founder, into: &$0) }
    }

    func isValid(keys: RoomKeys, log: LogID, founder: AttachmentID) -> Bool {
        keys.isValid(mac, "founding") { Self.write(groupID, log, founder, into: &$0) }
    }

    private static func write(
        _ groupID: [UInt8], _ log: LogID, _ founder: AttachmentID, into writer: inout TLSWriter
    ) {
        writer.write(log)
        writer.write(founder)
        writer.writeOpaque(groupID)
    }

    func encode(into writer: inout TLSWriter) {
        writer.writeOpaque(groupID)
        writer.writeFixed(mac)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        groupID = try reader.readOpaque(limit: Self.maximumGroupID)
        mac = try reader.readFixed(RoomKeys.macSize)
    }
}
