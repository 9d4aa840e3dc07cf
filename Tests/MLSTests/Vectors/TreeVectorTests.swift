import TLSSyntax
import Testing

@testable import MLS

@Suite("Vectors: trees", .enabled(if: VectorFile.isPresent))
struct TreeVectorTests {
    struct Operation: Decodable {
        let cipherSuite: UInt16, treeBefore: Hex, proposal: Hex, proposalSender: UInt32
        let treeHashBefore: Hex, treeAfter: Hex, treeHashAfter: Hex
    }

    @Test func `tree-operations`() throws {
        var tally = Tally("tree-operations")
        for vector in try VectorFile.load("tree-operations", as: Operation.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            var tree = try RatchetTree(tlsEncoded: vector.treeBefore.bytes)
            #expect(tree.tlsEncoded == vector.treeBefore.bytes)
            #expect(tree.rootHash(suite) == vector.treeHashBefore.bytes)
            switch try Proposal(tlsEncoded: vector.proposal.bytes) {
            case .add(let package): _ = tree.add(package.leafNode)
            case .update(let leaf): tree.update(leaf, at: LeafIndex(vector.proposalSender))
            case .remove(let leaf): tree.remove([leaf])
            default: Issue.record("a proposal that changes no leaf")
            }
            #expect(tree.tlsEncoded == vector.treeAfter.bytes)
            #expect(tree.rootHash(suite) == vector.treeHashAfter.bytes)
        }
        tally.report(expecting: 5)
    }

    struct Validation: Decodable {
        let cipherSuite: UInt16, tree: Hex, groupId: Hex, resolutions: [[Int]], treeHashes: [Hex]
    }

    @Test func `tree-validation`() throws {
        var tally = Tally("tree-validation")
        for vector in try VectorFile.load("tree-validation", as: Validation.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            var tree = try RatchetTree(tlsEncoded: vector.tree.bytes)
            #expect(tree.tlsEncoded == vector.tree.bytes)
            let root = tree.rootHash(suite)
            #expect(tree.hashes == vector.treeHashes.map(\.bytes))
            let nodes = (0..<tree.size.nodeCount).map(NodeIndex.init)
            #expect(nodes.map { tree.resolution($0).map(\.rawValue) } == vector.resolutions)
            try tree.validate(
                treeHash: root, groupID: vector.groupId.bytes, groupExtensions: [], suite: suite,
                lifetimes: .any)
        }
        tally.report(expecting: 70)
    }

    struct TreeKEM: Decodable {
        struct PathSecret: Decodable { let node: Int, pathSecret: Hex }
        struct PrivateLeaf: Decodable {
            let index: UInt32, encryptionPriv: Hex, signaturePriv: Hex, pathSecrets: [PathSecret]
        }
        struct Path: Decodable {
            let sender: UInt32, updatePath: Hex, pathSecrets: [Hex?], commitSecret: Hex
            let treeHashAfter: Hex
        }
        let cipherSuite: UInt16, groupId: Hex, epoch: UInt64, confirmedTranscriptHash: Hex
        let ratchetTree: Hex, leavesPrivate: [PrivateLeaf], updatePaths: [Path]
    }

    @Test func treekem() throws {
        var tally = Tally("treekem")
        for vector in try VectorFile.load("treekem", as: TreeKEM.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            var tree = try RatchetTree(tlsEncoded: vector.ratchetTree.bytes)
            _ = tree.rootHash(suite)
            let members = try vector.leavesPrivate.map { try keys($0, tree, suite) }
            for path in vector.updatePaths {
                try receive(path, vector, tree, members, suite)
                // P-521 without optimization takes seconds per path: one of our own is enough.
                if suite.kem == .p521, path.sender > 0 { continue }
                try send(from: path.sender, vector, tree, members, suite)
            }
        }
        tally.report(expecting: 55)
    }

    private func keys(
        _ leaf: TreeKEM.PrivateLeaf, _ tree: RatchetTree, _ suite: Suite
    ) throws -> TreePrivateKeys {
        var keys = TreePrivateKeys(
            leafIndex: LeafIndex(leaf.index),
            leaf: try HPKEPrivateKey(rawRepresentation: leaf.encryptionPriv.secret, for: suite.id))
        #expect(keys.leaf.publicKey == tree[keys.leafIndex]?.encryptionKey)
        for secret in leaf.pathSecrets {
            // `implant` checks that the key is the node's, and that the node is not blank.
            _ = try keys.implant(
                secret.pathSecret.secret, on: [NodeIndex(secret.node)], of: tree, suite)
        }
        return keys
    }

    private func context(_ vector: TreeKEM, _ hash: [UInt8], _ suite: Suite) -> [UInt8] {
        GroupContext(
            cipherSuite: suite.id, groupID: vector.groupId.bytes, epoch: vector.epoch,
            treeHash: hash, confirmedTranscriptHash: vector.confirmedTranscriptHash.bytes,
            extensions: []
        ).tlsEncoded
    }

    private func receive(
        _ vector: TreeKEM.Path, _ group: TreeKEM, _ before: RatchetTree,
        _ members: [TreePrivateKeys], _ suite: Suite
    ) throws {
        let path = try UpdatePath(tlsEncoded: vector.updatePath.bytes)
        let sender = LeafIndex(vector.sender)
        var tree = before
        let steps = try tree.merge(path, from: sender, excluding: [], suite: suite)
        let hash = tree.rootHash(suite)
        #expect(hash == vector.treeHashAfter.bytes)
        for var keys in members where keys.leafIndex != sender {
            let commitSecret = try tree.decryptPath(
                path, steps: steps, excluding: [], context: context(group, hash, suite),
                keys: &keys, suite: suite)
            #expect(commitSecret == vector.commitSecret.secret)
            let expected = try #require(vector.pathSecrets[keys.leafIndex.int])
            let node = try #require(steps.first { $0.copath.contains(keys.leafIndex) }).node
            let derived = try suite.kem.deriveKeyPair(suite.deriveSecret(expected.secret, "node"))
            #expect(keys.parents[node]?.publicKey == derived.publicKey)
        }
    }

    private func send(
        from index: UInt32, _ group: TreeKEM, _ before: RatchetTree,
        _ members: [TreePrivateKeys], _ suite: Suite
    ) throws {
        let sender = LeafIndex(index)
        let secret = try #require(group.leavesPrivate.first { $0.index == index })
        let identity = Identity(
            credential: try #require(before[sender]).credential,
            signatureKey: try SignaturePrivateKey(
                rawRepresentation: secret.signaturePriv.secret, for: suite.id))
        let old = try #require(before[sender])
        var tree = before
        let fresh = try tree.refreshPath(of: sender, suite: suite, environment: .test()) {
            (key, hash) throws(MLSError) in
            try LeafNode(
                identity: identity, encryptionKey: key, capabilities: old.capabilities,
                source: .commit(parentHash: hash), extensions: old.extensions,
                position: .init(groupID: group.groupId.bytes, leafIndex: sender), suite: suite)
        }
        let hash = tree.rootHash(suite)
        let path = try tree.encryptPath(
            fresh, excluding: [], context: context(group, hash, suite), suite: suite,
            environment: .test(seed: 2))
        for var keys in members where keys.leafIndex != sender {
            var received = before
            let steps = try received.merge(path, from: sender, excluding: [], suite: suite)
            #expect(received.rootHash(suite) == hash)
            let commitSecret = try received.decryptPath(
                path, steps: steps, excluding: [], context: context(group, hash, suite),
                keys: &keys, suite: suite)
            #expect(commitSecret == fresh.commitSecret)
        }
    }
}

extension LifetimePolicy {
    /// The vectors' leaves live for ever.
    static let any = LifetimePolicy(maximum: .max, checksReceivedLeaves: false)
}
