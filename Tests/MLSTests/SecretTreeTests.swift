import Testing

@testable import MLS

@Suite("The secret tree")
struct SecretTreeTests {
    private func tree(_ leaves: Int) throws -> SecretTree {
        SecretTree(
            encryptionSecret: Secret([UInt8](repeating: 1, count: 32)),
            size: TreeSize(holding: leaves), suite: try MLS.Suite(.supported[0]))
    }

    @Test("forgets the secrets above a leaf once it was entered")
    func forgets() throws {
        var tree = try tree(4)
        _ = try tree.reveal(.application, 3, 0)
        #expect(Set(tree.nodes.keys.map(\.rawValue)) == [1, 4])
        _ = try tree.reveal(.handshake, 0, 0)
        #expect(Set(tree.nodes.keys.map(\.rawValue)) == [2, 4])
    }

    @Test("keeps a bounded number of skipped keys, the newest")
    func window() throws {
        var tree = try tree(2)
        let policy = RatchetPolicy(maximumForward: 100, maximumKept: 10)
        let use = { (tree: inout SecretTree, generation: UInt32) in
            try tree.withKey(
                .application, of: LeafIndex(1), generation: generation, policy: policy
            ) { (key: consuming MessageKey) in key.key }
        }
        _ = try use(&tree, 50)
        #expect(tree.ratchets.values.map(\.skipped.count).max() == 10)
        #expect(throws: MLSError.messageKeyUsed) { _ = try use(&tree, 39) }
        _ = try use(&tree, 40)
        #expect(throws: MLSError.messageKeyUsed) { _ = try use(&tree, 40) }
        #expect(throws: MLSError.tooFarAhead) { _ = try use(&tree, 152) }
        _ = try use(&tree, 151)
    }

    @Test("does not spend a key on a message that does not open")
    func forgery() throws {
        var tree = try tree(2)
        #expect(throws: MLSError.decryptionFailed) {
            try tree.withKey(
                .application, of: LeafIndex(0), generation: 5, policy: .standard
            ) { (_: consuming MessageKey) throws(MLSError) in throw .decryptionFailed }
        }
        #expect(tree.ratchets.values.allSatisfy { $0.generation == 0 && $0.skipped.isEmpty })
        _ = try tree.reveal(.application, 0, 5)
    }

    @Test("has no leaf outside of its tree")
    func outside() throws {
        var tree = try tree(4)
        #expect(throws: MLSError.unknownSender) { _ = try tree.reveal(.application, 4, 0) }
    }
}
