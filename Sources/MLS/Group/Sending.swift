/// A change of a group that a member may propose or commit.
public enum Change: Sendable, Equatable {
    /// Adds the owner of a key package. Its credential is for the caller to check before.
    case add(KeyPackage)
    /// Removes the member at a leaf.
    case remove(LeafIndex)
    /// Brings a pre-shared key into the next epoch's secrets.
    case preSharedKey(PreSharedKeyName)
    /// Replaces the group's extensions, all of them.
    case groupContextExtensions(Extensions)
    /// Closes the group; another takes its place. It stands alone in its commit.
    case reInit(ReInit)
}

extension Group {
    /// Encrypts application data for the members of this epoch.
    ///
    /// - Parameter authenticatedData: goes along in the clear, and nobody can change it.
    /// - Throws: `MLSError.proposalsPending` while there are proposals to be committed first.
    public mutating func encrypt(
        _ data: [UInt8], authenticatedData: [UInt8] = []
    ) throws(MLSError) -> MLSMessage {
        try checkActive()
        // Section 12.4: "A group member that has observed one or more valid proposals within an
        // epoch MUST send a Commit message before sending application data."
        guard proposals.isEmpty else { throw .proposalsPending }
        let content = try sign(
            .application(data), authenticatedData: authenticatedData, .privateMessage)
        return .privateMessage(try seal(content, .application))
    }

    /// Proposes a change to the group; someone, perhaps ourselves, commits it later.
    public mutating func propose(
        _ change: Change, authenticatedData: [UInt8] = []
    ) throws(MLSError) -> MLSMessage {
        try checkActive()
        return try send(proposal(for: change), authenticatedData)
    }

    /// Proposes a new leaf for ourselves: fresh keys, and what else is given. Only another member
    /// can commit it.
    public mutating func proposeUpdate(
        identity newIdentity: Identity? = nil, capabilities: Capabilities? = nil,
        leafExtensions: Extensions? = nil, authenticatedData: [UInt8] = []
    ) throws(MLSError) -> MLSMessage {
        try checkActive()
        guard let old = state.tree[state.ownLeaf] else { throw .removedFromGroup }
        let key = try state.suite.kem.generateKeyPair(environment)
        let identity = newIdentity ?? self.identity
        let leaf = try LeafNode(
            identity: identity, encryptionKey: key.publicKey,
            capabilities: capabilities ?? old.capabilities, source: .update,
            extensions: leafExtensions ?? old.extensions,
            position: .init(groupID: groupID, leafIndex: state.ownLeaf), suite: state.suite)
        let message = try send(.update(leaf), authenticatedData)
        ownUpdates.append(OwnUpdate(encryptionKey: key, identity: identity))
        return message
    }

    /// Keeps a verified proposal, so that a commit can refer to it.
    ///
    /// - Throws: what is wrong with the proposal by itself (RFC 9420 section 12.1); it is then not
    ///   kept, and a commit that refers to it will be refused.
    public mutating func keep(_ verified: VerifiedProposal) throws(MLSError) {
        try checkActive()
        guard verified.base == state.context else { throw .staleCommit }
        let entry = ProposalEntry(proposal: verified.proposal, sender: verified.sender)
        try check(entry, isSending: false)
        proposals.keep(entry, reference: verified.reference)
    }

    /// The proposals that wait to be committed, in order of arrival.
    public var keptProposals: [KeptProposal] {
        proposals.list.map {
            KeptProposal(
                reference: $0.reference, sender: $0.entry.sender, proposal: $0.entry.proposal)
        }
    }

    /// Drops a kept proposal that the application does not want committed; one that is not kept is
    /// no fault.
    public mutating func dropProposal(reference: [UInt8]) { proposals.drop(reference) }

    /// Drops a kept proposal that the application does not want committed.
    public mutating func drop(_ verified: VerifiedProposal) {
        dropProposal(reference: verified.reference)
    }

    /// Validates a proposal by itself, as if someone who has nothing to do with it committed it.
    private func check(_ entry: ProposalEntry, isSending: Bool) throws(MLSError) {
        let nobody = LeafIndex(UInt32.max)
        _ = try ProposalList(entries: [entry], committer: .member(nobody)).apply(
            to: state.tree, state.context, validation(isSending: isSending))
    }

    func proposal(for change: Change) -> Proposal {
        switch change {
        case .add(let package): .add(package)
        case .remove(let leaf): .remove(leaf)
        case .preSharedKey(let name):
            .preSharedKey(
                PreSharedKeyID(
                    name: name, nonce: environment.randomBytes(state.suite.hash.size)))
        case .groupContextExtensions(let extensions): .groupContextExtensions(extensions)
        case .reInit(let parameters): .reInit(parameters)
        }
    }

    private mutating func send(
        _ proposal: Proposal, _ authenticatedData: [UInt8]
    ) throws(MLSError) -> MLSMessage {
        let entry = ProposalEntry(proposal: proposal, sender: .member(state.ownLeaf))
        try check(entry, isSending: true)
        let content = try sign(
            .proposal(proposal), authenticatedData: authenticatedData, handshakeFormat)
        let message = try protect(content)
        proposals.keep(entry, reference: content.proposalReference(state.suite))
        return message
    }

    // MARK: Protection

    var handshakeFormat: WireFormat {
        policy.encryptsHandshakes ? .privateMessage : .publicMessage
    }

    func sign(
        _ content: Content, authenticatedData: [UInt8], _ format: WireFormat
    ) throws(MLSError) -> AuthenticatedContent {
        try AuthenticatedContent(
            signing: FramedContent(
                groupID: groupID, epoch: epoch, sender: .member(state.ownLeaf),
                authenticatedData: authenticatedData, content: content),
            wireFormat: format, context: state.context, key: identity.signatureKey,
            suite: state.suite)
    }

    mutating func protect(_ content: AuthenticatedContent) throws(MLSError) -> MLSMessage {
        if content.wireFormat == .privateMessage {
            return .privateMessage(try seal(content, .handshake))
        }
        return .publicMessage(
            try PublicMessage(
                content, membershipKey: state.secrets.membershipKey, context: state.context,
                suite: state.suite))
    }

    private mutating func seal(
        _ content: AuthenticatedContent, _ kind: RatchetKind
    ) throws(MLSError) -> PrivateMessage {
        let key = try secretTree.next(kind, of: state.ownLeaf)
        return try PrivateMessage(
            content, key: key, senderDataSecret: state.secrets.senderDataSecret,
            padding: policy.padding, suite: state.suite, environment: environment)
    }
}

/// A proposal that waits for a commit.
public struct KeptProposal: Sendable, Equatable {
    /// `ProposalRef` (RFC 9420 section 5.2): its name in commits.
    public let reference: [UInt8]
    /// Whose it is.
    public let sender: Sender
    /// What is proposed.
    public let proposal: Proposal
}
