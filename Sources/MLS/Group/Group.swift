import TLSSyntax

/// One member's side of an MLS group.
///
/// It cannot be copied: two copies would encrypt under the same message key. Every method either
/// does what it says or throws and leaves the group as it was, save that a message key that was
/// drawn is spent.
///
/// The steps from bytes to a new epoch are types: an `MLSMessage` is decoded and nothing more;
/// `open` verifies it; `stage` works out what a verified commit leads to; `adopt` goes there. A
/// commit of our own is a `PendingCommit` until it is adopted or dropped.
public struct Group: ~Copyable, Sendable {
    var state: EpochState
    var secretTree: SecretTree
    var identity: Identity
    var proposals = ProposalCache()
    /// Private keys and identities of Updates that we proposed in this epoch.
    var ownUpdates: [OwnUpdate] = []
    var pastEpochs: [PastEpoch] = []
    /// The `resumption_psk` of recent epochs, this one's included, by epoch.
    var resumptionKeys: [UInt64: Secret]
    var standing: Standing = .active
    let environment: Environment

    /// What the application decides; it may change its mind.
    public var policy: GroupPolicy

    /// Whether the group can be taken part in.
    enum Standing: Sendable, Equatable {
        case active
        case reinitialized(ReInit)
        case removed
    }

    struct OwnUpdate: Sendable {
        let encryptionKey: HPKEPrivateKey
        let identity: Identity
    }

    init(_ first: NextEpoch, policy: GroupPolicy, environment: Environment) {
        state = first.state
        secretTree = first.secretTree
        identity = first.identity
        resumptionKeys = [first.state.context.epoch: first.state.secrets.resumptionPSK]
        self.policy = policy
        self.environment = environment
    }

    // MARK: What an application may know

    /// The context of the current epoch.
    public var context: GroupContext { state.context }
    /// The group's name.
    public var groupID: [UInt8] { state.context.groupID }
    /// How many commits led here.
    public var epoch: UInt64 { state.context.epoch }
    /// The group's suite.
    public var cipherSuite: CipherSuite { state.suite.id }
    /// Where we stand in the tree.
    public var ownLeafIndex: LeafIndex { state.ownLeaf }
    /// How many members there are.
    public var memberCount: Int { state.tree.memberCount }

    /// Whether we have a key of the node so many levels above our leaf, 1 for its parent: somebody
    /// below it has committed with a path since we came in, and a commit with a path of ours costs
    /// the group little more than it must.
    public func knowsAncestor(level: Int) -> Bool {
        let path = state.tree.size.directPath(of: state.ownLeaf)
        guard level > 0, level <= path.count else { return false }
        return state.keys.key(for: path[level - 1].node, in: state.tree) != nil
    }

    /// The members, from left to right.
    public var members: [Member] {
        state.tree.members.map { Member(index: $0.index, leaf: $0.leaf) }
    }

    /// The member at a leaf, if somebody is.
    public func member(at index: LeafIndex) -> LeafNode? { state.tree[index] }

    /// The tree as bytes, for newcomers to have beside their Welcome.
    public var ratchetTree: [UInt8] { state.tree.tlsEncoded }

    /// True from the commit that removed us on.
    public var isRemoved: Bool { standing == .removed }

    /// What the group that takes this one's place shall be, once a ReInit was committed.
    public var reInit: ReInit? {
        guard case .reinitialized(let reInit) = standing else { return nil }
        return reInit
    }

    /// Whether proposals wait to be committed. Application data may not be sent until then.
    public var hasProposals: Bool { !proposals.isEmpty }

    /// The same at all members who are of one mind, and different for an impostor's victims (RFC
    /// 9420 section 8.7).
    public var epochAuthenticator: Secret { state.secrets.epochAuthenticator }

    /// `MLS-Exporter` (RFC 9420 section 8.5): a secret of this epoch for a purpose outside of MLS.
    ///
    /// - Parameters:
    ///   - label: the purpose; no two purposes may share one.
    ///   - length: bytes wanted, at most 255 times the suite's hash.
    /// - Throws: `MLSError.removedFromGroup`.
    public func export(
        label: String, context: [UInt8], length: Int
    ) throws(MLSError) -> Secret {
        guard standing != .removed else { throw .removedFromGroup }
        return state.secrets.export(label, context: context, length: length, suite: state.suite)
    }

    /// The `resumption_psk` of this epoch or of a recent one that is still kept.
    public func resumptionKey(epoch: UInt64) -> Secret? { resumptionKeys[epoch] }

    func checkActive() throws(MLSError) {
        switch standing {
        case .active: return
        case .reinitialized: throw .groupReinitialized
        case .removed: throw .removedFromGroup
        }
    }

    func validation(isSending: Bool) -> ValidationContext {
        ValidationContext(
            suite: state.suite, lifetimes: policy.lifetimes, now: environment.now(),
            isSending: isSending)
    }

    /// The application's keys, and our own resumption keys of this group.
    func allKeys(_ given: PreSharedKeys) -> PreSharedKeys {
        var keys = given
        for (epoch, key) in resumptionKeys { keys.add(key, groupID: groupID, epoch: epoch) }
        return keys
    }
}

/// A member as the tree shows it.
public struct Member: Sendable, Equatable {
    /// Its place among the leaves.
    public let index: LeafIndex
    /// Its leaf.
    public let leaf: LeafNode
    /// Who it claims to be.
    public var credential: Credential { leaf.credential }
}
