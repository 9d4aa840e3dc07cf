import Crypto

/// The AEAD of a suite. Ciphertexts carry their 16-byte tag at the end (RFC 5116).
enum AEAD: Sendable {
    case aes128GCM, aes256GCM, chaCha20Poly1305

    static let tagSize = 16
    /// `AEAD.Nn`.
    static let nonceSize = 12

    /// `AEAD.Nk`.
    var keySize: Int { self == .aes128GCM ? 16 : 32 }

    /// The number of the HPKE registry (RFC 9180 section 7.3).
    var hpkeID: UInt16 {
        switch self {
        case .aes128GCM: 1
        case .aes256GCM: 2
        case .chaCha20Poly1305: 3
        }
    }

    func seal(
        _ plaintext: [UInt8], key: Secret, nonce: [UInt8], authenticating aad: [UInt8]
    ) throws(MLSError) -> [UInt8] {
        do {
            if self == .chaCha20Poly1305 {
                let box = try ChaChaPoly.seal(
                    plaintext, using: key.key, nonce: ChaChaPoly.Nonce(data: nonce),
                    authenticating: aad)
                return Array(box.ciphertext) + box.tag
            }
            let box = try AES.GCM.seal(
                plaintext, using: key.key, nonce: AES.GCM.Nonce(data: nonce), authenticating: aad)
            return Array(box.ciphertext) + box.tag
        } catch {
            throw .cryptoFailure
        }
    }

    func open(
        _ sealed: [UInt8], key: Secret, nonce: [UInt8], authenticating aad: [UInt8]
    ) throws(MLSError) -> [UInt8] {
        guard sealed.count >= Self.tagSize else { throw .decryptionFailed }
        let ciphertext = sealed.dropLast(Self.tagSize)
        let tag = sealed.suffix(Self.tagSize)
        do {
            if self == .chaCha20Poly1305 {
                let box = try ChaChaPoly.SealedBox(
                    nonce: ChaChaPoly.Nonce(data: nonce), ciphertext: ciphertext, tag: tag)
                return Array(try ChaChaPoly.open(box, using: key.key, authenticating: aad))
            }
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: nonce), ciphertext: ciphertext, tag: tag)
            return Array(try AES.GCM.open(box, using: key.key, authenticating: aad))
        } catch {
            throw .decryptionFailed
        }
    }
}
