import TLSSyntax

/// How a commit is made.
public struct CommitOptions: Sendable {
    /// Makes a path even where none is needed: the committer's keys are then renewed.
    public var forcesPath = false
    /// Covers the proposals that were kept, as far as they go together.
    public var coversKeptProposals = true
    /// Keys for the PreSharedKey proposals among the changes and the kept proposals.
    public var preSharedKeys = PreSharedKeys()
    /// Puts the tree into the Welcome; otherwise newcomers need `PendingCommit.ratchetTree`.
    public var putsTreeInWelcome = true
    /// More extensions for the Welcome's GroupInfo.
    public var groupInfoExtensions: Extensions = []
    /// Goes along in the clear, and nobody can change it.
    public var authenticatedData: [UInt8] = []
    /// With a path: whom we are from then on.
    public var identity: Identity?
    /// With a path: what we support from then on.
    public var capabilities: Capabilities?
    /// With a path: the extensions of our leaf from then on.
    public var leafExtensions: Extensions?

    /// The standard way; change what shall be different.
    public init() {}

    /// Whether something is to be changed that only a path can.
    var changesLeaf: Bool { identity != nil || capabilities != nil || leafExtensions != nil }
}

/// A commit of ours, made and not yet adopted. Send the message; adopt the commit when it is sure
/// that no other came first, and only then give the Welcome away. To give it up, drop it. A program
/// that may end in between keeps `savedState()` first.
public struct PendingCommit: ~Copyable, Sendable {
    /// For the group.
    public let message: MLSMessage
    /// For those who were added, if any were.
    public let welcome: MLSMessage?
    /// What it changes.
    public let changes: EpochChanges
    let base: GroupContext
    let next: NextEpoch

    /// The `epoch_authenticator` of the epoch that it leads to.
    public var epochAuthenticator: Secret { next.state.secrets.epochAuthenticator }

    /// The tree that goes with the Welcome when it is not inside.
    public var ratchetTree: [UInt8] { next.state.tree.tlsEncoded }
}

extension Group {
    /// Goes to the epoch that our commit leads to.
    ///
    /// - Throws: `MLSError.staleCommit` when the group has moved since the commit was made.
    public mutating func adopt(_ pending: consuming PendingCommit) throws(MLSError) {
        guard pending.base == state.context else { throw .staleCommit }
        try checkActive()
        advance(to: pending.next)
    }
}
