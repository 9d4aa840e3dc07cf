import TLSSyntax

@testable import MLS

/// A client of the tests: an identity, and a group once it is in one.
final class Party {
    let name: String
    let world: TestWorld
    let suite: CipherSuite
    let identity: Identity
    var capabilities: Capabilities
    private(set) var held: Held?

    init(
        _ name: String, suite: CipherSuite = .x25519AES128GCMSHA256Ed25519,
        world: TestWorld, capabilities: Capabilities = Capabilities()
    ) throws {
        self.name = name
        self.world = world
        self.suite = suite
        self.capabilities = capabilities
        identity = Identity(
            credential: .basic(identity: Array(name.utf8)),
            signatureKey: try SignaturePrivateKey(for: suite, environment: world.environment))
    }

    var environment: Environment { world.environment }

    /// A group behind a reference, so that it can be come by from anywhere without being copied.
    final class Held {
        var group: Group

        init(_ group: consuming Group) {
            self.group = group
        }
    }

    private var current: Held {
        guard let held else { fatalError("\(name) is in no group") }
        return held
    }

    var group: Group {
        _read { yield current.group }
        _modify { yield &current.group }
    }

    // What an expectation looks at; its macro cannot take a group that is not copyable.
    var isRemoved: Bool { group.isRemoved }
    var epoch: UInt64 { group.epoch }
    var groupID: [UInt8] { group.groupID }
    var hasPastEpochs: Bool { !group.pastEpochs.isEmpty }
    func member(at index: Int) -> LeafNode? { group.member(at: LeafIndex(index)) }
    func resumptionKey(_ epoch: UInt64) -> Secret? { group.resumptionKey(epoch: epoch) }

    func hold(_ group: consuming Group) { held = Held(group) }

    func create(
        groupID: [UInt8]? = nil, extensions: Extensions = [], policy: GroupPolicy = GroupPolicy()
    ) throws {
        hold(
            try Group.create(
                groupID: groupID, suite: suite, identity: identity, capabilities: capabilities,
                extensions: extensions, policy: policy, environment: environment))
    }

    func bundle(suite: CipherSuite? = nil, lifetime: UInt64 = 86400) throws -> KeyPackageBundle {
        try KeyPackageBundle(
            suite: suite ?? self.suite, identity: identity, capabilities: capabilities,
            lifetime: lifetime, environment: environment)
    }

    func join(
        _ message: MLSMessage?, with bundle: KeyPackageBundle,
        options: JoinOptions = JoinOptions(), policy: GroupPolicy = GroupPolicy()
    ) throws {
        guard case .welcome(let welcome)? = message else { throw MLSError.welcomeNotForUs }
        hold(
            try Group.join(
                welcome, with: bundle, options: options, policy: policy,
                environment: environment
            ).adopt())
    }

    /// Opens, stages, adopts.
    func follow(
        _ message: MLSMessage, preSharedKeys: PreSharedKeys = PreSharedKeys()
    ) throws {
        guard case .commit(let verified) = try group.open(roundTrip(message)) else {
            throw MLSError.unknownProposal
        }
        let staged = try group.stage(verified, preSharedKeys: preSharedKeys)
        try group.adopt(staged)
    }

    func keep(_ message: MLSMessage) throws {
        guard case .proposal(let verified) = try group.open(roundTrip(message)) else {
            throw MLSError.unknownProposal
        }
        try group.keep(verified)
    }

    func read(_ message: MLSMessage) throws -> [UInt8] {
        guard case .application(let application) = try group.open(roundTrip(message)) else {
            throw MLSError.unknownProposal
        }
        return application.data
    }

    private func roundTrip(_ message: MLSMessage) throws -> MLSMessage {
        try MLSMessage(bytes: message.bytes)
    }
}

/// Commits by one and follows by the others.
func commit(
    _ changes: [Change] = [], by committer: Party, to others: [Party],
    options: CommitOptions = CommitOptions(), preSharedKeys: PreSharedKeys = PreSharedKeys()
) throws -> (welcome: MLSMessage?, ratchetTree: [UInt8]) {
    let pending = try committer.group.commit(changes, options: options)
    let (message, welcome, tree) = (pending.message, pending.welcome, pending.ratchetTree)
    for other in others { try other.follow(message, preSharedKeys: preSharedKeys) }
    try committer.group.adopt(pending)
    return (welcome, tree)
}

/// A group of so many, the first of whom added the others in one commit.
func makeGroup(
    _ count: Int, suite: CipherSuite = .x25519AES128GCMSHA256Ed25519,
    world: TestWorld = TestWorld(), extensions: Extensions = [],
    capabilities: Capabilities = Capabilities(), policy: GroupPolicy = GroupPolicy()
) throws -> [Party] {
    let parties = try (0..<count).map {
        try Party("member \($0)", suite: suite, world: world, capabilities: capabilities)
    }
    try parties[0].create(groupID: Array("group".utf8), extensions: extensions, policy: policy)
    guard count > 1 else { return parties }
    let bundles = try parties.dropFirst().map { try $0.bundle() }
    let (welcome, _) = try commit(
        bundles.map { .add($0.keyPackage) }, by: parties[0], to: [])
    for (party, bundle) in zip(parties.dropFirst(), bundles) {
        try party.join(welcome, with: bundle, policy: policy)
    }
    return parties
}

/// Whether all are in the same epoch with the same secrets.
func agree(_ parties: [Party]) -> Bool {
    let first = parties[0].group.epochAuthenticator
    return parties.allSatisfy { $0.group.epochAuthenticator == first }
}
