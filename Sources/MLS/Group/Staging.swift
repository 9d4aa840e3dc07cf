import TLSSyntax

/// A commit of someone else, verified to its end and not yet adopted. Look at its changes, above
/// all at new credentials; then adopt it, or drop it and part from the group.
public struct StagedCommit: ~Copyable, Sendable {
    /// What it changes.
    public let changes: EpochChanges
    let base: GroupContext
    /// Nil when it removes us: the epoch after is not ours to know.
    let next: NextEpoch?

    /// Whether it removes us.
    public var removesUs: Bool { next == nil }
    /// The `epoch_authenticator` of the epoch it leads to, unless it removes us.
    public var epochAuthenticator: Secret? { next?.state.secrets.epochAuthenticator }
}

extension Group {
    /// Works out where a commit leads (RFC 9420 section 12.4.2) and checks all of it. The group
    /// stays in its epoch.
    ///
    /// - Parameter preSharedKeys: those that the commit may name, besides our own resumption keys.
    public func stage(
        _ verified: VerifiedCommit, preSharedKeys: PreSharedKeys = PreSharedKeys()
    ) throws(MLSError) -> StagedCommit {
        try checkActive()
        guard verified.base == state.context else { throw .staleCommit }
        let list = try resolve(verified)
        let applied = try list.apply(
            to: state.tree, state.context, validation(isSending: false))
        let commit = verified.commit
        guard commit.path != nil || !list.requiresPath else { throw .pathRequired }

        var received = ReceivedCommit(state: state, applied: applied)
        if let path = commit.path {
            try received.merge(path, from: list.committer, lifetimes: policy.lifetimes)
        }
        let changes = EpochChanges(
            sender: verified.sender, before: state.tree, after: received.tree,
            applied: applied, pathLeaf: received.committer)
        guard !applied.sorted.removes.contains(state.ownLeaf) else {
            return StagedCommit(changes: changes, base: state.context, next: nil)
        }
        var identity = identity
        var keys = state.keys
        if let own = applied.sorted.updates.first(where: { $0.leaf == state.ownLeaf }) {
            let update = try ownUpdate(own.node)
            identity = update.identity
            keys.leaf = update.encryptionKey
        }
        let outcome = try received.finish(
            verified, keys: &keys, preSharedKeys: allKeys(preSharedKeys))
        return StagedCommit(
            changes: changes, base: state.context,
            next: outcome.next(
                keys: keys, identity: identity, reInit: applied.sorted.reInit,
                suite: state.suite))
    }

    /// The proposals that a commit covers, those by reference looked up.
    private func resolve(_ verified: VerifiedCommit) throws(MLSError) -> ProposalList {
        let isExternal = verified.sender == .newMemberCommit
        var entries: [ProposalEntry] = []
        for item in verified.commit.proposals {
            switch item {
            case .proposal(let proposal):
                entries.append(ProposalEntry(proposal: proposal, sender: verified.sender))
            case .reference(let reference):
                guard !isExternal else { throw .referenceInExternalCommit }
                guard let entry = proposals[reference] else { throw .unknownProposal }
                entries.append(entry)
            }
        }
        if case .member(let leaf) = verified.sender {
            return ProposalList(entries: entries, committer: .member(leaf))
        }
        return ProposalList(entries: entries, committer: .external)
    }

    private func ownUpdate(_ leaf: LeafNode) throws(MLSError) -> OwnUpdate {
        let update = ownUpdates.first { $0.encryptionKey.publicKey == leaf.encryptionKey }
        guard let update else { throw .unknownProposal }
        return update
    }

    /// Goes to the epoch that a staged commit leads to, or leaves if it removes us.
    ///
    /// - Throws: `MLSError.staleCommit` when the group has moved since the commit was staged.
    public mutating func adopt(_ staged: consuming StagedCommit) throws(MLSError) {
        guard staged.base == state.context else { throw .staleCommit }
        try checkActive()
        guard let next = staged.next else { return leave() }
        advance(to: next)
    }
}

/// A commit under way at a recipient: the path merged, then decrypted, then the key schedule run.
private struct ReceivedCommit {
    let state: EpochState
    let applied: AppliedProposals
    private(set) var tree: RatchetTree
    /// Where the committer stands, if there is a path.
    private(set) var committer: LeafIndex?
    private var steps: [(node: NodeIndex, copath: NodeIndex)] = []

    init(state: EpochState, applied: AppliedProposals) {
        self.state = state
        self.applied = applied
        tree = applied.tree
    }

    /// Validates the path's leaf and merges the path.
    mutating func merge(
        _ path: UpdatePath, from committer: ProposalList.Committer, lifetimes: LifetimePolicy
    ) throws(MLSError) {
        let sender: LeafIndex
        switch committer {
        case .member(let leaf), .founder(let leaf, _): sender = leaf
        case .external:
            sender = tree.takeBlankLeaf()
            // Section 12.2: the joiner's leaf "MUST meet the same criteria as would the LeafNode in
            // an Update for the removed leaf".
            for leaf in applied.sorted.removes
            where state.tree[leaf]?.encryptionKey == path.leafNode.encryptionKey {
                throw .encryptionKeyNotFresh
            }
        }
        try path.leafNode.validate(
            .commit(.init(groupID: state.context.groupID, leafIndex: sender)),
            suite: state.suite, groupExtensions: applied.extensions,
            required: applied.extensions.decode(
                .requiredCapabilities, as: RequiredCapabilities.self),
            lifetimes: lifetimes)
        steps = try tree.merge(
            path, from: sender, excluding: applied.addedSet, suite: state.suite)
        try tree.roll.check(path.leafNode)
        self.committer = sender
    }

    /// The key schedule, and the confirmation tag that proves that the committer got there too.
    mutating func finish(
        _ verified: VerifiedCommit, keys: inout TreePrivateKeys, preSharedKeys: PreSharedKeys
    ) throws(MLSError) -> Transition.Outcome {
        let suite = state.suite
        keys.dropOutdated(tree)
        var commitSecret = Secret.zeros(suite.hash.size)
        if let path = verified.commit.path { commitSecret = try decrypt(path, keys: &keys) }
        var initSecret = state.secrets.initSecret
        if let kemOutput = applied.sorted.externalInit {
            initSecret = try ExternalInitialization.receive(
                kemOutput, key: state.secrets.externalKeyPair(suite), suite: suite)
        }
        let transition = Transition(
            suite: suite, old: state.context,
            oldInterimTranscriptHash: state.interimTranscriptHash, tree: tree,
            extensions: applied.extensions, initSecret: initSecret, commitSecret: commitSecret,
            pskSecret: try preSharedKeys.pskSecret(applied.sorted.preSharedKeys, suite: suite))
        let outcome = try transition.run(verified.content)
        let tag = verified.content.auth.confirmationTag ?? []
        guard Secret(tag) == Secret(outcome.confirmationTag) else {
            throw .invalidConfirmationTag
        }
        return outcome
    }

    private mutating func decrypt(
        _ path: UpdatePath, keys: inout TreePrivateKeys
    ) throws(MLSError) -> Secret {
        let context = try Transition.provisionalContext(
            state.context, treeHash: tree.rootHash(state.suite), extensions: applied.extensions)
        return try tree.decryptPath(
            path, steps: steps, excluding: applied.addedSet, context: context.tlsEncoded,
            keys: &keys, suite: state.suite)
    }
}
