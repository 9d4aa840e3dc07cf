import Crypto
import MLS
import TLSSyntax
import Wire

/// What a room's secret gives to those who have its link, besides the way to the server.
struct RoomKeys: Sendable {
    let room: RoomID
    /// Under which newcomers knock and doorkeepers answer.
    private let admission: SymmetricKey
    /// Under which they seal it: names and identity keys are not for the server.
    private let door: SymmetricKey
    /// Part of every epoch into which newcomers come: a server without the link can neither join nor
    /// invent a joiner.
    private let psk: Secret

    init(_ secret: RoomSecret) {
        room = secret.accessKey.room
        admission = secret.admissionKey
        door = secret.deriveKey("door")
        psk = Secret(key: secret.deriveKey("external psk"))
    }

    /// The room's external PSK as MLS names it.
    static let pskName = PreSharedKeyName.external(id: Array("chatbox/1 room".utf8))

    var preSharedKeys: PreSharedKeys {
        var keys = PreSharedKeys()
        keys.add(psk, externalID: Array("chatbox/1 room".utf8))
        return keys
    }

    /// Bytes of `mac`.
    static let macSize = 32

    /// HMAC-SHA256 under the admission key, over a statement that begins with its purpose and the
    /// room.
    func mac(_ purpose: StaticString, _ body: (inout TLSWriter) -> Void) -> [UInt8] {
        let statement = statement(purpose, body)
        return Array(HMAC<SHA256>.authenticationCode(for: statement, using: admission))
    }

    /// Checks a MAC in constant time.
    func isValid(
        _ mac: [UInt8], _ purpose: StaticString, _ body: (inout TLSWriter) -> Void
    ) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            mac, authenticating: statement(purpose, body), using: admission)
    }

    /// Seals what is said at the door, by AES-256-GCM: the nonce, and then what is sealed.
    func seal(_ bytes: [UInt8], _ purpose: StaticString) -> [UInt8] {
        guard
            let box = try? AES.GCM.seal(
                bytes, using: door, authenticating: statement(purpose) { _ in }),
            let sealed = box.combined
        else { preconditionFailure("AES-GCM seals whatever a frame holds") }
        return Array(sealed)
    }

    /// Nil for what was not sealed in this room for this purpose.
    func open(_ sealed: [UInt8], _ purpose: StaticString) -> [UInt8]? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let bytes = try? AES.GCM.open(
                box, using: door, authenticating: statement(purpose) { _ in })
        else { return nil }
        return Array(bytes)
    }

    private func statement(
        _ purpose: StaticString, _ body: (inout TLSWriter) -> Void
    ) -> [UInt8] {
        var writer = TLSWriter(capacity: 256)
        writer.writeOpaque("chatbox/1 \(purpose)".utf8)
        writer.write(room)
        body(&writer)
        return writer.bytes
    }
}
