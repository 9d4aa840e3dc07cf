import TLSSyntax

/// What a member remembers of a group when another takes its place or branches from it (RFC 9420
/// sections 11.2 and 11.3).
public struct PriorGroup: Sendable {
    let context: GroupContext
    let members: [LeafNode]
    let resumptionKey: Secret
    let reInit: ReInit?
    /// What makes two leaves the same client, for the application to say; the credential unless it
    /// says otherwise.
    public var clientID: @Sendable (LeafNode) -> [UInt8] = { $0.credential.tlsEncoded }

    func add(to keys: inout PreSharedKeys) {
        keys.add(resumptionKey, groupID: context.groupID, epoch: context.epoch)
    }

    /// The last steps of section 12.4.3.1, for a Welcome whose PSKs name a usage of reinit or
    /// branch.
    static func check(
        _ ids: [PreSharedKeyID], _ prior: PriorGroup?, _ context: GroupContext,
        _ tree: RatchetTree
    ) throws(MLSError) {
        var special: [(ResumptionUsage, [UInt8], UInt64)] = []
        for case .resumption(let usage, let groupID, let epoch) in ids.map({ $0.name })
        where usage != .application {
            special.append((usage, groupID, epoch))
        }
        guard special.count <= 1 else { throw .severalResumptionPSKs }
        guard let (usage, groupID, epoch) = special.first else { return }
        guard let prior, prior.context.groupID == groupID, prior.context.epoch == epoch else {
            throw .priorGroupMissing
        }
        try prior.check(usage, context, tree)
    }

    private func check(
        _ usage: ResumptionUsage, _ new: GroupContext, _ tree: RatchetTree
    ) throws(MLSError) {
        guard new.epoch == 1 else { throw .priorGroupMismatch }
        let before = Set(members.map(clientID))
        let after = Set(tree.members.map { clientID($0.leaf) })
        if usage == .reinit {
            guard let reInit, new.groupID == reInit.groupID, new.version == reInit.version,
                new.cipherSuite == reInit.cipherSuite, new.extensions == reInit.extensions
            else { throw .priorGroupMismatch }
            guard before.isSubset(of: after) else { throw .priorMembersMismatch }
        } else {
            guard new.version == context.version, new.cipherSuite == context.cipherSuite else {
                throw .priorGroupMismatch
            }
            guard after.isSubset(of: before) else { throw .priorMembersMismatch }
        }
    }
}

/// A group that was made from another one, not yet adopted: send its Welcome to the others.
public struct PendingGroup: ~Copyable, Sendable {
    /// For the members of the new group.
    public let welcome: MLSMessage
    /// The tree that goes with it when it is not inside.
    public let ratchetTree: [UInt8]
    private let next: NextEpoch
    private let policy: GroupPolicy
    private let environment: Environment

    /// Makes the group and its first commit: everybody added, the old group's PSK brought in.
    fileprivate init(
        _ founder: Group.Founder, usage: ResumptionUsage, prior: PriorGroup,
        adding packages: [KeyPackage], policy: GroupPolicy, environment: Environment
    ) throws(MLSError) {
        var group = try Group.create(
            groupID: founder.groupID, suite: founder.suite, bundle: founder.bundle,
            extensions: founder.extensions, policy: policy, environment: environment)
        var options = CommitOptions()
        prior.add(to: &options.preSharedKeys)
        let id = PreSharedKeyID(
            name: .resumption(
                usage, groupID: prior.context.groupID, epoch: prior.context.epoch),
            nonce: environment.randomBytes(founder.suite.hash.size))
        let pending = try group.commit(
            packages.map { .add($0) } + [.preSharedKey(id)], options,
            committer: .founder(group.ownLeafIndex, usage))
        guard let welcome = pending.welcome else { throw .priorMembersMismatch }
        try PriorGroup.check(
            [id], prior, pending.next.state.context, pending.next.state.tree)
        self.welcome = welcome
        ratchetTree = pending.ratchetTree
        next = pending.next
        self.policy = policy
        self.environment = environment
    }

    /// Takes part in the new group.
    public consuming func adopt() -> Group {
        Group(next, policy: policy, environment: environment)
    }
}

extension Group {
    fileprivate struct Founder {
        let groupID: [UInt8]
        let suite: Suite
        let bundle: KeyPackageBundle
        let extensions: Extensions
    }

    /// What to keep of this group in order to join one that takes its place or branches from it.
    /// After a ReInit was committed it stands for the closed group.
    ///
    /// - Throws: `MLSError.removedFromGroup`.
    public func prior() throws(MLSError) -> PriorGroup {
        guard standing != .removed else { throw .removedFromGroup }
        return PriorGroup(
            context: state.context, members: state.tree.members.map { $0.leaf },
            resumptionKey: state.secrets.resumptionPSK, reInit: reInit)
    }

    /// Makes the group that a committed ReInit asks for (RFC 9420 section 11.2).
    ///
    /// - Parameters:
    ///   - identity: who we are there; a signature key that fits the new suite.
    ///   - keyPackages: of all other members, for the new suite.
    ///   - capabilities: what we support there; as here unless given.
    ///   - leafExtensions: of our leaf there; as here unless given.
    /// - Throws: `MLSError.groupNotReinitialized`, `priorMembersMismatch` when someone is missing.
    public func reinitialize(
        as identity: Identity? = nil, adding keyPackages: [KeyPackage],
        capabilities: Capabilities? = nil, leafExtensions: Extensions? = nil
    ) throws(MLSError) -> PendingGroup {
        guard let reInit else { throw .groupNotReinitialized }
        let founder = try founder(
            reInit.groupID, reInit.cipherSuite, identity, capabilities, leafExtensions,
            reInit.extensions)
        return try PendingGroup(
            founder, usage: .reinit, prior: prior(), adding: keyPackages, policy: policy,
            environment: environment)
    }

    /// Makes a subgroup of some of the members (RFC 9420 section 11.3), with the same suite.
    ///
    /// - Parameters:
    ///   - groupID: random unless given.
    ///   - identity: who we are there.
    ///   - keyPackages: of those members, ourselves excepted.
    ///   - extensions: of the new group; as here unless given.
    ///   - capabilities: what we support there; as here unless given.
    ///   - leafExtensions: of our leaf there; as here unless given.
    /// - Throws: `MLSError.priorMembersMismatch` when someone is not a member here.
    public func branch(
        groupID: [UInt8]? = nil, as identity: Identity? = nil, adding keyPackages: [KeyPackage],
        extensions: Extensions? = nil, capabilities: Capabilities? = nil,
        leafExtensions: Extensions? = nil
    ) throws(MLSError) -> PendingGroup {
        try checkActive()
        let founder = try founder(
            groupID ?? environment.randomBytes(state.suite.hash.size), cipherSuite, identity,
            capabilities, leafExtensions, extensions ?? state.context.extensions)
        return try PendingGroup(
            founder, usage: .branch, prior: prior(), adding: keyPackages, policy: policy,
            environment: environment)
    }

    private func founder(
        _ groupID: [UInt8], _ id: CipherSuite, _ identity: Identity?,
        _ capabilities: Capabilities?, _ leafExtensions: Extensions?, _ extensions: Extensions
    ) throws(MLSError) -> Founder {
        guard let old = state.tree[state.ownLeaf] else { throw .removedFromGroup }
        let bundle = try KeyPackageBundle(
            suite: id, identity: identity ?? self.identity,
            capabilities: capabilities ?? old.capabilities,
            leafExtensions: leafExtensions ?? old.extensions,
            lifetime: min(policy.lifetimes.maximum / 2, 90 * 86400), grease: false,
            environment: environment)
        return Founder(
            groupID: groupID, suite: try Suite(id), bundle: bundle, extensions: extensions)
    }
}
