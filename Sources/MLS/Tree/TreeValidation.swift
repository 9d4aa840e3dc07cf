/// What a joiner verifies of a tree (RFC 9420 section 12.4.3.1).
extension RatchetTree {
    /// - Parameters:
    ///   - treeHash: what the GroupInfo says it is.
    ///   - context: of the group, for the leaves' signatures and the group's requirements.
    mutating func validate(
        treeHash: [UInt8], groupID: [UInt8], groupExtensions: Extensions, suite: Suite,
        lifetimes: LifetimePolicy
    ) throws(MLSError) {
        guard rootHash(suite) == treeHash else { throw .treeHashMismatch }
        try checkUnmergedLeaves()
        try checkParentHashes(suite)
        try checkParentKeys(suite)
        let required = try groupExtensions.decode(
            .requiredCapabilities, as: RequiredCapabilities.self)
        for (index, leaf) in members {
            try leaf.validate(
                .tree(.init(groupID: groupID, leafIndex: index)), suite: suite,
                groupExtensions: groupExtensions, required: required, lifetimes: lifetimes)
            try roll.check(leaf)
        }
    }

    /// "Verify that the entry represents a non-blank leaf node that is a descendant of the parent
    /// node", and "that every non-blank intermediate node between the leaf node and the parent node
    /// also has an entry for the leaf node in its `unmerged_leaves`".
    func checkUnmergedLeaves() throws(MLSError) {
        for (index, parent) in parents.enumerated() {
            let node = NodeIndex(2 * index + 1)
            for leaf in parent?.unmergedLeaves ?? [] {
                guard node.contains(leaf), self[leaf] != nil else { throw .invalidUnmergedLeaf }
                var below = node
                while let left = below.left, let right = below.right {
                    below = left.contains(leaf) ? left : right
                    if below.isLeaf { break }
                    guard let between = self.parent(below) else { continue }
                    let place = between.unmergedLeaves.lowerBound(leaf)
                    guard place < between.unmergedLeaves.count,
                        between.unmergedLeaves[place] == leaf
                    else { throw .invalidUnmergedLeaf }
                }
            }
        }
    }

    /// "Verify that the encryption key in the parent node does not appear in any other node of the
    /// tree."
    private func checkParentKeys(_ suite: Suite) throws(MLSError) {
        for case let parent? in parents {
            try suite.kem.validate(parent.encryptionKey)
            guard roll.encryptionKeys.count(parent.encryptionKey.bytes) == 1 else {
                throw .encryptionKeyNotUnique
            }
        }
    }
}
