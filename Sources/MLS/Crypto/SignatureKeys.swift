import Crypto
public import TLSSyntax

/// The signature algorithm of a suite.
enum SignatureScheme: Sendable {
    case ed25519, p256, p384, p521

    /// False as well for a key or a signature that is not of this scheme at all.
    func isValid(
        signature: [UInt8], of message: [UInt8], by key: SignaturePublicKey
    ) -> Bool {
        do {
            switch self {
            case .ed25519:
                return try Curve25519.Signing.PublicKey(rawRepresentation: key.bytes)
                    .isValidSignature(signature, for: message)
            case .p256:
                return try P256.Signing.PublicKey(x963Representation: key.bytes)
                    .isValidSignature(.init(derRepresentation: signature), for: message)
            case .p384:
                return try P384.Signing.PublicKey(x963Representation: key.bytes)
                    .isValidSignature(.init(derRepresentation: signature), for: message)
            case .p521:
                return try P521.Signing.PublicKey(x963Representation: key.bytes)
                    .isValidSignature(.init(derRepresentation: signature), for: message)
            }
        } catch {
            return false
        }
    }
}

/// `SignaturePublicKey` of RFC 9420 section 5.1.1: 32 bytes for Ed25519, an uncompressed point for
/// ECDSA. Held as bytes; it is looked at when a signature is verified.
public struct SignaturePublicKey: OpaqueBytes {
    /// The bytes, without the length.
    public var bytes: [UInt8]
    /// The key that these bytes are.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// The private key that a member signs with.
public struct SignaturePrivateKey: Sendable {
    private enum Key: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)

        /// Nil when these bytes are no key.
        init?(_ secret: Secret, _ scheme: SignatureScheme) {
            let key: Key? =
                switch scheme {
                case .ed25519:
                    secret.withUnsafeBytes { try? .init(rawRepresentation: $0) }.map(Key.ed25519)
                case .p256: (try? .init(rawRepresentation: secret.padded(to: 32))).map(Key.p256)
                case .p384: (try? .init(rawRepresentation: secret.padded(to: 48))).map(Key.p384)
                case .p521: (try? .init(rawRepresentation: secret.padded(to: 66))).map(Key.p521)
                }
            guard let key else { return nil }
            self = key
        }

        var publicKey: SignaturePublicKey {
            switch self {
            case .ed25519(let key): .init(Array(key.publicKey.rawRepresentation))
            case .p256(let key): .init(Array(key.publicKey.x963Representation))
            case .p384(let key): .init(Array(key.publicKey.x963Representation))
            case .p521(let key): .init(Array(key.publicKey.x963Representation))
            }
        }
    }

    private let key: Key
    /// The public key that goes into leaves.
    public let publicKey: SignaturePublicKey

    /// A fresh key for a suite.
    ///
    /// - Throws: `MLSError.unsupportedCipherSuite`.
    public init(
        for suite: CipherSuite, environment: Environment
    ) throws(MLSError) {
        let scheme = try Suite(suite).signature
        let size = [SignatureScheme.ed25519: 32, .p256: 32, .p384: 48, .p521: 66][scheme] ?? 0
        // Nearly every string is a private key of the curve, save for P-521, whose first byte
        // must be 0 or 1; a handful of tries always does.
        for _ in 0..<256 {
            var bytes = environment.randomBytes(size)
            if scheme == .p521 { bytes[0] &= 1 }
            if let key = try? SignaturePrivateKey(Secret(bytes), scheme) {
                self = key
                return
            }
        }
        throw .cryptoFailure
    }

    /// A key kept from before.
    ///
    /// - Parameter rawRepresentation: the 32-byte seed of Ed25519, or the big-endian scalar of
    ///   ECDSA, shorter ones being padded with zeros in front.
    /// - Throws: `MLSError.invalidPrivateKey`.
    public init(
        rawRepresentation secret: Secret, for suite: CipherSuite
    ) throws(MLSError) {
        self = try SignaturePrivateKey(secret, Suite(suite).signature)
    }

    init(_ secret: Secret, _ scheme: SignatureScheme) throws(MLSError) {
        guard let key = Key(secret, scheme) else { throw .invalidPrivateKey }
        self.key = key
        publicKey = key.publicKey
    }

    var scheme: SignatureScheme {
        switch key {
        case .ed25519: .ed25519
        case .p256: .p256
        case .p384: .p384
        case .p521: .p521
        }
    }

    /// The form that `init(rawRepresentation:for:)` takes, to be kept in a safe place.
    public var rawRepresentation: Secret {
        switch key {
        case .ed25519(let key): Secret(Array(key.rawRepresentation))
        case .p256(let key): Secret(Array(key.rawRepresentation))
        case .p384(let key): Secret(Array(key.rawRepresentation))
        case .p521(let key): Secret(Array(key.rawRepresentation))
        }
    }

    func sign(_ message: [UInt8]) throws(MLSError) -> [UInt8] {
        do {
            switch key {
            case .ed25519(let key): return Array(try key.signature(for: message))
            case .p256(let key): return Array(try key.signature(for: message).derRepresentation)
            case .p384(let key): return Array(try key.signature(for: message).derRepresentation)
            case .p521(let key): return Array(try key.signature(for: message).derRepresentation)
            }
        } catch {
            throw .cryptoFailure
        }
    }
}

extension SignaturePrivateKey: Redacted {
    /// Names the kind of key, and nothing else.
    public var description: String { "SignaturePrivateKey(\(scheme))" }
}

extension Secret {
    /// The bytes with zeros in front: swift-crypto wants scalars in full length, and many encoders
    /// drop their leading zeros.
    func padded(to size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: max(0, size - count)) + exposed
    }
}
