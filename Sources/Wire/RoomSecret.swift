package import Crypto
import TLSSyntax

/// The 16 bytes that a link carries: whoever has them can come into the room.
package struct RoomSecret: Sendable {
    /// Bytes of a room secret: 128 bits, drawn at random.
    package static let size = 16
    private let key: SymmetricKey

    /// A fresh secret from the system's generator.
    package init() {
        key = SymmetricKey(size: .bits128)
    }

    /// The secret of a link.
    ///
    /// - Precondition: 16 bytes.
    package init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == Self.size)
        key = SymmetricKey(data: Array(bytes))
    }

    /// The bytes, for a link, for members when the room moves, and for nothing else.
    package var bytes: [UInt8] { key.withUnsafeBytes { Array($0) } }

    /// A 256-bit key for one purpose.
    ///
    /// - Parameter label: the purpose; two labels give keys that say nothing of each other.
    package func deriveKey(_ label: StaticString) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Array("chatbox/1 \(label)".utf8), outputByteCount: 32)
    }

    /// The key pair that proves to a server that one may come into the room.
    package var accessKey: AccessKey {
        AccessKey(seed: deriveKey("access"))
    }

    /// The key under which a newcomer's knock is made.
    package var admissionKey: SymmetricKey {
        deriveKey("admission")
    }
}

extension RoomSecret: Equatable {
    /// Compares in constant time.
    package static func == (left: Self, right: Self) -> Bool { left.key == right.key }
}

extension RoomSecret: Redacted {
    package var description: String { "RoomSecret(redacted)" }
}
