import Crypto
import Wire

/// What the two ends of one stream share, and nobody else: not the server, and not the other
/// members, who hear every word of theirs.
///
/// The offer names an X25519 key of the file's, the take one of the stream's. Both the key under
/// which the stream is sealed and the token by which the server joins its ends come out of the
/// agreement, so that another member can neither read what was meant for one, nor stand between the
/// two, nor be quicker at the server. The offer's own key goes in, too: it was said under the
/// room's encryption, which may be safe from a quantum computer where an agreement is not.
struct StreamSecret: Sendable {
    /// The file's key for this stream, 256 bits.
    let key: SymmetricKey
    let token: TransferToken

    /// Bytes of a public key.
    static let agreementSize = 32

    /// The taking side.
    ///
    /// - Throws: `CryptoKitError` for a public key on which nobody can agree.
    init(taking offer: Content.FileOffer, with own: Curve25519.KeyAgreement.PrivateKey) throws {
        let shared = try own.sharedSecretFromKeyAgreement(
            with: .init(rawRepresentation: offer.agreement))
        try self.init(offer, take: Array(own.publicKey.rawRepresentation), shared)
    }

    /// The offering side.
    ///
    /// - Throws: `CryptoKitError` for a public key on which nobody can agree.
    init(
        giving offer: Content.FileOffer, with own: Curve25519.KeyAgreement.PrivateKey,
        to take: Content.Take
    ) throws {
        let shared = try own.sharedSecretFromKeyAgreement(
            with: .init(rawRepresentation: take.agreement))
        try self.init(offer, take: take.agreement, shared)
    }

    private init(_ offer: Content.FileOffer, take: [UInt8], _ shared: SharedSecret) throws {
        // "The check for the all-zero value" of RFC 7748 section 6.1, which swift-crypto leaves to
        // its callers: with such a key, the secret would be everybody's.
        guard shared.withUnsafeBytes({ $0.contains { $0 != 0 } }) else {
            throw CryptoKitError.incorrectParameterSize
        }
        let secret = offer.key.withUnsafeBytes { Array($0) } + shared.withUnsafeBytes { Array($0) }
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret),
            info: Array("chatbox/1 stream".utf8) + offer.file.bytes + offer.agreement + take,
            outputByteCount: 48)
        let bytes = derived.withUnsafeBytes { Array($0) }
        key = SymmetricKey(data: bytes[..<32])
        token = TransferToken(number: bytes[32...].reduce(0) { $0 << 8 | UInt128($1) })
    }
}
