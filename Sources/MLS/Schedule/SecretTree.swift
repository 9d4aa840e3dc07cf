/// Which of a member's two ratchets (RFC 9420 section 9).
public enum RatchetKind: Sendable, Hashable {
    /// For proposals and commits that are sent encrypted.
    case handshake
    /// For application data.
    case application
}

/// A key and a nonce for one message. It is used up by sealing or opening, so no key serves twice.
struct MessageKey: ~Copyable, Sendable {
    let generation: UInt32
    let key: Secret
    let nonce: [UInt8]

    /// The nonce after XOR with the reuse guard (RFC 9420 section 6.3.1).
    private func guarded(_ reuseGuard: [UInt8]) -> [UInt8] {
        var nonce = nonce
        for (index, byte) in reuseGuard.enumerated() { nonce[index] ^= byte }
        return nonce
    }

    consuming func seal(
        _ plaintext: [UInt8], reuseGuard: [UInt8], authenticating aad: [UInt8], _ aead: AEAD
    ) throws(MLSError) -> [UInt8] {
        try aead.seal(plaintext, key: key, nonce: guarded(reuseGuard), authenticating: aad)
    }

    consuming func open(
        _ ciphertext: [UInt8], reuseGuard: [UInt8], authenticating aad: [UInt8], _ aead: AEAD
    ) throws(MLSError) -> [UInt8] {
        try aead.open(ciphertext, key: key, nonce: guarded(reuseGuard), authenticating: aad)
    }
}

/// How far messages may come out of order (RFC 9420 section 15.3).
public struct RatchetPolicy: Sendable, Equatable {
    /// How many generations a sender may leap ahead in one message; each costs three derivations.
    public var maximumForward: UInt32
    /// How many keys of messages not yet seen are kept per sender and ratchet; the oldest go first.
    public var maximumKept: Int

    /// A policy of these two.
    public init(maximumForward: UInt32, maximumKept: Int) {
        self.maximumForward = maximumForward
        self.maximumKept = maximumKept
    }

    /// A thousand ahead, some 10 ms of work for a liar's message; a thousand kept, some 100 KiB.
    public static let standard = RatchetPolicy(maximumForward: 1000, maximumKept: 1000)
}

/// The secret tree of an epoch (RFC 9420 section 9). Secrets are derived when they are needed and
/// forgotten as soon as they are consumed (section 9.2).
struct SecretTree: Sendable {
    private(set) var leafCount: Int
    /// Node secrets whose subtree was not entered yet; the root alone at first.
    private(set) var nodes: [NodeIndex: Secret]
    private(set) var ratchets: [Slot: Ratchet]
    private let suite: Suite

    struct Slot: Sendable, Hashable {
        let leaf: LeafIndex
        let kind: RatchetKind
    }

    /// A sender ratchet: the secret of the next generation, and keys that were skipped.
    struct Ratchet: Sendable {
        var secret: Secret
        var generation: UInt32 = 0
        var skipped: [UInt32: StoredKey] = [:]
    }

    struct StoredKey: Sendable {
        let key: Secret
        let nonce: Secret
    }

    init(encryptionSecret: Secret, size: TreeSize, suite: Suite) {
        leafCount = size.leafCount
        nodes = [size.root: encryptionSecret]
        ratchets = [:]
        self.suite = suite
    }

    /// A tree kept from before.
    init(
        leafCount: Int, nodes: [NodeIndex: Secret], ratchets: [Slot: Ratchet], suite: Suite
    ) {
        self.leafCount = leafCount
        self.nodes = nodes
        self.ratchets = ratchets
        self.suite = suite
    }

    /// The next generation of our own ratchet, which is spent thereby.
    mutating func next(_ kind: RatchetKind, of leaf: LeafIndex) throws(MLSError) -> MessageKey {
        let slot = try enter(leaf, kind)
        guard var ratchet = ratchets[slot] else { throw .messageKeyUsed }
        let generation = ratchet.generation
        let key = try advance(&ratchet)
        ratchets[slot] = ratchet
        return MessageKey(generation: generation, key: key.key, nonce: key.nonce.exposed)
    }

    /// Where a ratchet stands.
    mutating func generation(_ kind: RatchetKind, of leaf: LeafIndex) throws(MLSError) -> UInt32 {
        let slot = try enter(leaf, kind)
        return ratchets[slot]?.generation ?? 0
    }

    /// Lets the keys before a generation go unused; never goes back.
    mutating func skip(
        _ kind: RatchetKind, of leaf: LeafIndex, to generation: UInt32
    ) throws(MLSError) {
        let slot = try enter(leaf, kind)
        guard var ratchet = ratchets[slot] else { throw .messageKeyUsed }
        while ratchet.generation < generation { _ = try advance(&ratchet) }
        ratchets[slot] = ratchet
    }

    /// Uses the key of a generation to open a message. The key is forgotten if `open` succeeds and
    /// nothing changes if it throws: a forged message cannot burn a key.
    mutating func withKey<R>(
        _ kind: RatchetKind, of leaf: LeafIndex, generation: UInt32, policy: RatchetPolicy,
        open: (consuming MessageKey) throws(MLSError) -> R
    ) throws(MLSError) -> R {
        let slot = try enter(leaf, kind)
        if let kept = ratchets[slot]?.skipped[generation] {
            let result = try open(
                MessageKey(generation: generation, key: kept.key, nonce: kept.nonce.exposed))
            ratchets[slot]?.skipped[generation] = nil
            return result
        }
        guard var ratchet = ratchets[slot], generation >= ratchet.generation else {
            throw .messageKeyUsed
        }
        guard generation - ratchet.generation <= policy.maximumForward else {
            throw .tooFarAhead
        }
        var fresh: [(UInt32, StoredKey)] = []
        while ratchet.generation < generation {
            let skipped = ratchet.generation
            fresh.append((skipped, try advance(&ratchet)))
        }
        let key = try advance(&ratchet)
        let result = try open(
            MessageKey(generation: generation, key: key.key, nonce: key.nonce.exposed))
        ratchets[slot]?.keep(fresh, at: ratchet, policy)
        return result
    }

    private func advance(_ ratchet: inout Ratchet) throws(MLSError) -> StoredKey {
        let generation = ratchet.generation
        guard generation < .max else { throw .messageKeyUsed }
        let derive = { [suite, secret = ratchet.secret] (label: String, length: Int) in
            suite.deriveTreeSecret(secret, label, generation: generation, length: length)
        }
        let key = StoredKey(
            key: derive("key", suite.aead.keySize), nonce: derive("nonce", AEAD.nonceSize))
        ratchet.secret = derive("secret", suite.hash.size)
        ratchet.generation = generation + 1
        return key
    }

    /// Makes the ratchets of a leaf from the lowest known secret above it. Secrets on the way are
    /// replaced by those of the children.
    private mutating func enter(_ leaf: LeafIndex, _ kind: RatchetKind) throws(MLSError) -> Slot {
        let slot = Slot(leaf: leaf, kind: kind)
        if ratchets[slot] != nil { return slot }
        guard leaf.int < leafCount else { throw .unknownSender }
        var node = leaf.node
        let size = TreeSize(holding: leafCount)
        while nodes[node] == nil {
            guard let parent = size.parent(of: node) else { throw .messageKeyUsed }
            node = parent
        }
        while let left = node.left, let right = node.right, let secret = nodes[node] {
            nodes[left] = suite.expandWithLabel(
                secret, "tree", context: Array("left".utf8), length: suite.hash.size)
            nodes[right] = suite.expandWithLabel(
                secret, "tree", context: Array("right".utf8), length: suite.hash.size)
            nodes[node] = nil
            node = left.contains(leaf) ? left : right
        }
        guard let secret = nodes.removeValue(forKey: leaf.node) else { throw .messageKeyUsed }
        ratchets[Slot(leaf: leaf, kind: .handshake)] = Ratchet(
            secret: suite.deriveSecret(secret, "handshake"))
        ratchets[Slot(leaf: leaf, kind: .application)] = Ratchet(
            secret: suite.deriveSecret(secret, "application"))
        return slot
    }
}

extension SecretTree.Ratchet {
    /// Moves to where `advanced` stands and keeps the skipped keys, the newest ones if they are too
    /// many.
    fileprivate mutating func keep(
        _ fresh: [(UInt32, SecretTree.StoredKey)], at advanced: Self, _ policy: RatchetPolicy
    ) {
        secret = advanced.secret
        generation = advanced.generation
        for (generation, key) in fresh.suffix(policy.maximumKept) { skipped[generation] = key }
        let excess = skipped.count - policy.maximumKept
        guard excess > 0 else { return }
        for generation in skipped.keys.sorted().prefix(excess) { skipped[generation] = nil }
    }
}
