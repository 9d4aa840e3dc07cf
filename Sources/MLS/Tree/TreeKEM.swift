/// The private keys that one member has in the tree: its leaf's and those of ancestors.
struct TreePrivateKeys: Sendable {
    var leafIndex: LeafIndex
    var leaf: HPKEPrivateKey
    var parents: [NodeIndex: HPKEPrivateKey] = [:]

    /// The private key of a node of this tree, if it is the member's and still the right one.
    func key(for node: NodeIndex, in tree: RatchetTree) -> HPKEPrivateKey? {
        let key = node == leafIndex.node ? leaf : parents[node]
        guard let key, key.publicKey == tree.encryptionKey(node) else { return nil }
        return key
    }

    /// RFC 9420 section 7.5: "each recipient MUST delete outdated key material".
    mutating func dropOutdated(_ tree: RatchetTree) {
        let count = tree.parents.count
        parents = parents.filter { node, key in
            node.rawValue / 2 < count && tree.parent(node)?.encryptionKey == key.publicKey
        }
    }

    /// Derives and keeps the keys from a path secret upwards (RFC 9420 section 7.4).
    ///
    /// - Returns: the commit secret, one step beyond the last.
    /// - Throws: `MLSError.pathKeyMismatch` when a derived key is not the one in the tree.
    mutating func implant(
        _ first: Secret, on path: some Sequence<NodeIndex>, of tree: RatchetTree, _ suite: Suite
    ) throws(MLSError) -> Secret {
        var secret = first
        for node in path {
            let key = try suite.kem.deriveKeyPair(suite.deriveSecret(secret, "node"))
            guard key.publicKey == tree.parent(node)?.encryptionKey else {
                throw .pathKeyMismatch
            }
            parents[node] = key
            secret = suite.deriveSecret(secret, "path")
        }
        return secret
    }
}

/// A path that was made and is about to be encrypted (RFC 9420 section 7.5).
struct FreshPath: Sendable {
    let leafNode: LeafNode
    let steps: [(node: NodeIndex, copath: NodeIndex)]
    let publicKeys: [HPKEPublicKey]
    let pathSecrets: [Secret]
    let privateKeys: TreePrivateKeys
    let commitSecret: Secret

    /// The path secret of a node on the path.
    func pathSecret(at node: NodeIndex) -> Secret? {
        steps.firstIndex { $0.node == node }.map { pathSecrets[$0] }
    }
}

extension RatchetTree {
    /// "Updates the sender's direct path": fresh keys from the leaf to the root, parent hashes, a
    /// leaf signed anew.
    ///
    /// - Parameter sign: makes the leaf from its new key and its parent hash.
    mutating func refreshPath(
        of leaf: LeafIndex, suite: Suite, environment: Environment,
        makeLeaf: (HPKEPublicKey, [UInt8]) throws(MLSError) -> LeafNode
    ) throws(MLSError) -> FreshPath {
        let steps = filteredDirectPath(leaf)
        var secrets: [Secret] = []
        var keys = TreePrivateKeys(
            leafIndex: leaf, leaf: try suite.kem.generateKeyPair(environment))
        var secret = environment.secret(suite.hash.size)
        var publicKeys: [HPKEPublicKey] = []
        for step in steps {
            let key = try suite.kem.deriveKeyPair(suite.deriveSecret(secret, "node"))
            keys.parents[step.node] = key
            publicKeys.append(key.publicKey)
            secrets.append(secret)
            secret = suite.deriveSecret(secret, "path")
        }
        blankDirectPath(of: leaf)
        let parentHash = setPath(steps, keys: publicKeys, suite)
        let leafNode = try makeLeaf(keys.leaf.publicKey, parentHash)
        setLeaf(leafNode, at: leaf)
        return FreshPath(
            leafNode: leafNode, steps: steps, publicKeys: publicKeys, pathSecrets: secrets,
            privateKeys: keys, commitSecret: secret)
    }

    /// "Encrypts path secrets to the group": each to the resolution of the copath child, leaves
    /// that this very commit added excepted.
    func encryptPath(
        _ path: FreshPath, excluding added: Set<LeafIndex>, context: [UInt8], suite: Suite,
        environment: Environment
    ) throws(MLSError) -> UpdatePath {
        let info = suite.encryptionInfo("UpdatePathNode", context: context)
        var nodes: [UpdatePathNode] = []
        for (index, step) in path.steps.enumerated() {
            var plaintext = path.pathSecrets[index].exposed
            defer { plaintext.wipe() }
            var ciphertexts: [HPKECiphertext] = []
            for node in resolution(step.copath, excluding: added) {
                guard let key = encryptionKey(node) else { continue }
                ciphertexts.append(
                    try suite.encryptWithLabel(key, info, plaintext, environment))
            }
            nodes.append(
                UpdatePathNode(
                    encryptionKey: path.publicKeys[index], encryptedPathSecret: ciphertexts))
        }
        return UpdatePath(leafNode: path.leafNode, nodes: nodes)
    }

    func resolution(_ node: NodeIndex, excluding added: Set<LeafIndex>) -> [NodeIndex] {
        let all = resolution(node)
        guard !added.isEmpty else { return all }
        return all.filter { node in node.leaf.map { !added.contains($0) } ?? true }
    }

    /// "Merges UpdatePath into the tree", after the checks that RFC 9420 sections 7.5, 7.6 and
    /// 12.4.2 demand of it. The leaf itself was validated before.
    ///
    /// - Returns: the filtered direct path.
    mutating func merge(
        _ path: UpdatePath, from sender: LeafIndex, excluding added: Set<LeafIndex>, suite: Suite
    ) throws(MLSError) -> [(node: NodeIndex, copath: NodeIndex)] {
        let steps = filteredDirectPath(sender)
        guard path.nodes.count == steps.count else { throw .wrongPathLength }
        for (step, node) in zip(steps, path.nodes) {
            let count = resolution(step.copath, excluding: added).count
            guard node.encryptedPathSecret.count == count else { throw .wrongPathSecretCount }
        }
        try checkFresh(path, suite)
        blankDirectPath(of: sender)
        let parentHash = setPath(steps, keys: path.nodes.map { $0.encryptionKey }, suite)
        guard path.leafNode.source == .commit(parentHash: parentHash) else {
            throw .invalidParentHash
        }
        setLeaf(path.leafNode, at: sender)
        return steps
    }

    /// "Verify that none of the public keys in the UpdatePath appear in any node of the new ratchet
    /// tree", nor twice among themselves.
    private func checkFresh(_ path: UpdatePath, _ suite: Suite) throws(MLSError) {
        var seen: Set<HPKEPublicKey> = []
        for key in [path.leafNode.encryptionKey] + path.nodes.map({ $0.encryptionKey }) {
            try suite.kem.validate(key)
            guard roll.encryptionKeys.count(key.bytes) == 0, seen.insert(key).inserted else {
                throw .encryptionKeyNotFresh
            }
        }
    }

    /// "Decrypts the path secrets" and keeps the private keys that follow.
    ///
    /// - Parameter path: merged into this tree before.
    /// - Returns: the commit secret.
    func decryptPath(
        _ path: UpdatePath, steps: [(node: NodeIndex, copath: NodeIndex)],
        excluding added: Set<LeafIndex>, context: [UInt8], keys: inout TreePrivateKeys, suite: Suite
    ) throws(MLSError) -> Secret {
        let own = keys.leafIndex
        guard let overlap = steps.firstIndex(where: { $0.copath.contains(own) }) else {
            throw .pathSecretNotForUs
        }
        let candidates = zip(
            resolution(steps[overlap].copath, excluding: added),
            path.nodes[overlap].encryptedPathSecret)
        for (node, ciphertext) in candidates {
            guard let key = keys.key(for: node, in: self) else { continue }
            var plaintext = try suite.decryptWithLabel(
                key, "UpdatePathNode", context: context, ciphertext)
            let secret = Secret(plaintext)
            plaintext.wipe()
            guard secret.count == suite.hash.size else { throw .wrongSecretSize }
            let above = steps[overlap...].map { $0.node }
            let commitSecret = try keys.implant(secret, on: above, of: self, suite)
            keys.dropOutdated(self)
            return commitSecret
        }
        throw .pathSecretNotForUs
    }
}
