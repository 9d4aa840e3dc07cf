import TLSSyntax

/// Tree hashes (RFC 9420 section 7.8).
extension RatchetTree {
    /// The hash of the root, and with it all that are not known yet.
    mutating func rootHash(_ suite: Suite) -> [UInt8] {
        updateHash(size.root, suite)
    }

    private mutating func updateHash(_ node: NodeIndex, _ suite: Suite) -> [UInt8] {
        if let known = hashes[node.rawValue] { return known }
        let hash: [UInt8]
        if let left = node.left, let right = node.right {
            hash = Self.parentHash(
                parent(node), updateHash(left, suite), updateHash(right, suite), suite)
        } else {
            let index = LeafIndex(node.rawValue / 2)
            hash = Self.leafHash(self[index], index, suite)
        }
        hashes[node.rawValue] = hash
        return hash
    }

    /// `TreeHashInput` of a leaf.
    private static func leafHash(_ leaf: LeafNode?, _ index: LeafIndex, _ suite: Suite) -> [UInt8] {
        var input = TLSWriter(capacity: 512)
        input.write(UInt8(1))
        input.write(index)
        input.writeOptional(leaf)
        return suite.hash.hash(input.bytes)
    }

    /// `TreeHashInput` of a parent.
    private static func parentHash(
        _ parent: ParentNode?, _ left: [UInt8], _ right: [UInt8], _ suite: Suite
    ) -> [UInt8] {
        var input = TLSWriter(capacity: 256)
        input.write(UInt8(2))
        input.writeOptional(parent)
        input.writeOpaque(left)
        input.writeOpaque(right)
        return suite.hash.hash(input.bytes)
    }

    /// The tree hash of a node as it was before these leaves came: each of them blank, and gone
    /// from the `unmerged_leaves` of all parents (section 7.9). Goes down only where one of them
    /// is.
    ///
    /// - Precondition: `rootHash` was computed; `without` is sorted.
    func originalHash(
        _ node: NodeIndex, without: ArraySlice<LeafIndex>, _ suite: Suite
    ) -> [UInt8] {
        let range = node.leaves
        let low = without.lowerBound(LeafIndex(range.lowerBound))
        let high = without.lowerBound(LeafIndex(range.upperBound))
        let here = without[low..<high]
        if here.isEmpty, let known = hashes[node.rawValue] { return known }
        guard let left = node.left, let right = node.right else {
            return Self.leafHash(nil, LeafIndex(node.rawValue / 2), suite)
        }
        var parent = parent(node)
        parent?.unmergedLeaves.removeAll { leaf in
            let place = here.lowerBound(leaf)
            return place < here.endIndex && here[place] == leaf
        }
        return Self.parentHash(
            parent, originalHash(left, without: here, suite),
            originalHash(right, without: here, suite), suite)
    }
}
