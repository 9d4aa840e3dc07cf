import Crypto
import Foundation
import TLSSyntax
import Testing

@testable import MLS

@Suite("Cryptography")
struct CryptoTests {
    @Test("X25519 keys of low order are refused, at the door and at the agreement")
    func lowOrder() throws {
        let key = try MLS.KEM.x25519.generateKeyPair(.test())
        #expect(MLS.KEM.lowOrder.count == 7)
        for point in MLS.KEM.lowOrder {
            for top: UInt8 in [0, 0x80] {
                var bytes = point
                bytes[31] |= top
                #expect(throws: MLSError.invalidPublicKey) {
                    try MLS.KEM.x25519.validate(HPKEPublicKey(bytes))
                }
                #expect(throws: MLSError.invalidPublicKey) { try key.agree(with: bytes) }
                #expect(throws: MLSError.invalidPublicKey) {
                    try MLS.KEM.x25519.encapsulate(to: HPKEPublicKey(bytes), .test())
                }
            }
        }
    }

    @Test(
        "public keys of a wrong size or off the curve are refused",
        arguments: [
            MLS.KEM.x25519, .p256, .p384, .p521, .xwing,
        ])
    func invalidKeys(_ kem: MLS.KEM) throws {
        let key = try kem.generateKeyPair(.test()).publicKey
        try kem.validate(key)
        #expect(throws: MLSError.invalidPublicKey) {
            try kem.validate(HPKEPublicKey(key.bytes.dropLast()))
        }
        #expect(throws: MLSError.invalidPublicKey) { try kem.validate(HPKEPublicKey([])) }
        guard kem != .x25519, kem != .xwing else { return }
        var bytes = key.bytes
        bytes[bytes.count - 1] ^= 1
        #expect(throws: MLSError.invalidPublicKey) { try kem.validate(HPKEPublicKey(bytes)) }
    }

    @Test(
        "our HPKE and swift-crypto's open each other's messages", arguments: CipherSuite.supported)
    func interoperates(_ id: CipherSuite) throws {
        let suite = try MLS.Suite(id)
        let key = try suite.kem.generateKeyPair(.test())
        let info: [UInt8] = [1, 2, 3]
        let theirs = try TheirHPKE(suite, key)
        let (kemOutput, ciphertext, exported) = try theirs.seal([4, 5], info: info)
        var recipient = try suite.setupBaseR(kemOutput, key, info: HPKEInfo(suite, info))
        #expect(recipient.export("context", length: 32) == exported)
        #expect(try recipient.open(ciphertext) == [4, 5])
        var (sender, output) = try suite.setupBaseS(
            key.publicKey, info: HPKEInfo(suite, info), .test(seed: 3))
        let sealed = try sender.seal([6])
        #expect(try theirs.open(output, sealed, info: info) == [6])
        #expect(throws: MLSError.cryptoFailure) { _ = try sender.seal([7]) }
    }

    @Test("HKDF-Expand is swift-crypto's, at any length")
    func expand() {
        let secret = Secret([UInt8](repeating: 3, count: 32))
        for length in [1, 31, 32, 33, 64, 1000] {
            let theirs = HKDF<SHA256>.expand(
                pseudoRandomKey: secret.key, info: [9], outputByteCount: length)
            #expect(HashAlgorithm.sha256.expand(secret, info: [9], length: length).key == theirs)
        }
    }

    @Test("SHAKE256 gives the values of FIPS 202")
    func shake() {
        let empty = SHAKE256.hash([], count: 32)
        #expect(empty.prefix(4) == [0x46, 0xb9, 0xdd, 0x2b])
        // 200 bytes of 0xa3: the message of the NIST example, longer than one block.
        let long = SHAKE256.hash([UInt8](repeating: 0xa3, count: 200), count: 512)
        #expect(long.prefix(4) == [0xcd, 0x8a, 0x92, 0x0e])
        #expect(long.suffix(4) == [0x97, 0xa0, 0xbe, 0xeb])
    }

    @Test("secrets and private keys do not print")
    func redacted() throws {
        let secret = Secret([0xAB, 0xCD])
        var text = ""
        dump(secret, to: &text)
        text += "\(secret) \(String(reflecting: secret))"
        let key = try SignaturePrivateKey(for: .supported[0], environment: .test())
        dump(key, to: &text)
        text += "\(key)"
        let pair = try MLS.KEM.x25519.generateKeyPair(.test())
        dump(pair, to: &text)
        #expect(!text.contains("171") && !text.lowercased().contains("ab, cd"))
        #expect("\(secret)" == "Secret(2 bytes)")
    }

    @Test("a signature key of another scheme is refused")
    func otherScheme() throws {
        let world = TestWorld()
        let party = try Party("p", suite: .p256AES128GCMSHA256P256, world: world)
        #expect(throws: MLSError.signatureKeyOfOtherScheme) {
            _ = try Group.create(
                suite: .x25519AES128GCMSHA256Ed25519, identity: party.identity,
                environment: world.environment)
        }
    }
}

/// swift-crypto's HPKE, for comparison.
private struct TheirHPKE {
    let suite: MLS.Suite
    let key: HPKEPrivateKey
    let parameters: HPKE.Ciphersuite

    init(_ suite: MLS.Suite, _ key: HPKEPrivateKey) throws {
        self.suite = suite
        self.key = key
        let kems: [MLS.KEM: HPKE.KEM] = [
            .x25519: .Curve25519_HKDF_SHA256, .p256: .P256_HKDF_SHA256,
            .p384: .P384_HKDF_SHA384, .p521: .P521_HKDF_SHA512, .xwing: .XWingMLKEM768X25519,
        ]
        let kdfs: [HashAlgorithm: HPKE.KDF] = [
            .sha256: .HKDF_SHA256, .sha384: .HKDF_SHA384, .sha512: .HKDF_SHA512,
        ]
        let aeads: [AEAD: HPKE.AEAD] = [
            .aes128GCM: .AES_GCM_128, .aes256GCM: .AES_GCM_256, .chaCha20Poly1305: .chaChaPoly,
        ]
        parameters = HPKE.Ciphersuite(
            kem: try #require(kems[suite.kem]), kdf: try #require(kdfs[suite.hash]),
            aead: try #require(aeads[suite.aead]))
    }

    private func sender(_ info: Data) throws -> HPKE.Sender {
        let bytes = key.publicKey.bytes
        switch suite.kem {
        case .x25519:
            return try .init(
                recipientKey: Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes),
                ciphersuite: parameters, info: info)
        case .p256:
            return try .init(
                recipientKey: P256.KeyAgreement.PublicKey(x963Representation: bytes),
                ciphersuite: parameters, info: info)
        case .p384:
            return try .init(
                recipientKey: P384.KeyAgreement.PublicKey(x963Representation: bytes),
                ciphersuite: parameters, info: info)
        case .p521:
            return try .init(
                recipientKey: P521.KeyAgreement.PublicKey(x963Representation: bytes),
                ciphersuite: parameters, info: info)
        case .xwing:
            return try .init(
                recipientKey: XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes),
                ciphersuite: parameters, info: info)
        }
    }

    private func recipient(_ info: Data, _ output: Data) throws -> HPKE.Recipient {
        let bytes = key.rawRepresentation.exposed
        switch suite.kem {
        case .x25519:
            return try .init(
                privateKey: Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes),
                ciphersuite: parameters, info: info, encapsulatedKey: output)
        case .p256:
            return try .init(
                privateKey: P256.KeyAgreement.PrivateKey(rawRepresentation: bytes),
                ciphersuite: parameters, info: info, encapsulatedKey: output)
        case .p384:
            return try .init(
                privateKey: P384.KeyAgreement.PrivateKey(rawRepresentation: bytes),
                ciphersuite: parameters, info: info, encapsulatedKey: output)
        case .p521:
            return try .init(
                privateKey: P521.KeyAgreement.PrivateKey(rawRepresentation: bytes),
                ciphersuite: parameters, info: info, encapsulatedKey: output)
        case .xwing:
            return try .init(
                privateKey: XWingMLKEM768X25519.PrivateKey(
                    seedRepresentation: bytes, publicKey: nil),
                ciphersuite: parameters, info: info, encapsulatedKey: output)
        }
    }

    func seal(
        _ plaintext: [UInt8], info: [UInt8]
    ) throws -> (kemOutput: [UInt8], ciphertext: [UInt8], exported: Secret) {
        var sender = try sender(Data(info))
        let exported = try sender.exportSecret(
            context: Array("context".utf8), outputByteCount: 32)
        return (
            Array(sender.encapsulatedKey), Array(try sender.seal(plaintext)),
            Secret(key: exported)
        )
    }

    func open(_ output: [UInt8], _ sealed: [UInt8], info: [UInt8]) throws -> [UInt8] {
        var recipient = try recipient(Data(info), Data(output))
        return Array(try recipient.open(sealed))
    }
}
