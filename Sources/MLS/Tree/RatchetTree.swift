import TLSSyntax

/// The public side of a ratchet tree (RFC 9420 sections 4 and 7).
///
/// Copies share their storage until one is changed. Tree hashes are cached per node; a change
/// forgets those above it and nothing else.
struct RatchetTree: Sendable {
    /// By leaf index, to the full size.
    private(set) var leaves: [Box<LeafNode>?]
    /// By (node index - 1) / 2, to the full size.
    private(set) var parents: [ParentNode?]
    /// By node index; nil where something below changed since it was computed.
    var hashes: [[UInt8]?]
    private(set) var roll = Roll()
    /// No leaf before this one is blank.
    private var firstBlankHint = 0

    var size: TreeSize { TreeSize(holding: leaves.count) }

    /// A tree of one member.
    init(_ leaf: LeafNode) {
        leaves = [Box(leaf)]
        parents = []
        hashes = [nil]
        roll.enter(leaf)
    }

    /// A tree of these nodes, extended with blanks to a full one.
    init(leaves: [LeafNode?], parents: [ParentNode?]) {
        let size = TreeSize(holding: max(leaves.count, parents.count + 1))
        let blanks = size.leafCount - leaves.count
        self.leaves = leaves.map { $0.map(Box.init) } + Array(repeating: nil, count: blanks)
        self.parents =
            parents + Array(repeating: nil, count: size.leafCount - 1 - parents.count)
        hashes = Array(repeating: nil, count: size.nodeCount)
        for case let leaf? in leaves { roll.enter(leaf) }
        for case let parent? in parents { roll.enter(parent) }
    }

    // MARK: Looking

    subscript(leaf: LeafIndex) -> LeafNode? {
        leaf.int < leaves.count ? leaves[leaf.int]?.value : nil
    }

    func parent(_ node: NodeIndex) -> ParentNode? {
        parents[node.rawValue / 2]
    }

    /// The leaves that are not blank, from left to right.
    var members: some Sequence<(index: LeafIndex, leaf: LeafNode)> {
        leaves.lazy.enumerated().compactMap { index, box in
            box.map { (LeafIndex(index), $0.value) }
        }
    }

    var memberCount: Int { roll.memberCount }

    /// The public key of a node, leaf or parent, that is not blank.
    func encryptionKey(_ node: NodeIndex) -> HPKEPublicKey? {
        node.leaf.map { self[$0]?.encryptionKey } ?? parent(node)?.encryptionKey
    }

    /// The resolution of a node (section 4.1.1): the least set of non-blank nodes that covers all
    /// leaves below it.
    func resolution(_ node: NodeIndex) -> [NodeIndex] {
        var found: [NodeIndex] = []
        resolve(node, into: &found)
        return found
    }

    private func resolve(_ node: NodeIndex, into found: inout [NodeIndex]) {
        guard let left = node.left, let right = node.right else {
            if leaves[node.rawValue / 2] != nil { found.append(node) }
            return
        }
        if let parent = parent(node) {
            found.append(node)
            found.append(contentsOf: parent.unmergedLeaves.map { $0.node })
        } else {
            resolve(left, into: &found)
            resolve(right, into: &found)
        }
    }

    /// Whether the resolution of a node is empty.
    private func isBlank(below node: NodeIndex) -> Bool {
        guard let left = node.left, let right = node.right else {
            return leaves[node.rawValue / 2] == nil
        }
        return parents[node.rawValue / 2] == nil && isBlank(below: left) && isBlank(below: right)
    }

    /// The direct path without the nodes whose copath child has an empty resolution (section
    /// 4.1.2): a path secret for such a node would be known to nobody new.
    func filteredDirectPath(_ leaf: LeafIndex) -> [(node: NodeIndex, copath: NodeIndex)] {
        size.directPath(of: leaf).filter { !isBlank(below: $0.copath) }
    }

    // MARK: Changing nodes

    mutating func setLeaf(_ leaf: LeafNode?, at index: LeafIndex) {
        if let old = leaves[index.int] { roll.leave(old.value) }
        if let leaf { roll.enter(leaf) }
        leaves[index.int] = leaf.map(Box.init)
        if leaf == nil { firstBlankHint = min(firstBlankHint, index.int) }
        forgetHashes(above: index)
    }

    /// Changes a parent without forgetting hashes: whoever calls it does so for the whole path.
    mutating func setParent(_ parent: ParentNode?, at node: NodeIndex) {
        if let old = parents[node.rawValue / 2] { roll.leave(old) }
        if let parent { roll.enter(parent) }
        parents[node.rawValue / 2] = parent
    }

    private mutating func forgetHashes(above leaf: LeafIndex) {
        hashes[leaf.node.rawValue] = nil
        for step in size.directPath(of: leaf) { hashes[step.node.rawValue] = nil }
    }

    mutating func blankDirectPath(of leaf: LeafIndex) {
        for step in size.directPath(of: leaf) { setParent(nil, at: step.node) }
        forgetHashes(above: leaf)
    }

    // MARK: Adding and removing leaves (sections 7.7 and 12.1)

    /// Finds the leftmost blank leaf and extends the tree when there is none.
    mutating func takeBlankLeaf() -> LeafIndex {
        var index = firstBlankHint
        while index < leaves.count, leaves[index] != nil { index += 1 }
        if index == leaves.count { extend() }
        firstBlankHint = index
        return LeafIndex(index)
    }

    /// A new blank root whose left subtree is the tree that was.
    private mutating func extend() {
        let larger = TreeSize(holding: 2 * leaves.count)
        leaves += Array(repeating: nil, count: larger.leafCount - leaves.count)
        parents += Array(repeating: nil, count: larger.leafCount - 1 - parents.count)
        hashes += Array(repeating: nil, count: larger.nodeCount - hashes.count)
    }

    /// Applies an Add (section 12.1.1).
    mutating func add(_ leaf: LeafNode) -> LeafIndex {
        let index = takeBlankLeaf()
        for step in size.directPath(of: index) {
            parents[step.node.rawValue / 2]?.addUnmerged(index)
        }
        setLeaf(leaf, at: index)
        return index
    }

    /// Applies an Update (section 12.1.2).
    mutating func update(_ leaf: LeafNode, at index: LeafIndex) {
        blankDirectPath(of: index)
        setLeaf(leaf, at: index)
    }

    /// Applies Removes (section 12.1.3), and truncates the tree once for all of them.
    mutating func remove(_ removed: [LeafIndex]) {
        for index in removed {
            blankDirectPath(of: index)
            setLeaf(nil, at: index)
        }
        let last = leaves.lastIndex { $0 != nil } ?? 0
        let size = TreeSize(holding: last + 1)
        guard size.leafCount < leaves.count else { return }
        for case let parent? in parents[(size.leafCount - 1)...] { roll.leave(parent) }
        leaves.removeSubrange(size.leafCount...)
        parents.removeSubrange((size.leafCount - 1)...)
        hashes.removeSubrange(size.nodeCount...)
        firstBlankHint = min(firstBlankHint, leaves.count)
    }
}

/// `ratchet_tree` of RFC 9420 section 12.4.3.3.
extension RatchetTree: TLSCodable {
    func encode(into writer: inout TLSWriter) {
        var count = hashes.count
        while count > 0, encryptionKey(NodeIndex(count - 1)) == nil { count -= 1 }
        writer.writeVector { writer in
            for index in 0..<count {
                if index & 1 == 1 {
                    guard let parent = parents[index / 2] else {
                        writer.write(UInt8(0))
                        continue
                    }
                    writer.writeFixed([1, 2])
                    writer.write(parent)
                } else {
                    guard let leaf = leaves[index / 2] else {
                        writer.write(UInt8(0))
                        continue
                    }
                    writer.writeFixed([1, 1])
                    writer.write(leaf.value)
                }
            }
        }
    }

    /// "The receiver MUST check that the last node in `ratchet_tree` is non-blank, and then extend
    /// the tree to the right".
    init(from reader: inout TLSReader) throws(CodecError) {
        var nodes = try reader.readNested()
        var leaves: [LeafNode?] = []
        var parents: [ParentNode?] = []
        var isLastBlank = true
        while !nodes.isAtEnd {
            let isLeaf = leaves.count == parents.count
            let presence = try nodes.read(UInt8.self)
            guard presence <= 1 else { throw .invalidPresence(presence) }
            isLastBlank = presence == 0
            if !isLastBlank, try nodes.read(UInt8.self) != (isLeaf ? 1 : 2) {
                throw .invalidValue("NodeType")
            }
            if isLeaf {
                leaves.append(isLastBlank ? nil : try nodes.read(LeafNode.self))
            } else {
                parents.append(isLastBlank ? nil : try nodes.read(ParentNode.self))
            }
        }
        guard !isLastBlank else { throw .invalidValue("ratchet_tree") }
        self.init(leaves: leaves, parents: parents)
    }
}
