import TLSSyntax
import Testing

@testable import MLS

@Suite("Vectors: cryptography and arithmetic", .enabled(if: VectorFile.isPresent))
struct CryptoVectorTests {
    struct CryptoBasics: Decodable {
        struct RefHash: Decodable { let label: String, value: Hex, out: Hex }
        struct Expand: Decodable {
            let secret: Hex, label: String, context: Hex, length: Int, out: Hex
        }
        struct Derive: Decodable { let secret: Hex, label: String, out: Hex }
        struct DeriveTree: Decodable {
            let secret: Hex, label: String, generation: UInt32, length: Int, out: Hex
        }
        struct Sign: Decodable {
            let priv: Hex, pub: Hex, content: Hex, label: String, signature: Hex
        }
        struct Encrypt: Decodable {
            let priv: Hex, pub: Hex, label: String, context: Hex, plaintext: Hex
            let kemOutput: Hex, ciphertext: Hex
        }
        let cipherSuite: UInt16
        let refHash: RefHash, expandWithLabel: Expand, deriveSecret: Derive
        let deriveTreeSecret: DeriveTree, signWithLabel: Sign, encryptWithLabel: Encrypt
    }

    @Test func `crypto-basics`() throws {
        var tally = Tally("crypto-basics")
        for vector in try VectorFile.load("crypto-basics", as: CryptoBasics.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            let ref = vector.refHash
            #expect(suite.refHash(ref.label, ref.value.bytes) == ref.out.bytes)
            let expand = vector.expandWithLabel
            #expect(
                suite.expandWithLabel(
                    expand.secret.secret, expand.label, context: expand.context.bytes,
                    length: expand.length) == expand.out.secret)
            let derive = vector.deriveSecret
            #expect(suite.deriveSecret(derive.secret.secret, derive.label) == derive.out.secret)
            let tree = vector.deriveTreeSecret
            #expect(
                suite.deriveTreeSecret(
                    tree.secret.secret, tree.label, generation: tree.generation,
                    length: tree.length) == tree.out.secret)
            try check(vector.signWithLabel, suite)
            try check(vector.encryptWithLabel, suite)
        }
        tally.report(expecting: 5)
    }

    private func check(_ sign: CryptoBasics.Sign, _ suite: Suite) throws {
        let key = SignaturePublicKey(sign.pub.bytes)
        let content = sign.content.bytes
        #expect(
            suite.verifyWithLabel(key, sign.label, content, signature: sign.signature.bytes))
        let own = try SignaturePrivateKey(rawRepresentation: sign.priv.secret, for: suite.id)
        #expect(own.publicKey == key)
        let signature = try suite.signWithLabel(own, sign.label, content)
        #expect(suite.verifyWithLabel(key, sign.label, content, signature: signature))
        #expect(!suite.verifyWithLabel(key, sign.label + "x", content, signature: signature))
    }

    private func check(_ encrypt: CryptoBasics.Encrypt, _ suite: Suite) throws {
        let key = try HPKEPrivateKey(rawRepresentation: encrypt.priv.secret, for: suite.id)
        #expect(key.publicKey.bytes == encrypt.pub.bytes)
        let given = HPKECiphertext(
            kemOutput: encrypt.kemOutput.bytes, ciphertext: encrypt.ciphertext.bytes)
        let context = encrypt.context.bytes
        let opened = try suite.decryptWithLabel(key, encrypt.label, context: context, given)
        #expect(opened == encrypt.plaintext.bytes)
        let sealed = try suite.encryptWithLabel(
            key.publicKey, suite.encryptionInfo(encrypt.label, context: context), opened, .test())
        #expect(
            try suite.decryptWithLabel(key, encrypt.label, context: context, sealed) == opened)
    }

    struct TreeMath: Decodable {
        let nLeaves: Int, nNodes: Int, root: Int
        let left: [Int?], right: [Int?], parent: [Int?], sibling: [Int?]
    }

    @Test func `tree-math`() throws {
        var tally = Tally("tree-math")
        for vector in try VectorFile.load("tree-math", as: TreeMath.self) {
            let size = TreeSize(holding: vector.nLeaves)
            #expect(size.nodeCount == vector.nNodes)
            #expect(size.root.rawValue == vector.root)
            let nodes = (0..<size.nodeCount).map(NodeIndex.init)
            #expect(nodes.map { $0.left?.rawValue } == vector.left)
            #expect(nodes.map { $0.right?.rawValue } == vector.right)
            #expect(nodes.map { size.parent(of: $0)?.rawValue } == vector.parent)
            #expect(nodes.map { size.sibling(of: $0)?.rawValue } == vector.sibling)
            tally.count()
        }
        tally.report(expecting: 10)
    }
}
