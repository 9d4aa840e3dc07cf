package import Crypto

/// Who a person is: an Ed25519 key that stays the same from room to room.
package struct Identity: Sendable {
    package let key: Curve25519.Signing.PrivateKey

    package init(key: Curve25519.Signing.PrivateKey = .init()) { self.key = key }

    /// What others know this person by; 32 bytes.
    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// Eight hexadecimal digits of the hash of the public key.
    package var keyTag: String { KeyTag.text(ofPublicKey: publicKey) }

    /// A signature over `message`; 64 bytes.
    package func sign(_ message: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: message))
    }
}

/// Tells people of one name apart.
enum KeyTag {
    static func text(ofPublicKey key: [UInt8]) -> String {
        SHA256.hash(data: key).prefix(4).hexadecimal
    }
}

extension Sequence<UInt8> {
    /// Two lower-case digits a byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
