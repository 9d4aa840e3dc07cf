import Crypto
public import TLSSyntax

/// `HPKEPublicKey` of RFC 9420 section 5.1.1.
public struct HPKEPublicKey: OpaqueBytes {
    /// The bytes, without the length: `SerializePublicKey` of RFC 9180.
    public var bytes: [UInt8]
    /// The key that these bytes are; whether they are one is checked where it enters a group.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// An HPKE private key with its public key.
public struct HPKEPrivateKey: Sendable {
    private enum Key: Sendable {
        case x25519(Curve25519.KeyAgreement.PrivateKey)
        case p256(P256.KeyAgreement.PrivateKey)
        case p384(P384.KeyAgreement.PrivateKey)
        case p521(P521.KeyAgreement.PrivateKey)
        case xwing(XWingMLKEM768X25519.PrivateKey)

        /// Nil when these bytes are no key.
        init?(_ secret: Secret, _ kem: KEM) {
            let key: Key? =
                switch kem {
                case .x25519:
                    secret.withUnsafeBytes { try? .init(rawRepresentation: $0) }.map(Key.x25519)
                case .p256: (try? .init(rawRepresentation: secret.padded(to: 32))).map(Key.p256)
                case .p384: (try? .init(rawRepresentation: secret.padded(to: 48))).map(Key.p384)
                case .p521: (try? .init(rawRepresentation: secret.padded(to: 66))).map(Key.p521)
                case .xwing:
                    secret.withUnsafeBytes { try? .init(seedRepresentation: $0, publicKey: nil) }
                        .map(Key.xwing)
                }
            guard let key else { return nil }
            self = key
        }

        var publicKey: HPKEPublicKey {
            switch self {
            case .x25519(let key): .init(Array(key.publicKey.rawRepresentation))
            case .p256(let key): .init(Array(key.publicKey.x963Representation))
            case .p384(let key): .init(Array(key.publicKey.x963Representation))
            case .p521(let key): .init(Array(key.publicKey.x963Representation))
            case .xwing(let key): .init(Array(key.publicKey.rawRepresentation))
            }
        }

        /// Nil when these bytes are no public key of the same kind.
        func agree(with other: [UInt8]) -> SharedSecret? {
            do {
                switch self {
                case .x25519(let key):
                    return try key.sharedSecretFromKeyAgreement(
                        with: .init(rawRepresentation: other))
                case .p256(let key):
                    return try key.sharedSecretFromKeyAgreement(
                        with: .init(x963Representation: other))
                case .p384(let key):
                    return try key.sharedSecretFromKeyAgreement(
                        with: .init(x963Representation: other))
                case .p521(let key):
                    return try key.sharedSecretFromKeyAgreement(
                        with: .init(x963Representation: other))
                case .xwing: return nil
                }
            } catch {
                return nil
            }
        }
    }

    private let key: Key
    /// The public key.
    public let publicKey: HPKEPublicKey

    /// A key kept from before, in the form of `SerializePrivateKey` of RFC 9180; scalars that lost
    /// leading zeros are padded.
    ///
    /// - Throws: `MLSError.invalidPrivateKey`.
    public init(
        rawRepresentation secret: Secret, for suite: CipherSuite
    ) throws(MLSError) {
        self = try HPKEPrivateKey(secret, Suite(suite).kem)
    }

    init(_ secret: Secret, _ kem: KEM) throws(MLSError) {
        guard let key = Key(secret, kem) else { throw .invalidPrivateKey }
        self.key = key
        publicKey = key.publicKey
    }

    /// The form that `init(rawRepresentation:for:)` takes.
    var rawRepresentation: Secret {
        switch key {
        case .x25519(let key): Secret(Array(key.rawRepresentation))
        case .p256(let key): Secret(Array(key.rawRepresentation))
        case .p384(let key): Secret(Array(key.rawRepresentation))
        case .p521(let key): Secret(Array(key.rawRepresentation))
        case .xwing(let key): Secret(Array(key.seedRepresentation))
        }
    }

    /// The Diffie-Hellman step of DHKEM.
    ///
    /// RFC 9180 section 7.1.4: "For X25519 and X448, … senders and recipients MUST check whether
    /// the shared secret is the all-zero value and abort if so". swift-crypto does not.
    func agree(with other: [UInt8]) throws(MLSError) -> Secret {
        guard let shared = key.agree(with: other) else { throw .invalidPublicKey }
        let secret = Secret(key: shared.withUnsafeBytes { SymmetricKey(data: $0) })
        guard secret.withUnsafeBytes({ $0.contains { $0 != 0 } }) else { throw .invalidPublicKey }
        return secret
    }

    func decapsulateXWing(_ kemOutput: [UInt8]) throws(MLSError) -> Secret {
        guard case .xwing(let key) = key, let shared = try? key.decapsulate(collect(kemOutput))
        else {
            throw .invalidPublicKey
        }
        return Secret(key: shared)
    }
}

/// Bytes as whatever byte string an API of swift-crypto takes, without naming Foundation's.
private func collect<Bytes: RangeReplaceableCollection<UInt8>>(_ bytes: [UInt8]) -> Bytes {
    Bytes(bytes)
}

extension HPKEPrivateKey: Redacted {
    /// Names the type, and nothing else.
    public var description: String { "HPKEPrivateKey" }
}

extension KEM {
    /// Checks that bytes from a stranger are a public key: of the right size, on the curve, and for
    /// X25519 not of low order, since nobody could ever encrypt to such a key.
    func validate(_ key: HPKEPublicKey) throws(MLSError) {
        let isKey =
            switch self {
            case .x25519:
                (try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: key.bytes)) != nil
                    && !Self.isLowOrder(key.bytes)
            case .p256: (try? P256.KeyAgreement.PublicKey(x963Representation: key.bytes)) != nil
            case .p384: (try? P384.KeyAgreement.PublicKey(x963Representation: key.bytes)) != nil
            case .p521: (try? P521.KeyAgreement.PublicKey(x963Representation: key.bytes)) != nil
            case .xwing: (try? XWingMLKEM768X25519.PublicKey(rawRepresentation: key.bytes)) != nil
            }
        guard isKey else { throw .invalidPublicKey }
    }

    /// The seven encodings, top bit aside, whose product with any clamped scalar is zero: a table
    /// look-up where the agreement that would show it costs as much as a message. `agree` remains
    /// the check that counts.
    private static func isLowOrder(_ bytes: [UInt8]) -> Bool {
        var masked = bytes
        masked[31] &= 0x7f
        return lowOrder.contains(masked)
    }

    static let lowOrder: Set<[UInt8]> = {
        let middle = [UInt8](repeating: 0xff, count: 30)
        var points: Set<[UInt8]> = [
            // Order 8.
            [
                0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
                0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
                0x5f, 0x49, 0xb8, 0x00,
            ],
            [
                0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
                0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
                0xd0, 0x9f, 0x11, 0x57,
            ],
        ]
        // 0 and 1, then p - 1, p and p + 1.
        for low: UInt8 in [0, 1] { points.insert([low] + [UInt8](repeating: 0, count: 31)) }
        for low: UInt8 in [0xec, 0xed, 0xee] { points.insert([low] + middle + [0x7f]) }
        return points
    }()
}
