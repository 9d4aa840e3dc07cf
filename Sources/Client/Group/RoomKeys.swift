import Crypto
import MLS
import TLSSyntax
import Wire

/// What a room's secret gives to those who have its link, besides the way to the server.
struct RoomKeys: Sendable {
    let room: RoomID
    /// Under which newcomers knock and doorkeepers answer.
    private let admission: SymmetricKey
    /// Part of every epoch into which newcomers come: a server without the link can neither join nor
    /// invent a joiner.
    private let psk: Secret

    init(_ secret: RoomSecret) {
        room = secret.accessKey.room
        admission = secret.admissionKey
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
