/// `CipherSuite` of RFC 9420 section 5.1: which algorithms a group uses.
///
/// Any number can be carried (others list suites that we lack); a group can be had with the
/// `supported` ones.
public struct CipherSuite: CodePoint {
    /// The number of the registry.
    public let rawValue: UInt16
    /// The suite of a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// 1, `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519`: mandatory to implement.
    public static let x25519AES128GCMSHA256Ed25519 = Self(rawValue: 1)
    /// 2, `MLS_128_DHKEMP256_AES128GCM_SHA256_P256`.
    public static let p256AES128GCMSHA256P256 = Self(rawValue: 2)
    /// 3, `MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519`.
    public static let x25519ChaCha20Poly1305SHA256Ed25519 = Self(rawValue: 3)
    /// 4, `MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448`: refused, swift-crypto has no X448 or Ed448.
    public static let x448AES256GCMSHA512Ed448 = Self(rawValue: 4)
    /// 5, `MLS_256_DHKEMP521_AES256GCM_SHA512_P521`.
    public static let p521AES256GCMSHA512P521 = Self(rawValue: 5)
    /// 6, `MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448`: refused as 4 is.
    public static let x448ChaCha20Poly1305SHA512Ed448 = Self(rawValue: 6)
    /// 7, `MLS_256_DHKEMP384_AES256GCM_SHA384_P384`.
    public static let p384AES256GCMSHA384P384 = Self(rawValue: 7)
    /// 0xF002, `MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519` of
    /// draft-ietf-mls-pq-ciphersuites.
    ///
    /// No number is assigned yet, so this is one of the private-use range and will change; do not
    /// expect other implementations to know it. Confidentiality is post-quantum hybrid,
    /// authenticity is not.
    public static let mlkem768X25519AES256GCMSHA384Ed25519 = Self(rawValue: 0xF002)

    /// The suites that a group can be had with.
    public static let supported: [CipherSuite] = [
        .x25519AES128GCMSHA256Ed25519, .p256AES128GCMSHA256P256,
        .x25519ChaCha20Poly1305SHA256Ed25519, .p521AES256GCMSHA512P521, .p384AES256GCMSHA384P384,
        .mlkem768X25519AES256GCMSHA384Ed25519,
    ]
}

/// The algorithms of a suite that we have, as one value.
struct Suite: Sendable, Equatable {
    let id: CipherSuite
    let kem: KEM
    let hash: HashAlgorithm
    let aead: AEAD
    let signature: SignatureScheme

    /// Throws `MLSError.unsupportedCipherSuite` for every other suite, 4 and 6 among them.
    init(_ id: CipherSuite) throws(MLSError) {
        let parts: (KEM, HashAlgorithm, AEAD, SignatureScheme)
        switch id {
        case .x25519AES128GCMSHA256Ed25519: parts = (.x25519, .sha256, .aes128GCM, .ed25519)
        case .p256AES128GCMSHA256P256: parts = (.p256, .sha256, .aes128GCM, .p256)
        case .x25519ChaCha20Poly1305SHA256Ed25519:
            parts = (.x25519, .sha256, .chaCha20Poly1305, .ed25519)
        case .p521AES256GCMSHA512P521: parts = (.p521, .sha512, .aes256GCM, .p521)
        case .p384AES256GCMSHA384P384: parts = (.p384, .sha384, .aes256GCM, .p384)
        case .mlkem768X25519AES256GCMSHA384Ed25519:
            parts = (.xwing, .sha384, .aes256GCM, .ed25519)
        default: throw .unsupportedCipherSuite(id)
        }
        self.id = id
        (kem, hash, aead, signature) = parts
    }
}
