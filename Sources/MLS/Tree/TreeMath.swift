public import TLSSyntax

/// The place of a member among the leaves: 0 is leftmost.
public struct LeafIndex: Sendable, Hashable, Comparable, TLSCodable {
    /// The number on the wire.
    public let rawValue: UInt32

    /// The leaf of a number.
    public init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ index: Int) {
        rawValue = UInt32(index)
    }

    /// Left of.
    public static func < (a: LeafIndex, b: LeafIndex) -> Bool { a.rawValue < b.rawValue }

    /// Appends a `uint32`.
    public func encode(into writer: inout TLSWriter) {
        writer.write(rawValue)
    }

    /// Reads a `uint32`.
    public init(from reader: inout TLSReader) throws(CodecError) {
        rawValue = try reader.read()
    }

    var int: Int { Int(rawValue) }
    var node: NodeIndex { NodeIndex(2 * int) }
}

/// The place of a node in the array of RFC 9420 appendix C: leaves are even, parents odd.
///
///                              X
///                      07
///          X                       X
///          03                      11
///      X       X       X       X
///      01      05      09      13
///    X   X   X   X   X   X   X   X
///    00  02  04  06  08  10  12  14
struct NodeIndex: Sendable, Hashable, Comparable {
    let rawValue: Int

    init(_ rawValue: Int) {
        self.rawValue = rawValue
    }

    static func < (a: NodeIndex, b: NodeIndex) -> Bool { a.rawValue < b.rawValue }

    /// How far above the leaves: the number of trailing one bits.
    var level: Int { (~rawValue).trailingZeroBitCount }

    var isLeaf: Bool { rawValue & 1 == 0 }

    /// The leaf that this node is, if it is one.
    var leaf: LeafIndex? { isLeaf ? LeafIndex(rawValue / 2) : nil }

    var left: NodeIndex? {
        isLeaf ? nil : NodeIndex(rawValue ^ (1 << (level - 1)))
    }

    var right: NodeIndex? {
        isLeaf ? nil : NodeIndex(rawValue ^ (3 << (level - 1)))
    }

    /// The leaves under the node, itself if it is one.
    var leaves: Range<Int> {
        let first = (rawValue - ((1 << level) - 1)) / 2
        return first..<first + 1 << level
    }

    func contains(_ leaf: LeafIndex) -> Bool { leaves.contains(leaf.int) }

    /// The parent in an endless tree; where a tree ends is `TreeSize`'s to know.
    fileprivate var endlessParent: NodeIndex {
        let k = level
        let bit = (rawValue >> (k + 1)) & 1
        return NodeIndex((rawValue | (1 << k)) ^ (bit << (k + 1)))
    }

    /// The lowest node that is above both leaves, or the leaf if they are one.
    static func commonAncestor(_ a: LeafIndex, _ b: LeafIndex) -> NodeIndex {
        var node = a.node
        while !node.contains(b) { node = node.endlessParent }
        return node
    }
}

/// The size of a full tree: a power of two leaves (RFC 9420 section 4.1.1).
struct TreeSize: Sendable, Equatable {
    let leafCount: Int

    /// The smallest full tree with room for so many leaves.
    init(holding leaves: Int) {
        var count = 1
        while count < leaves { count *= 2 }
        leafCount = count
    }

    var nodeCount: Int { 2 * leafCount - 1 }
    var root: NodeIndex { NodeIndex(leafCount - 1) }

    func parent(of node: NodeIndex) -> NodeIndex? {
        node == root ? nil : node.endlessParent
    }

    func sibling(of node: NodeIndex) -> NodeIndex? {
        guard let parent = parent(of: node) else { return nil }
        return node < parent ? parent.right : parent.left
    }

    /// From the parent of the leaf to the root (RFC 9420 section 4.1.2), each with the child that
    /// is not on the way: the copath.
    func directPath(of leaf: LeafIndex) -> [(node: NodeIndex, copath: NodeIndex)] {
        var path: [(node: NodeIndex, copath: NodeIndex)] = []
        var node = leaf.node
        while let parent = parent(of: node), let sibling = sibling(of: node) {
            path.append((parent, sibling))
            node = parent
        }
        return path
    }
}
