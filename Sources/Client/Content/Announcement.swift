import Crypto
package import TLSSyntax
package import Wire

/// Who is behind an attachment: a name, and the key of the person who says so.
package struct Announcement: TLSCodable, Hashable, Sendable {
    /// Bytes of a name: a line of a terminal holds it beside what was said.
    package static let maximumName = 64
    /// Bytes of one announcement's encoding, the length of its name included.
    static let maximumSize = 8 + 2 + maximumName + 32 + 64

    package let attachment: AttachmentID
    /// UTF-8, from 1 to 64 bytes.
    package let name: [UInt8]
    /// Ed25519, 32 bytes.
    package let publicKey: [UInt8]
    /// Ed25519, 64 bytes.
    package let signature: [UInt8]

    init(attachment: AttachmentID, name: [UInt8], publicKey: [UInt8], signature: [UInt8]) {
        self.attachment = attachment
        self.name = name
        self.publicKey = publicKey
        self.signature = signature
    }

    /// True when the owner of the key signed this name for this attachment and this room.
    func isValid(in room: RoomID) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
            return false
        }
        let statement = Self.statement(attachment: attachment, name: name, room: room)
        return key.isValidSignature(signature, for: statement)
    }

    static func statement(attachment: AttachmentID, name: [UInt8], room: RoomID) -> [UInt8] {
        var writer = TLSWriter()
        writer.writeOpaque("chatbox/1 announce".utf8)
        writer.write(room)
        writer.write(attachment)
        writer.writeOpaque(name)
        return writer.bytes
    }

    /// A name that may be announced: cut to the limit between two scalars, never empty.
    static func fitting(name: String) -> String {
        var fitting = String.UnicodeScalarView()
        var count = 0
        for scalar in name.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= maximumName else { break }
            fitting.append(scalar)
        }
        return fitting.isEmpty ? "?" : String(fitting)
    }

    package func encode(into writer: inout TLSWriter) {
        writer.write(attachment)
        writer.writeOpaque(name)
        writer.writeFixed(publicKey)
        writer.writeFixed(signature)
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        attachment = try reader.read()
        name = try reader.readOpaque(limit: Self.maximumName)
        guard !name.isEmpty, String(validating: name, as: UTF8.self) != nil else {
            throw .invalidValue("Announcement.name")
        }
        publicKey = try reader.readFixed(32)
        signature = try reader.readFixed(64)
    }
}
