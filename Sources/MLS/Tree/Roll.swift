/// What must be known of all members together: which keys are taken and what everybody supports.
///
/// It is kept up as leaves come and go, so that no check of RFC 9420 section 7.3 walks the tree.
struct Roll: Sendable {
    /// Every `encryption_key` of leaves and parents.
    private(set) var encryptionKeys = KeyBag()
    /// Every `signature_key`.
    private(set) var signatureKeys = KeyBag()
    private(set) var memberCount = 0
    private var credentialsInUse: [CredentialType: Int] = [:]
    private var credentialSupport: [CredentialType: Int] = [:]
    private var extensionSupport: [ExtensionType: Int] = [:]
    private var proposalSupport: [ProposalType: Int] = [:]

    mutating func enter(_ leaf: LeafNode) { count(leaf, +1) }
    mutating func leave(_ leaf: LeafNode) { count(leaf, -1) }
    mutating func enter(_ parent: ParentNode) {
        encryptionKeys.add(parent.encryptionKey.bytes, +1)
    }
    mutating func leave(_ parent: ParentNode) {
        encryptionKeys.add(parent.encryptionKey.bytes, -1)
    }

    private mutating func count(_ leaf: LeafNode, _ one: Int) {
        memberCount += one
        encryptionKeys.add(leaf.encryptionKey.bytes, one)
        signatureKeys.add(leaf.signatureKey.bytes, one)
        credentialsInUse.add(leaf.credential.type, one)
        // A list may say a thing twice; it counts once.
        for type in Set(leaf.capabilities.credentials) { credentialSupport.add(type, one) }
        for type in Set(leaf.capabilities.extensions) { extensionSupport.add(type, one) }
        for type in Set(leaf.capabilities.proposals) { proposalSupport.add(type, one) }
    }

    /// Whether every member supports a thing.
    func allSupport(_ type: CredentialType) -> Bool {
        credentialSupport[type, default: 0] == memberCount
    }
    func allSupport(_ type: ExtensionType) -> Bool {
        type.isDefault || extensionSupport[type, default: 0] == memberCount
    }
    func allSupport(_ type: ProposalType) -> Bool {
        type.isDefault || proposalSupport[type, default: 0] == memberCount
    }

    func allMeet(_ required: RequiredCapabilities) -> Bool {
        required.extensionTypes.allSatisfy(allSupport)
            && required.proposalTypes.allSatisfy(allSupport)
            && required.credentialTypes.allSatisfy(allSupport)
    }

    /// The checks of RFC 9420 section 7.3 that set one member against all: keys of its own, and a
    /// credential that all understand and that understands all.
    func check(_ leaf: LeafNode) throws(MLSError) {
        guard signatureKeys.count(leaf.signatureKey.bytes) == 1 else {
            throw .signatureKeyNotUnique
        }
        guard encryptionKeys.count(leaf.encryptionKey.bytes) == 1 else {
            throw .encryptionKeyNotUnique
        }
        guard allSupport(leaf.credential.type) else { throw .credentialTypeNotSupportedByAll }
        guard credentialsInUse.keys.allSatisfy(leaf.capabilities.credentials.contains) else {
            throw .credentialTypeNotSupportedByAll
        }
    }
}

extension Dictionary where Value == Int {
    fileprivate mutating func add(_ key: Key, _ one: Int) {
        let sum = self[key, default: 0] + one
        self[key] = sum == 0 ? nil : sum
    }
}

/// How often each key occurs. Split into shards, so that a change to a copy copies one shard of
/// many and not the whole.
struct KeyBag: Sendable {
    /// Enough that ten thousand keys are some forty to a shard.
    private static let shardCount = 256
    private var shards = [[[UInt8]: Int]](repeating: [:], count: shardCount)

    private static func shard(_ key: [UInt8]) -> Int { Int(key.last ?? 0) }

    mutating func add(_ key: [UInt8], _ one: Int) {
        let sum = count(key) + one
        shards[Self.shard(key)][key] = sum == 0 ? nil : sum
    }

    func count(_ key: [UInt8]) -> Int {
        shards[Self.shard(key)][key, default: 0]
    }
}
