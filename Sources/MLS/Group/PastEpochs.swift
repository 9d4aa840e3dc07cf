/// What is kept of an epoch that is over, so that messages under way can still be read.
struct PastEpoch: Sendable {
    let context: GroupContext
    let tree: RatchetTree
    let ownLeaf: LeafIndex
    let senderDataSecret: Secret
    var secretTree: SecretTree
    /// When it ended, in seconds since 1970-01-01T00:00:00Z.
    let ended: UInt64
}

extension Group {
    /// Wipes the keys of past epochs that are older than the policy allows. Adopting a commit and
    /// opening a message do so by themselves; an application that hears nothing for long calls it
    /// from a timer.
    public mutating func forgetOldEpochs() {
        let now = environment.now()
        let policy = policy.pastEpochs
        pastEpochs.removeAll { now >= $0.ended && now - $0.ended > policy.seconds }
        pastEpochs.removeFirst(max(0, pastEpochs.count - max(0, policy.count)))
    }

    /// Wipes the keys of past epochs before one, for an application that knows better than a clock
    /// when their messages have come.
    public mutating func forgetEpochs(before epoch: UInt64) {
        pastEpochs.removeAll { $0.context.epoch < epoch }
    }

    /// Goes to the next epoch; the current one becomes a past one.
    mutating func advance(to next: NextEpoch) {
        archive()
        state = next.state
        secretTree = next.secretTree
        identity = next.identity
        proposals = ProposalCache()
        ownUpdates = []
        resumptionKeys[epoch] = state.secrets.resumptionPSK
        for old in resumptionKeys.keys.sorted().dropLast(max(1, policy.resumptionKeysKept)) {
            resumptionKeys[old] = nil
        }
        if let reInit = next.reInit { standing = .reinitialized(reInit) }
        forgetOldEpochs()
    }

    private mutating func archive() {
        pastEpochs.append(
            PastEpoch(
                context: state.context, tree: state.tree, ownLeaf: state.ownLeaf,
                senderDataSecret: state.secrets.senderDataSecret, secretTree: secretTree,
                ended: environment.now()))
    }

    /// We were removed: the epoch that others go to is not ours, and of this one only what reads
    /// messages under way is kept, as of any past epoch.
    mutating func leave() {
        archive()
        standing = .removed
        proposals = ProposalCache()
        ownUpdates = []
        resumptionKeys = [:]
        state.keys.parents = [:]
        state.secrets = state.secrets.wiped()
        secretTree = SecretTree(leafCount: 0, nodes: [:], ratchets: [:], suite: state.suite)
        forgetOldEpochs()
    }
}
