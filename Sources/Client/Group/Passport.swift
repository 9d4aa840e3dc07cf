import Crypto
import MLS
import TLSSyntax
import Wire

/// The credential of a member: a name, the person's identity key, and that key's word that the leaf
/// is theirs.
///
/// The leaf's own signature key is fresh for each stay, since MLS wants it unique in a group and a
/// person may be in a room twice.
struct Passport: TLSCodable, Hashable, Sendable {

    /// UTF-8, from 1 to 64 bytes.
    let name: [UInt8]
    /// Ed25519, 32 bytes.
    let identityKey: [UInt8]
    /// Ed25519 by the identity key, 64 bytes.
    let signature: [UInt8]

    /// Vouches for a leaf.
    init(
        _ identity: Identity, name: [UInt8], leafKey: SignaturePublicKey, room: RoomID
    ) throws {
        self.name = name
        identityKey = identity.publicKey
        signature = try identity.sign(
            Self.statement(name: name, leafKey: leafKey, room: room))
    }

    /// The passport in a leaf, if it is one and holds for this leaf and room.
    init?(checking leaf: LeafNode, room: RoomID) {
        guard case .basic(let bytes) = leaf.credential,
            let passport = try? Passport(tlsEncoded: bytes),
            let key = try? Curve25519.Signing.PublicKey(
                rawRepresentation: passport.identityKey),
            key.isValidSignature(
                passport.signature,
                for: Self.statement(
                    name: passport.name, leafKey: leaf.signatureKey, room: room))
        else { return nil }
        self = passport
    }

    private static func statement(
        name: [UInt8], leafKey: SignaturePublicKey, room: RoomID
    ) -> [UInt8] {
        var writer = TLSWriter()
        writer.writeOpaque("chatbox/1 passport".utf8)
        writer.write(room)
        writer.writeOpaque(leafKey.bytes)
        writer.writeOpaque(name)
        return writer.bytes
    }

    func encode(into writer: inout TLSWriter) {
        writer.writeOpaque(name)
        writer.writeFixed(identityKey)
        writer.writeFixed(signature)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        name = try reader.readName()
        identityKey = try reader.readFixed(32)
        signature = try reader.readFixed(64)
    }
}

extension TLSReader {
    /// A name: UTF-8, from 1 to 64 bytes.
    mutating func readName() throws(CodecError) -> [UInt8] {
        let name = try readOpaque(limit: PersonName.maximumSize)
        guard !name.isEmpty, String(validating: name, as: UTF8.self) != nil else {
            throw .invalidValue("name")
        }
        return name
    }
}

/// Which attachment of which log a leaf is: an extension of the leaf, so that nobody can take
/// another's place in the room, and the server cannot give one member's words to another.
struct Placement: TLSCodable, Hashable, Sendable {
    /// Of the range for private use.
    static let type = ExtensionType(rawValue: 0xF0C0)

    let log: LogID
    let attachment: AttachmentID

    init(log: LogID, attachment: AttachmentID) {
        self.log = log
        self.attachment = attachment
    }

    init?(of leaf: LeafNode) {
        guard let bytes = leaf.extensions[Self.type],
            let placement = try? Placement(tlsEncoded: bytes)
        else { return nil }
        self = placement
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(log)
        writer.write(attachment)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        log = try reader.read()
        attachment = try reader.read()
    }

    var asExtension: Extension { Extension(type: Self.type, data: tlsEncoded) }
}

/// What is fixed for a room when it is founded: an extension of the group's context, so that all
/// members agree on it.
struct RoomRules: TLSCodable, Hashable, Sendable {
    /// Of the range for private use.
    static let type = ExtensionType(rawValue: 0xF0C1)

    /// Whether members decide who comes in.
    let needsApproval: Bool

    init(needsApproval: Bool) { self.needsApproval = needsApproval }

    init?(of context: GroupContext) {
        guard let bytes = context.extensions[Self.type],
            let rules = try? RoomRules(tlsEncoded: bytes)
        else { return nil }
        self = rules
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(UInt8(needsApproval ? 1 : 0))
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        switch try reader.read(UInt8.self) {
        case 0: needsApproval = false
        case 1: needsApproval = true
        default: throw .invalidValue("RoomRules")
        }
    }

    var asExtension: Extension { Extension(type: Self.type, data: tlsEncoded) }
}
