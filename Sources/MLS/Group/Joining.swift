import TLSSyntax

/// A group that a Welcome leads to, verified and not yet adopted. Look at the members' credentials
/// first (RFC 9420 section 5.3.1).
public struct StagedJoin: ~Copyable, Sendable {
    /// Who is in the group, ourselves included.
    public let members: [Member]
    /// The member who invited us.
    public let signer: Member
    /// The context of the group's epoch.
    public let context: GroupContext
    /// The GroupInfo's extensions, unknown ones included.
    public let groupInfoExtensions: Extensions
    /// Pre-shared keys that went into the epoch.
    public let preSharedKeys: [PreSharedKeyName]
    fileprivate let next: NextEpoch
    fileprivate let policy: GroupPolicy
    fileprivate let environment: Environment

    /// Takes part in the group.
    public consuming func adopt() -> Group {
        Group(next, policy: policy, environment: environment)
    }
}

/// What is needed besides a Welcome to join by it.
public struct JoinOptions: Sendable {
    /// The tree, if it is not in the Welcome.
    public var ratchetTree: [UInt8]?
    /// Keys that the Welcome may name.
    public var preSharedKeys = PreSharedKeys()
    /// The group that the new one reinitializes or branches from, if it does.
    public var priorGroup: PriorGroup?
    /// Names of the groups that we are in: the new one's must be another.
    public var knownGroupIDs: Set<[UInt8]> = []

    /// The usual: a tree in the Welcome, no keys, a group of its own.
    public init() {}
}

extension Group {
    /// Joins by a Welcome (RFC 9420 section 12.4.3.1): opens it and verifies all there is to be
    /// verified without knowing what a credential is worth.
    ///
    /// - Parameter bundle: the key package that was used, with its private keys; throw it away
    ///   when the join was adopted.
    public static func join(
        _ welcome: Welcome, with bundle: KeyPackageBundle, options: JoinOptions = JoinOptions(),
        policy: GroupPolicy = GroupPolicy(), environment: Environment
    ) throws(MLSError) -> StagedJoin {
        let suite = try Suite(welcome.cipherSuite)
        let opened = try welcome.openSecrets(
            bundle.keyPackage, initKey: bundle.initKey, suite: suite)
        var keys = options.preSharedKeys
        if let prior = options.priorGroup { prior.add(to: &keys) }
        let schedule = JoinerSchedule(
            joinerSecret: opened.joinerSecret,
            pskSecret: try keys.pskSecret(opened.preSharedKeys, suite: suite), suite: suite)
        let info = try welcome.openGroupInfo(schedule, suite: suite)
        guard !options.knownGroupIDs.contains(info.groupContext.groupID) else {
            throw .groupIDInUse
        }
        let tree = try info.validate(
            ratchetTree: options.ratchetTree, suite: suite, lifetimes: policy.lifetimes)
        try PriorGroup.check(
            opened.preSharedKeys, options.priorGroup, info.groupContext, tree)

        let treeKeys = try privateKeys(bundle, opened.pathSecret, info, tree, suite)
        let secrets = schedule.epochSecrets(info.groupContext)
        let tag = secrets.confirmationTag(info.groupContext, suite: suite)
        guard Secret(tag) == Secret(info.confirmationTag) else { throw .invalidConfirmationTag }
        guard let signer = tree[info.signer] else { throw .unknownMember(info.signer) }
        return StagedJoin(
            members: tree.members.map { Member(index: $0.index, leaf: $0.leaf) },
            signer: Member(index: info.signer, leaf: signer), context: info.groupContext,
            groupInfoExtensions: info.extensions,
            preSharedKeys: opened.preSharedKeys.map { $0.name },
            next: NextEpoch(
                state: EpochState(
                    suite: suite, context: info.groupContext, tree: tree, keys: treeKeys,
                    secrets: secrets, confirmationTag: tag),
                encryptionSecret: secrets.encryptionSecret, identity: bundle.identity,
                reInit: nil),
            policy: policy, environment: environment)
    }

    /// Finds our leaf and derives the private keys that the path secret gives us.
    private static func privateKeys(
        _ bundle: KeyPackageBundle, _ pathSecret: Secret?, _ info: GroupInfo,
        _ tree: RatchetTree, _ suite: Suite
    ) throws(MLSError) -> TreePrivateKeys {
        let own = bundle.keyPackage.leafNode
        guard let place = tree.leaves.firstIndex(where: { $0?.value == own }) else {
            throw .ownLeafMissing
        }
        let capabilities = own.capabilities
        guard info.groupContext.extensions.types.allSatisfy(capabilities.supports) else {
            throw .groupExtensionNotSupported
        }
        var keys = TreePrivateKeys(leafIndex: LeafIndex(place), leaf: bundle.encryptionKey)
        guard let pathSecret else { return keys }
        let ancestor = NodeIndex.commonAncestor(keys.leafIndex, info.signer)
        let above = tree.filteredDirectPath(info.signer).map { $0.node }
            .filter { $0.level >= ancestor.level }
        guard above.first == ancestor else { throw .pathKeyMismatch }
        _ = try keys.implant(pathSecret, on: above, of: tree, suite)
        return keys
    }
}
