import TLSSyntax

/// An external commit, made and not yet adopted: it brings ourselves into the group. Send the
/// message; adopt it when it is sure that the group took it.
public struct PendingJoin: ~Copyable, Sendable {
    /// For the group.
    public let message: MLSMessage
    /// Who is in the group, ourselves included.
    public let members: [Member]
    fileprivate let next: NextEpoch
    fileprivate let policy: GroupPolicy
    fileprivate let environment: Environment

    /// Takes part in the group.
    public consuming func adopt() -> Group {
        Group(next, policy: policy, environment: environment)
    }
}

/// How to join from outside.
public struct ExternalJoinOptions: Sendable {
    /// The tree, if it is not in the GroupInfo.
    public var ratchetTree: [UInt8]?
    /// Our own former appearance, to be removed by the same commit ("resync").
    public var replaces: LeafIndex?
    /// Keys to bring in.
    public var preSharedKeyNames: [PreSharedKeyName] = []
    /// Where to find them.
    public var preSharedKeys = PreSharedKeys()
    /// What we support.
    public var capabilities = Capabilities()
    /// Extensions of our leaf.
    public var leafExtensions: Extensions = []
    /// Goes along in the clear, and nobody can change it.
    public var authenticatedData: [UInt8] = []
    /// Names of the groups that we are in: the new one's must be another, unless we replace
    /// ourselves.
    public var knownGroupIDs: Set<[UInt8]> = []

    /// The usual: a tree in the GroupInfo, nobody replaced, no keys.
    public init() {}
}

extension Group {
    /// Makes an external commit (RFC 9420 section 12.4.3.2) from a GroupInfo that has the external
    /// key. The members' credentials are for the caller to look at before adopting.
    public static func joinExternally(
        _ info: GroupInfo, as identity: Identity,
        options: ExternalJoinOptions = ExternalJoinOptions(),
        policy: GroupPolicy = GroupPolicy(), environment: Environment
    ) throws(MLSError) -> PendingJoin {
        let suite = try Suite(info.groupContext.cipherSuite)
        let key = try info.extensions.decode(.externalPub, as: HPKEPublicKey.self)
        guard let key else { throw .externalPubMissing }
        guard !options.knownGroupIDs.contains(info.groupContext.groupID) else {
            throw .groupIDInUse
        }
        let tree = try info.validate(
            ratchetTree: options.ratchetTree, suite: suite, lifetimes: policy.lifetimes)
        let (initSecret, kemOutput) = try ExternalInitialization.send(
            to: key, suite: suite, environment: environment)
        let joiner = ExternalJoiner(
            info: info, identity: identity, options: options, suite: suite,
            lifetimes: policy.lifetimes, environment: environment)
        let (content, next) = try joiner.commit(
            tree, initSecret: initSecret, kemOutput: kemOutput)
        let message = try PublicMessage(
            content, membershipKey: nil, context: info.groupContext, suite: suite)
        return PendingJoin(
            message: .publicMessage(message),
            members: next.state.tree.members.map { Member(index: $0.index, leaf: $0.leaf) },
            next: next, policy: policy, environment: environment)
    }
}

/// What the steps of an external commit share.
private struct ExternalJoiner {
    let info: GroupInfo
    let identity: Identity
    let options: ExternalJoinOptions
    let suite: Suite
    let lifetimes: LifetimePolicy
    let environment: Environment

    private var context: GroupContext { info.groupContext }

    func commit(
        _ before: RatchetTree, initSecret: Secret, kemOutput: [UInt8]
    ) throws(MLSError) -> (AuthenticatedContent, NextEpoch) {
        var proposals = [Proposal.externalInit(kemOutput: kemOutput)]
        if let leaf = options.replaces { proposals.append(.remove(leaf)) }
        for name in options.preSharedKeyNames {
            let nonce = environment.randomBytes(suite.hash.size)
            proposals.append(.preSharedKey(PreSharedKeyID(name: name, nonce: nonce)))
        }
        let applied = try ProposalList(
            entries: proposals.map { ProposalEntry(proposal: $0, sender: .newMemberCommit) },
            committer: .external
        ).apply(
            to: before, context,
            ValidationContext(
                suite: suite, lifetimes: lifetimes, now: environment.now(), isSending: true))
        var tree = applied.tree
        let path = try makePath(&tree, applied)
        let provisional = try Transition.provisionalContext(
            context, treeHash: tree.rootHash(suite), extensions: applied.extensions)
        let encrypted = try tree.encryptPath(
            path, excluding: [], context: provisional.tlsEncoded, suite: suite,
            environment: environment)
        var content = try sign(
            Commit(proposals: proposals.map { .proposal($0) }, path: encrypted))
        let transition = Transition(
            suite: suite, old: context,
            oldInterimTranscriptHash: TranscriptHashes.interim(
                confirmed: context.confirmedTranscriptHash,
                confirmationTag: info.confirmationTag, suite: suite),
            tree: tree, extensions: applied.extensions, initSecret: initSecret,
            commitSecret: path.commitSecret,
            pskSecret: try options.preSharedKeys.pskSecret(
                applied.sorted.preSharedKeys, suite: suite))
        let outcome = try transition.run(content)
        content.auth.confirmationTag = outcome.confirmationTag
        let next = outcome.next(
            keys: path.privateKeys, identity: identity, reInit: nil, suite: suite)
        return (content, next)
    }

    private func makePath(
        _ tree: inout RatchetTree, _ applied: AppliedProposals
    ) throws(MLSError) -> FreshPath {
        let leaf = tree.takeBlankLeaf()
        let position = LeafNode.Position(groupID: context.groupID, leafIndex: leaf)
        let path = try tree.refreshPath(of: leaf, suite: suite, environment: environment) {
            (key: HPKEPublicKey, parentHash: [UInt8]) throws(MLSError) in
            try LeafNode(
                identity: identity, encryptionKey: key,
                capabilities: options.capabilities, source: .commit(parentHash: parentHash),
                extensions: options.leafExtensions, position: position, suite: suite)
        }
        try path.leafNode.validate(
            .commit(position), suite: suite, groupExtensions: applied.extensions,
            required: context.requiredCapabilities(), lifetimes: lifetimes)
        try tree.roll.check(path.leafNode)
        return path
    }

    private func sign(_ commit: Commit) throws(MLSError) -> AuthenticatedContent {
        try AuthenticatedContent(
            signing: FramedContent(
                groupID: context.groupID, epoch: context.epoch, sender: .newMemberCommit,
                authenticatedData: options.authenticatedData, content: .commit(commit)),
            wireFormat: .publicMessage, context: context, key: identity.signatureKey,
            suite: suite)
    }
}
