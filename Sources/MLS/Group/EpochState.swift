import TLSSyntax

/// All that a member knows of an epoch, message keys aside.
struct EpochState: Sendable {
    let suite: Suite
    var context: GroupContext
    var tree: RatchetTree
    var keys: TreePrivateKeys
    /// Without the encryption secret, which the secret tree has.
    var secrets: EpochSecrets
    var interimTranscriptHash: [UInt8]
    var confirmationTag: [UInt8]

    var ownLeaf: LeafIndex { keys.leafIndex }

    /// The state of an epoch from its secrets.
    init(
        suite: Suite, context: GroupContext, tree: RatchetTree, keys: TreePrivateKeys,
        secrets: EpochSecrets, confirmationTag: [UInt8]
    ) {
        self.suite = suite
        self.context = context
        self.tree = tree
        self.keys = keys
        self.secrets = secrets.droppingEncryptionSecret()
        self.confirmationTag = confirmationTag
        interimTranscriptHash = TranscriptHashes.interim(
            confirmed: context.confirmedTranscriptHash, confirmationTag: confirmationTag,
            suite: suite)
    }
}

/// An epoch that a commit leads to, before it is adopted.
struct NextEpoch: Sendable {
    let state: EpochState
    let encryptionSecret: Secret
    /// Whom we sign as from then on.
    let identity: Identity
    let reInit: ReInit?

    var secretTree: SecretTree {
        SecretTree(
            encryptionSecret: encryptionSecret, size: state.tree.size, suite: state.suite)
    }
}

/// A commit on its way through the key schedule: what creating and processing have in common.
struct Transition: Sendable {
    let suite: Suite
    /// The context of the epoch that the commit is sent in.
    let old: GroupContext
    let oldInterimTranscriptHash: [UInt8]
    /// With proposals and path applied.
    let tree: RatchetTree
    let extensions: Extensions
    let initSecret: Secret
    let commitSecret: Secret
    let pskSecret: Secret

    /// The context that path secrets are encrypted under: all new but the transcript (section
    /// 12.4.1).
    static func provisionalContext(
        _ old: GroupContext, treeHash: [UInt8], extensions: Extensions
    ) throws(MLSError) -> GroupContext {
        guard old.epoch < .max else { throw .wrongEpoch(old.epoch) }
        var context = old
        context.epoch += 1
        context.treeHash = treeHash
        context.extensions = extensions
        return context
    }

    /// What the commit, once signed, makes of the key schedule.
    struct Outcome: Sendable {
        let context: GroupContext
        let joinerSecret: Secret
        let secrets: EpochSecrets
        let confirmationTag: [UInt8]
        let tree: RatchetTree
    }

    func run(_ commit: AuthenticatedContent) throws(MLSError) -> Outcome {
        var tree = tree
        var context = try Self.provisionalContext(
            old, treeHash: tree.rootHash(suite), extensions: extensions)
        context.confirmedTranscriptHash = TranscriptHashes.confirmed(
            interim: oldInterimTranscriptHash, commit: commit, suite: suite)
        let joinerSecret = JoinerSchedule.joinerSecret(
            initSecret: initSecret, commitSecret: commitSecret, context: context, suite: suite)
        let secrets = JoinerSchedule(
            joinerSecret: joinerSecret, pskSecret: pskSecret, suite: suite
        ).epochSecrets(context)
        return Outcome(
            context: context, joinerSecret: joinerSecret, secrets: secrets,
            confirmationTag: secrets.confirmationTag(context, suite: suite), tree: tree)
    }
}

extension Transition.Outcome {
    func next(
        keys: TreePrivateKeys, identity: Identity, reInit: ReInit?, suite: Suite
    ) -> NextEpoch {
        NextEpoch(
            state: EpochState(
                suite: suite, context: context, tree: tree, keys: keys, secrets: secrets,
                confirmationTag: confirmationTag),
            encryptionSecret: secrets.encryptionSecret, identity: identity, reInit: reInit)
    }
}
