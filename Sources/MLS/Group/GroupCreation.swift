import TLSSyntax

extension Group {
    /// Creates a group of one (RFC 9420 section 11).
    ///
    /// - Parameters:
    ///   - groupID: a name that no other group has; random bytes of the hash's size by default.
    ///   - extensions: of the GroupContext; our capabilities must list those beyond the default.
    public static func create(
        groupID: [UInt8]? = nil, suite id: CipherSuite, identity: Identity,
        capabilities: Capabilities = Capabilities(), leafExtensions: Extensions = [],
        extensions: Extensions = [], policy: GroupPolicy = GroupPolicy(),
        environment: Environment
    ) throws(MLSError) -> Group {
        let bundle = try KeyPackageBundle(
            suite: id, identity: identity, capabilities: capabilities,
            leafExtensions: leafExtensions, lifetime: min(policy.lifetimes.maximum / 2, 90 * 86400),
            grease: policy.greases, environment: environment)
        let suite = try Suite(id)
        return try create(
            groupID: groupID ?? environment.randomBytes(suite.hash.size), suite: suite,
            bundle: bundle, extensions: extensions, policy: policy, environment: environment)
    }

    static func create(
        groupID: [UInt8], suite: Suite, bundle: KeyPackageBundle, extensions: Extensions,
        policy: GroupPolicy, environment: Environment
    ) throws(MLSError) -> Group {
        let leaf = bundle.keyPackage.leafNode
        try extensions.checkNoRepeats()
        try leaf.validate(
            .keyPackage, suite: suite, groupExtensions: extensions,
            required: extensions.decode(.requiredCapabilities, as: RequiredCapabilities.self),
            lifetimes: policy.lifetimes)
        var tree = RatchetTree(leaf)
        let context = GroupContext(
            cipherSuite: suite.id, groupID: groupID, epoch: 0, treeHash: tree.rootHash(suite),
            confirmedTranscriptHash: [], extensions: extensions)
        let secrets = EpochSecrets(
            epochSecret: environment.secret(suite.hash.size), suite: suite)
        let state = EpochState(
            suite: suite, context: context, tree: tree,
            keys: TreePrivateKeys(leafIndex: LeafIndex(0), leaf: bundle.encryptionKey),
            secrets: secrets, confirmationTag: secrets.confirmationTag(context, suite: suite))
        return Group(
            NextEpoch(
                state: state, encryptionSecret: secrets.encryptionSecret,
                identity: bundle.identity, reInit: nil),
            policy: policy, environment: environment)
    }

    /// A GroupInfo of this epoch (RFC 9420 section 12.4.3), as a message.
    ///
    /// - Parameters:
    ///   - includesTree: whether the tree is inside, or goes another way.
    ///   - allowsExternalCommits: whether the key is inside with which anyone who has the GroupInfo
    ///     can join.
    public func groupInfo(
        includesTree: Bool = true, allowsExternalCommits: Bool = false
    ) throws(MLSError) -> MLSMessage {
        try checkActive()
        var extensions: [Extension] = []
        if allowsExternalCommits {
            let key = try state.secrets.externalKeyPair(state.suite).publicKey
            extensions.append(Extension(type: .externalPub, data: key.tlsEncoded))
        }
        return .groupInfo(
            try Self.makeGroupInfo(
                state.context, tree: includesTree ? state.tree : nil, extensions: extensions,
                confirmationTag: state.confirmationTag, signer: state.ownLeaf,
                key: identity.signatureKey, suite: state.suite,
                grease: policy.greases ? environment : nil))
    }

    /// Signs a GroupInfo of any epoch of ours.
    static func makeGroupInfo(
        _ context: GroupContext, tree: RatchetTree?, extensions: [Extension],
        confirmationTag: [UInt8], signer: LeafIndex, key: SignaturePrivateKey, suite: Suite,
        grease: Environment?
    ) throws(MLSError) -> GroupInfo {
        var list = extensions
        if let tree { list.append(Extension(type: .ratchetTree, data: tree.tlsEncoded)) }
        if let grease {
            let random = grease.randomBytes(5)
            let type = Grease.values[Int(random[0]) % Grease.values.count]
            list.append(Extension(type: .init(rawValue: type), data: Array(random.dropFirst())))
        }
        return try GroupInfo(
            groupContext: context, extensions: Extensions(list),
            confirmationTag: confirmationTag, signer: signer, key: key, suite: suite)
    }
}
