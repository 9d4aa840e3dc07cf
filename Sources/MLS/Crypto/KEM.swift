import Crypto
import TLSSyntax

/// The key encapsulation mechanism of a suite (RFC 9180 section 4 and 7.1; X-Wing of
/// draft-ietf-hpke-pq), built on swift-crypto's key agreement so that DeriveKeyPair, injected
/// randomness and the refusal of a zero shared secret are ours.
enum KEM: Sendable {
    case x25519, p256, p384, p521, xwing

    /// The number of the HPKE registry.
    var id: UInt16 {
        switch self {
        case .p256: 0x0010
        case .p384: 0x0011
        case .p521: 0x0012
        case .x25519: 0x0020
        case .xwing: 0x647a
        }
    }

    /// The hash inside the KEM; X-Wing has none that we would call.
    private var hash: HashAlgorithm {
        switch self {
        case .x25519, .p256, .xwing: .sha256
        case .p384: .sha384
        case .p521: .sha512
        }
    }

    /// Bytes of a private key, `Nsk`.
    var privateKeySize: Int {
        switch self {
        case .x25519, .p256, .xwing: 32
        case .p384: 48
        case .p521: 66
        }
    }

    /// `GenerateKeyPair`: DeriveKeyPair of fresh random bytes.
    func generateKeyPair(_ environment: Environment) throws(MLSError) -> HPKEPrivateKey {
        switch self {
        // Any 32 bytes are a private key of these two as they are.
        case .x25519, .xwing: try HPKEPrivateKey(environment.secret(32), self)
        default: try deriveKeyPair(environment.secret(privateKeySize))
        }
    }

    /// `DeriveKeyPair(ikm)` (RFC 9180 section 7.1.3).
    func deriveKeyPair(_ ikm: Secret) throws(MLSError) -> HPKEPrivateKey {
        if self == .xwing { return try deriveXWingKeyPair(ikm) }
        let prk = labeledExtract("dkp_prk", ikm)
        if self == .x25519 {
            return try HPKEPrivateKey(labeledExpand(prk, "sk", [], 32), self)
        }
        for counter: UInt8 in 0...255 {
            let candidate = labeledExpand(prk, "candidate", [counter], privateKeySize)
            var bytes = candidate.exposed
            if self == .p521 { bytes[0] &= 0x01 }
            let key = try? HPKEPrivateKey(Secret(bytes), self)
            bytes.wipe()
            if let key { return key }
        }
        throw .cryptoFailure
    }

    /// SHAKE256 over ikm, the version, the suite, the label and the length, as the draft's
    /// vectors have it.
    private func deriveXWingKeyPair(_ ikm: Secret) throws(MLSError) -> HPKEPrivateKey {
        var input = TLSWriter()
        input.writeFixed(ikm.exposed)
        input.writeFixed("HPKE-v1".utf8)
        input.writeFixed(suiteID)
        input.write(UInt16(13))
        input.writeFixed("DeriveKeyPair".utf8)
        input.write(UInt16(32))
        return try HPKEPrivateKey(Secret(SHAKE256.hash(input.bytes, count: 32)), self)
    }

    /// `Encap(pkR)`: a shared secret and what the recipient needs to have it too.
    func encapsulate(
        to key: HPKEPublicKey, _ environment: Environment
    ) throws(MLSError) -> (shared: Secret, kemOutput: [UInt8]) {
        if self == .xwing {
            do {
                let result = try XWingMLKEM768X25519.PublicKey(rawRepresentation: key.bytes)
                    .encapsulate()
                return (Secret(key: result.sharedSecret), Array(result.encapsulated))
            } catch {
                throw .invalidPublicKey
            }
        }
        let ephemeral = try generateKeyPair(environment)
        let agreed = try ephemeral.agree(with: key.bytes)
        let kemOutput = ephemeral.publicKey.bytes
        return (extractAndExpand(agreed, kemOutput + key.bytes), kemOutput)
    }

    /// `Decap(enc, skR)`.
    func decapsulate(
        _ kemOutput: [UInt8], with key: HPKEPrivateKey
    ) throws(MLSError) -> Secret {
        if self == .xwing { return try key.decapsulateXWing(kemOutput) }
        let agreed = try key.agree(with: kemOutput)
        return extractAndExpand(agreed, kemOutput + key.publicKey.bytes)
    }

    // MARK: RFC 9180 section 4.1

    private var suiteID: [UInt8] { Array("KEM".utf8) + id.tlsEncoded }

    private func extractAndExpand(_ agreed: Secret, _ context: [UInt8]) -> Secret {
        let prk = labeledExtract("eae_prk", agreed)
        return labeledExpand(prk, "shared_secret", context, hash.size)
    }

    private func labeledExtract(_ label: String, _ ikm: Secret) -> Secret {
        hash.extract(
            salt: Secret([]), prefix: Array("HPKE-v1".utf8) + suiteID + Array(label.utf8), ikm)
    }

    private func labeledExpand(
        _ prk: Secret, _ label: String, _ info: [UInt8], _ length: Int
    ) -> Secret {
        let head = UInt16(length).tlsEncoded + Array("HPKE-v1".utf8) + suiteID
        return hash.expand(prk, info: head + Array(label.utf8) + info, length: length)
    }
}
