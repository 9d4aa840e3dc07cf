/// A proposal and who made it: for one by reference the sender of its message, for one by value
/// the committer.
struct ProposalEntry: Sendable, Equatable {
    let proposal: Proposal
    let sender: Sender
}

/// The proposals that a commit covers, in its order.
struct ProposalList: Sendable {
    let entries: [ProposalEntry]
    let committer: Committer

    enum Committer: Sendable, Equatable {
        case member(LeafIndex)
        /// Someone who joins by this very commit.
        case external
        /// The creator of a group that reinitializes or branches from another, in its first commit.
        case founder(LeafIndex, ResumptionUsage)
    }

    /// What the list does, taken apart.
    struct Sorted: Sendable {
        var extensions: Extensions?
        var updates: [(leaf: LeafIndex, node: LeafNode)] = []
        var removes: [LeafIndex] = []
        var adds: [KeyPackage] = []
        var preSharedKeys: [PreSharedKeyID] = []
        var externalInit: [UInt8]?
        var reInit: ReInit?
    }

    /// RFC 9420 section 12.4: "If any instance of a proposal type requires a path", or with no
    /// proposal at all.
    var requiresPath: Bool {
        entries.isEmpty || entries.contains { $0.proposal.type.requiresPath }
    }

    /// Takes the list apart and checks what can be seen from the list alone (section 12.2).
    func sorted(_ suite: Suite) throws(MLSError) -> Sorted {
        var sorted = Sorted()
        for entry in entries {
            switch entry.proposal {
            case .groupContextExtensions(let extensions):
                guard sorted.extensions == nil else { throw .severalGroupContextExtensions }
                sorted.extensions = extensions
            case .update(let node):
                guard case .member(let leaf) = entry.sender else { throw .senderNotMember }
                sorted.updates.append((leaf, node))
            case .remove(let leaf): sorted.removes.append(leaf)
            case .add(let package): sorted.adds.append(package)
            case .preSharedKey(let id): sorted.preSharedKeys.append(id)
            case .externalInit(let kemOutput):
                guard sorted.externalInit == nil else { throw .severalExternalInits }
                sorted.externalInit = kemOutput
            case .reInit(let parameters):
                guard entries.count == 1 else { throw .reInitNotAlone }
                sorted.reInit = parameters
            }
        }
        try checkKinds(sorted)
        try checkLeaves(sorted)
        try checkPreSharedKeys(sorted.preSharedKeys, suite)
        return sorted
    }

    /// Which kinds of proposals may stand together in this kind of commit.
    private func checkKinds(_ sorted: Sorted) throws(MLSError) {
        guard committer == .external else {
            guard sorted.externalInit == nil else { throw .externalInitFromMember }
            return
        }
        guard sorted.externalInit != nil else { throw .externalInitMissing }
        guard sorted.removes.count <= 1, sorted.adds.isEmpty, sorted.updates.isEmpty,
            sorted.extensions == nil, sorted.reInit == nil
        else { throw .proposalNotAllowedInExternalCommit }
    }

    /// No update by the committer, no removal of the committer, no leaf touched twice.
    private func checkLeaves(_ sorted: Sorted) throws(MLSError) {
        var own: LeafIndex?
        switch committer {
        case .member(let leaf), .founder(let leaf, _): own = leaf
        case .external: break
        }
        guard !sorted.updates.contains(where: { $0.leaf == own }) else {
            throw .updateByCommitter
        }
        guard !sorted.removes.contains(where: { $0 == own }) else { throw .committerRemoved }
        let touched = sorted.updates.map { $0.leaf } + sorted.removes
        guard Set(touched).count == touched.count else { throw .leafTouchedTwice }
    }

    /// Section 12.1.4.
    private func checkPreSharedKeys(
        _ ids: [PreSharedKeyID], _ suite: Suite
    ) throws(MLSError) {
        for id in ids {
            guard id.nonce.count == suite.hash.size else { throw .wrongPreSharedKeyNonce }
            guard case .resumption(let usage, _, _) = id.name, usage != .application else {
                continue
            }
            guard case .founder(_, usage) = committer else { throw .resumptionUsageNotAllowed }
        }
        guard Set(ids).count == ids.count else { throw .repeatedPreSharedKey }
    }
}

/// What a list of proposals made of a group.
struct AppliedProposals: Sendable {
    var tree: RatchetTree
    var extensions: Extensions
    let sorted: ProposalList.Sorted
    /// Where each of `sorted.adds` went.
    let added: [LeafIndex]

    var addedSet: Set<LeafIndex> { Set(added) }
}

/// What validation needs to know of the world.
struct ValidationContext: Sendable {
    let suite: Suite
    let lifetimes: LifetimePolicy
    let now: UInt64
    /// For what we send, section 7.3 demands that lifetimes hold now.
    let isSending: Bool
}

extension ProposalList {
    /// Validates (RFC 9420 section 12.2) and applies (section 12.3).
    func apply(
        to tree: RatchetTree, _ context: GroupContext, _ validation: ValidationContext
    ) throws(MLSError) -> AppliedProposals {
        let suite = validation.suite
        let sorted = try sorted(suite)
        var tree = tree
        let extensions = sorted.extensions ?? context.extensions
        try extensions.checkNoRepeats()
        let required = try extensions.decode(
            .requiredCapabilities, as: RequiredCapabilities.self)
        if sorted.extensions != nil {
            _ = try extensions.decode(.externalSenders, as: ExternalSenders.self)
        }
        if let reInit = sorted.reInit { try Self.check(reInit, context) }

        for (leaf, node) in sorted.updates {
            guard let old = tree[leaf] else { throw .unknownMember(leaf) }
            try node.validate(
                .update(
                    .init(groupID: context.groupID, leafIndex: leaf), replacing: old.encryptionKey),
                suite: suite, groupExtensions: extensions, required: required,
                lifetimes: validation.lifetimes)
            tree.update(node, at: leaf)
        }
        for leaf in sorted.removes where tree[leaf] == nil { throw .unknownMember(leaf) }
        tree.remove(sorted.removes)
        var added: [LeafIndex] = []
        for package in sorted.adds {
            try package.validate(
                suite: suite, groupExtensions: extensions, required: required,
                lifetimes: validation.lifetimes)
            try validation.checkLifetime(package.leafNode)
            added.append(tree.add(package.leafNode))
        }
        try Self.checkMembers(
            tree, added: added, updated: sorted.updates.map { $0.leaf },
            changed: sorted.extensions, required)
        return AppliedProposals(tree: tree, extensions: extensions, sorted: sorted, added: added)
    }

    private static func check(_ reInit: ReInit, _ context: GroupContext) throws(MLSError) {
        guard reInit.version.rawValue >= context.version.rawValue else {
            throw .reInitVersionTooLow
        }
        try reInit.extensions.checkNoRepeats()
    }

    /// What only holds or fails for the members together, after all was applied.
    private static func checkMembers(
        _ tree: RatchetTree, added: [LeafIndex], updated: [LeafIndex], changed: Extensions?,
        _ required: RequiredCapabilities?
    ) throws(MLSError) {
        for index in added + updated {
            if let leaf = tree[index] { try tree.roll.check(leaf) }
        }
        guard let changed else { return }
        if let required, !tree.roll.allMeet(required) { throw .requiredCapabilitiesNotMet }
        guard changed.types.allSatisfy({ tree.roll.allSupport($0) }) else {
            throw .groupExtensionNotSupported
        }
    }
}

extension ValidationContext {
    fileprivate func checkLifetime(_ leaf: LeafNode) throws(MLSError) {
        guard isSending else { return try lifetimes.checkReceived(leaf, now: now) }
        guard case .keyPackage(let lifetime) = leaf.source, lifetime.contains(now) else {
            throw .outsideLifetime
        }
    }
}
