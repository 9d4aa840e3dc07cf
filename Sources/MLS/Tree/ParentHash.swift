import TLSSyntax

/// Parent hashes (RFC 9420 section 7.9).
extension RatchetTree {
    /// The parent hash of P with copath child S: the hash of `ParentHashInput`.
    private static func parentHash(
        _ parent: ParentNode, originalSiblingTreeHash: [UInt8], _ suite: Suite
    ) -> [UInt8] {
        var input = TLSWriter(capacity: 160)
        input.write(parent.encryptionKey)
        input.writeOpaque(parent.parentHash)
        input.writeOpaque(originalSiblingTreeHash)
        return suite.hash.hash(input.bytes)
    }

    /// Puts new keys on a filtered direct path whose nodes were blanked, with the parent hashes
    /// that chain them, from the root down.
    ///
    /// - Returns: the parent hash for the leaf.
    mutating func setPath(
        _ path: [(node: NodeIndex, copath: NodeIndex)], keys: [HPKEPublicKey], _ suite: Suite
    ) -> [UInt8] {
        _ = rootHash(suite)
        var above: [UInt8] = []
        for (step, key) in zip(path, keys).reversed() {
            let parent = ParentNode(encryptionKey: key, parentHash: above)
            setParent(parent, at: step.node)
            above = Self.parentHash(
                parent, originalSiblingTreeHash: hashes[step.copath.rawValue] ?? [], suite)
        }
        return above
    }

    /// Verifies that every parent that is not blank is "parent-hash valid" (section 7.9.2): one
    /// chain from a leaf reaches it, as it does exactly when one descendant names its hash.
    mutating func checkParentHashes(_ suite: Suite) throws(MLSError) {
        _ = rootHash(suite)
        for (index, parent) in parents.enumerated() {
            guard let parent else { continue }
            let node = NodeIndex(2 * index + 1)
            guard let left = node.left, let right = node.right else { continue }
            let valid =
                descendants(of: node, parent, child: left, sibling: right, suite)
                + descendants(of: node, parent, child: right, sibling: left, suite)
            guard valid == 1 else { throw .invalidParentHash }
        }
    }

    /// How many nodes D under `child` make `parent` parent-hash valid.
    private func descendants(
        of node: NodeIndex, _ parent: ParentNode, child: NodeIndex, sibling: NodeIndex,
        _ suite: Suite
    ) -> Int {
        let resolution = resolution(child)
        let range = child.leaves
        let unmerged = parent.unmergedLeaves.filter { range.contains($0.int) }.map { $0.node }
        // "the intersection of P's `unmerged_leaves` with the subtree under C is equal to the
        // resolution of C with D removed": so D is the one node that is not unmerged.
        guard resolution.count == unmerged.count + 1 else { return 0 }
        let known = Set(unmerged)
        let rest = resolution.filter { !known.contains($0) }
        guard rest.count == 1, let found = self.parentHash(at: rest[0]) else { return 0 }
        let original = originalHash(
            sibling, without: parent.unmergedLeaves[...], suite)
        let expected = Self.parentHash(parent, originalSiblingTreeHash: original, suite)
        return found == expected ? 1 : 0
    }

    /// What a node says of the hash of its parent; nil for a leaf that came without a path.
    private func parentHash(at node: NodeIndex) -> [UInt8]? {
        guard let leaf = node.leaf else { return parent(node)?.parentHash }
        guard case .commit(let parentHash) = self[leaf]?.source else { return nil }
        return parentHash
    }
}
