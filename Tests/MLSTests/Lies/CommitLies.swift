import TLSSyntax

@testable import MLS

extension Lie {
    private static let nonce = [UInt8](repeating: 1, count: 32)
    private static func external(_ id: UInt8, _ nonce: [UInt8] = nonce) -> Proposal {
        .preSharedKey(PreSharedKeyID(name: .external(id: [id]), nonce: nonce))
    }
    private static func resumption(_ usage: ResumptionUsage) -> Proposal {
        .preSharedKey(
            PreSharedKeyID(
                name: .resumption(usage, groupID: Stage.groupID, epoch: 1), nonce: nonce))
    }

    /// Lists of proposals that section 12.2 calls invalid.
    static let proposalLists: [Lie] = [
        Lie("update-by-committer", .updateByCommitter) { stage in
            guard let leaf = stage.tree[LeafIndex(1)] else { throw MLSError.unknownSender }
            return try stage.sayCommit([.update(leaf)])
        },
        Lie("committer-removed", .committerRemoved) { try $0.sayCommit([.remove(LeafIndex(1))]) },
        Lie("leaf-touched-twice", .leafTouchedTwice) {
            try $0.sayCommit([.remove(LeafIndex(2)), .remove(LeafIndex(2))])
        },
        Lie("several-group-context-extensions", .severalGroupContextExtensions) {
            try $0.sayCommit([.groupContextExtensions([]), .groupContextExtensions([])])
        },
        Lie("reinit-not-alone", .reInitNotAlone) {
            try $0.sayCommit([
                .reInit(ReInit(groupID: [1], cipherSuite: $0.suite.id)), .remove(LeafIndex(2)),
            ])
        },
        Lie("reinit-version", .reInitVersionTooLow) {
            var reInit = ReInit(groupID: [1], cipherSuite: $0.suite.id)
            reInit.version = ProtocolVersion(rawValue: 0)
            return try $0.sayCommit([.reInit(reInit)])
        },
        Lie("external-init-from-member", .externalInitFromMember) {
            try $0.sayCommit([.externalInit(kemOutput: [1])])
        },
        Lie("psk-nonce", .wrongPreSharedKeyNonce) { try $0.sayCommit([external(1, [1, 2])]) },
        Lie("psk-usage-reinit", .resumptionUsageNotAllowed) {
            try $0.sayCommit([resumption(.reinit)])
        },
        Lie("psk-usage-branch", .resumptionUsageNotAllowed) {
            try $0.sayCommit([resumption(.branch)])
        },
        Lie("psk-repeated", .repeatedPreSharedKey) {
            try $0.sayCommit([external(1), external(1)])
        },
        Lie("psk-unknown", .unknownPreSharedKey(.external(id: [1]))) {
            try $0.sayCommit([external(1)])
        },
        Lie("remove-blank", .unknownMember(LeafIndex(3))) {
            try $0.sayCommit([.remove(LeafIndex(3))])
        },
        Lie("reference-unknown", .unknownProposal) {
            .publicMessage(
                try $0.say(.commit(Commit(proposals: [.reference([1, 2, 3])]))))
        },
        Lie("path-missing-empty", .pathRequired) { try $0.sayCommit([]) },
        Lie("path-missing-remove", .pathRequired) { try $0.sayCommit([.remove(LeafIndex(2))]) },
        Lie("extensions-repeated", .repeatedExtension) {
            let twice = Extension(type: .requiredCapabilities, data: [0, 0, 0])
            return try $0.sayCommit([.groupContextExtensions([twice, twice])])
        },
        Lie("required-capabilities-unmet", .requiredCapabilitiesNotMet) {
            let required = RequiredCapabilities(proposalTypes: [.init(rawValue: 0xFF55)])
            return try $0.sayCommit([.groupContextExtensions([required.asExtension])])
        },
        Lie("group-extension-unsupported", .groupExtensionNotSupported) {
            let unknown = Extension(type: .init(rawValue: 0xFF77), data: [])
            return try $0.sayCommit([.groupContextExtensions([unknown])])
        },
    ]

    /// Updates that section 7.3 calls invalid.
    static let updates: [Lie] = [
        Lie("update-source", .wrongLeafNodeSource) {
            try $0.sayUpdate { $0.source = .commit(parentHash: []) }
        },
        Lie("update-key-not-fresh", .encryptionKeyNotFresh) { stage in
            try stage.sayUpdate { leaf in
                if let old = stage.tree[LeafIndex(1)] { leaf.encryptionKey = old.encryptionKey }
            }
        },
        Lie("update-key-of-another", .encryptionKeyNotUnique) { stage in
            try stage.sayUpdate { leaf in
                if let other = stage.tree[LeafIndex(2)] { leaf.encryptionKey = other.encryptionKey }
            }
        },
    ]

    /// Paths that sections 7.5, 7.6, 7.9.2 and 12.4.2 forbid.
    static let paths: [Lie] = [
        Lie("path-too-long", .wrongPathLength) {
            try $0.sayCommit { commit in
                if let last = commit.path?.nodes.last { commit.path?.nodes.append(last) }
            }
        },
        Lie("path-too-short", .wrongPathLength) {
            try $0.sayCommit { $0.path?.nodes.removeLast() }
        },
        Lie("path-ciphertexts", .wrongPathSecretCount) {
            try $0.sayCommit {
                $0.path?.nodes[1].encryptedPathSecret.append(
                    HPKECiphertext(kemOutput: [], ciphertext: []))
            }
        },
        Lie("path-key-in-tree", .encryptionKeyNotFresh) { stage in
            try stage.sayCommit { commit in
                if let other = stage.tree[LeafIndex(2)] {
                    commit.path?.nodes[0].encryptionKey = other.encryptionKey
                }
            }
        },
        Lie("path-key-twice", .encryptionKeyNotFresh) {
            try $0.sayCommit { commit in
                if let key = commit.path?.nodes[0].encryptionKey {
                    commit.path?.nodes[1].encryptionKey = key
                }
            }
        },
        Lie("path-key-low-order", .invalidPublicKey) {
            try $0.sayCommit {
                $0.path?.nodes[0].encryptionKey = .init([UInt8](repeating: 0, count: 32))
            }
        },
        Lie("path-leaf-key-not-fresh", .encryptionKeyNotFresh) { stage in
            try stage.sayPathLeaf { leaf in
                if let old = stage.tree[LeafIndex(1)] { leaf.encryptionKey = old.encryptionKey }
            }
        },
        Lie("path-leaf-source", .wrongLeafNodeSource) {
            try $0.sayPathLeaf { $0.source = .update }
        },
        Lie("path-leaf-signature", .invalidLeafSignature) {
            try $0.sayCommit { $0.path?.leafNode.signature[0] ^= 1 }
        },
        Lie("path-leaf-of-another-position", .invalidLeafSignature) { stage in
            try stage.sayCommit { commit in
                guard let leaf = commit.path?.leafNode else { return }
                commit.path?.leafNode = try stage.resign(leaf, as: 2) { _ in }
            }
        },
        Lie("path-parent-hash", .invalidParentHash) {
            try $0.sayPathLeaf { $0.source = .commit(parentHash: [UInt8](repeating: 9, count: 32)) }
        },
        Lie("path-leaf-signature-key-taken", .signatureKeyNotUnique) { stage in
            let key = stage.parties[2].identity.signatureKey
            return try stage.sayCommit { commit in
                commit.path?.leafNode.signatureKey = key.publicKey
                try commit.path?.leafNode.sign(
                    key, position: .init(groupID: Stage.groupID, leafIndex: LeafIndex(1)),
                    suite: stage.suite)
            }
        },
        Lie("path-ciphertext-changed", .decryptionFailed) {
            try $0.sayCommit { $0.path?.nodes[0].encryptedPathSecret[0].ciphertext[0] ^= 1 }
        },
        Lie("path-kem-output-zero", .invalidPublicKey) {
            try $0.sayCommit {
                $0.path?.nodes[0].encryptedPathSecret[0].kemOutput =
                    [UInt8](repeating: 0, count: 32)
            }
        },
        Lie("path-secret-of-other-keys", .pathKeyMismatch) {
            try $0.sayPathSecrets { $0.world.environment.secret(32) }
        },
        Lie("path-secret-size", .wrongSecretSize) {
            try $0.sayPathSecrets { $0.world.environment.secret(31) }
        },
    ]
}

extension Stage {
    /// A good commit but for the leaf in its path.
    func sayPathLeaf(_ change: (inout LeafNode) -> Void) throws -> MLSMessage {
        try sayCommit { commit in
            guard let leaf = commit.path?.leafNode else { return }
            commit.path?.leafNode = try resign(leaf, change: change)
        }
    }

    /// A commit whose path encrypts other secrets than its keys come from.
    func sayPathSecrets(_ secret: (Stage) -> Secret) throws -> MLSMessage {
        var tree = tree
        let identity = liar.identity
        guard let old = tree[LeafIndex(1)] else { throw MLSError.unknownSender }
        let position = LeafNode.Position(groupID: Self.groupID, leafIndex: LeafIndex(1))
        let fresh = try tree.refreshPath(
            of: LeafIndex(1), suite: suite, environment: world.environment
        ) { (key: HPKEPublicKey, hash: [UInt8]) throws(MLSError) in
            try LeafNode(
                identity: identity, encryptionKey: key, capabilities: old.capabilities,
                source: .commit(parentHash: hash), extensions: [], position: position,
                suite: suite)
        }
        let lie = FreshPath(
            leafNode: fresh.leafNode, steps: fresh.steps, publicKeys: fresh.publicKeys,
            pathSecrets: fresh.pathSecrets.map { _ in secret(self) },
            privateKeys: fresh.privateKeys, commitSecret: fresh.commitSecret)
        let provisional = try Transition.provisionalContext(
            context, treeHash: tree.rootHash(suite), extensions: context.extensions)
        let path = try tree.encryptPath(
            lie, excluding: [], context: provisional.tlsEncoded, suite: suite,
            environment: world.environment)
        return try sayCommit([], path: path)
    }
}
