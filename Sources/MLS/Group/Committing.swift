import TLSSyntax

extension Group {
    /// Makes a commit (RFC 9420 section 12.4.1). The group stays in its epoch.
    public mutating func commit(
        _ changes: [Change] = [], options: CommitOptions = CommitOptions()
    ) throws(MLSError) -> PendingCommit {
        var byValue: [Proposal] = []
        for change in changes { byValue.append(proposal(for: change)) }
        return try commit(byValue, options, committer: .member(state.ownLeaf))
    }

    mutating func commit(
        _ byValue: [Proposal], _ options: CommitOptions, committer: ProposalList.Committer
    ) throws(MLSError) -> PendingCommit {
        try checkActive()
        let kept = options.coversKeptProposals ? proposals.selection(for: state.ownLeaf) : []
        let own = Sender.member(state.ownLeaf)
        let list = ProposalList(
            entries: kept.map { $0.entry }
                + byValue.map { ProposalEntry(proposal: $0, sender: own) },
            committer: committer)
        let applied = try list.apply(
            to: state.tree, state.context, validation(isSending: true))
        var commit = Commit(
            proposals: kept.map { .reference($0.reference) } + byValue.map { .proposal($0) })
        var tree = applied.tree
        var path: FreshPath?
        if list.requiresPath || options.forcesPath || options.changesLeaf {
            let fresh = try makePath(applied, &tree, options)
            commit.path = try encrypt(fresh, applied, &tree)
            path = fresh
        }
        let transition = Transition(
            suite: state.suite, old: state.context,
            oldInterimTranscriptHash: state.interimTranscriptHash, tree: tree,
            extensions: applied.extensions, initSecret: state.secrets.initSecret,
            commitSecret: path?.commitSecret ?? .zeros(state.suite.hash.size),
            pskSecret: try allKeys(options.preSharedKeys).pskSecret(
                applied.sorted.preSharedKeys, suite: state.suite))
        return try finish(commit, transition, applied, path, options)
    }

    /// A fresh path with a leaf that is valid where it will stand.
    private func makePath(
        _ applied: AppliedProposals, _ tree: inout RatchetTree, _ options: CommitOptions
    ) throws(MLSError) -> FreshPath {
        guard let old = state.tree[state.ownLeaf] else { throw .removedFromGroup }
        let position = LeafNode.Position(groupID: groupID, leafIndex: state.ownLeaf)
        let suite = state.suite
        let identity = options.identity ?? identity
        let fresh = try tree.refreshPath(
            of: state.ownLeaf, suite: suite, environment: environment
        ) { (key: HPKEPublicKey, parentHash: [UInt8]) throws(MLSError) in
            try LeafNode(
                identity: identity, encryptionKey: key,
                capabilities: options.capabilities ?? old.capabilities,
                source: .commit(parentHash: parentHash),
                extensions: options.leafExtensions ?? old.extensions, position: position,
                suite: suite)
        }
        try fresh.leafNode.validate(
            .commit(position), suite: suite, groupExtensions: applied.extensions,
            required: applied.extensions.decode(
                .requiredCapabilities, as: RequiredCapabilities.self),
            lifetimes: policy.lifetimes)
        try tree.roll.check(fresh.leafNode)
        return fresh
    }

    private func encrypt(
        _ path: FreshPath, _ applied: AppliedProposals, _ tree: inout RatchetTree
    ) throws(MLSError) -> UpdatePath {
        let context = try Transition.provisionalContext(
            state.context, treeHash: tree.rootHash(state.suite), extensions: applied.extensions)
        return try tree.encryptPath(
            path, excluding: applied.addedSet, context: context.tlsEncoded, suite: state.suite,
            environment: environment)
    }

    /// Signs, runs the key schedule, protects, and seals the Welcome.
    private mutating func finish(
        _ commit: Commit, _ transition: Transition, _ applied: AppliedProposals,
        _ path: FreshPath?, _ options: CommitOptions
    ) throws(MLSError) -> PendingCommit {
        var content = try sign(
            .commit(commit), authenticatedData: options.authenticatedData, handshakeFormat)
        let outcome = try transition.run(content)
        content.auth.confirmationTag = outcome.confirmationTag
        var keys = path?.privateKeys ?? state.keys
        keys.dropOutdated(outcome.tree)
        let identity = options.identity ?? identity
        let welcome = try makeWelcome(
            outcome, transition.pskSecret, applied, path, options, identity)
        return PendingCommit(
            message: try protect(content), welcome: welcome.map { .welcome($0) },
            changes: EpochChanges(
                sender: .member(state.ownLeaf), before: state.tree, after: outcome.tree,
                applied: applied, pathLeaf: path == nil ? nil : state.ownLeaf),
            base: state.context,
            next: outcome.next(
                keys: keys, identity: identity, reInit: applied.sorted.reInit,
                suite: state.suite))
    }

    private func makeWelcome(
        _ outcome: Transition.Outcome, _ pskSecret: Secret, _ applied: AppliedProposals,
        _ path: FreshPath?, _ options: CommitOptions, _ identity: Identity
    ) throws(MLSError) -> Welcome? {
        guard !applied.added.isEmpty else { return nil }
        let info = try Self.makeGroupInfo(
            outcome.context, tree: options.putsTreeInWelcome ? outcome.tree : nil,
            extensions: options.groupInfoExtensions.list,
            confirmationTag: outcome.confirmationTag, signer: state.ownLeaf,
            key: identity.signatureKey, suite: state.suite,
            grease: policy.greases ? environment : nil)
        var recipients: [(KeyPackage, pathSecret: Secret?)] = []
        for (package, leaf) in zip(applied.sorted.adds, applied.added) {
            let ancestor = NodeIndex.commonAncestor(leaf, state.ownLeaf)
            recipients.append((package, path?.pathSecret(at: ancestor)))
        }
        return try Welcome(
            info, joinerSecret: outcome.joinerSecret, pskSecret: pskSecret,
            preSharedKeys: applied.sorted.preSharedKeys, to: recipients, suite: state.suite,
            environment: environment)
    }
}
