package import Crypto

/// Who a person is: an Ed25519 key that stays the same from room to room.
package struct Identity: Sendable {
    package let key: Curve25519.Signing.PrivateKey

    package init(key: Curve25519.Signing.PrivateKey = .init()) { self.key = key }
}
