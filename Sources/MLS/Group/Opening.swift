extension Group {
    /// Decodes and opens a message.
    ///
    /// - Throws: `MLSError.malformed` and all that `open(_:)` throws.
    public mutating func open(bytes: [UInt8]) throws(MLSError) -> VerifiedMessage {
        try open(MLSMessage(bytes: bytes))
    }

    /// Decrypts a private message or checks the membership tag of a public one, then the signature
    /// (RFC 9420 section 6). A private message's key is spent when all is well, and only then.
    ///
    /// - Throws: `MLSError.ownMessage` for what we sent ourselves, `wrongEpoch` for what comes too
    ///   early or too late, `messageKeyUsed` for a repeat.
    public mutating func open(_ message: MLSMessage) throws(MLSError) -> VerifiedMessage {
        forgetOldEpochs()
        switch message {
        case .privateMessage(let message):
            guard message.groupID == groupID else { throw .wrongGroup }
            guard message.epoch == epoch, standing != .removed else {
                return .application(try openPast(message))
            }
            if message.contentType != .application { try checkActive() }
            let content = try Self.open(
                message, state.context, state.tree, own: state.ownLeaf,
                state.secrets.senderDataSecret, &secretTree, policy, state.suite)
            return try verified(content)
        case .publicMessage(let message):
            guard message.groupID == groupID else { throw .wrongGroup }
            guard message.epoch == epoch else { throw .wrongEpoch(message.epoch) }
            try checkActive()
            return try verified(open(message))
        case .welcome, .groupInfo, .keyPackage: throw .contentNotAllowedForSender
        }
    }

    /// Application data of an epoch that is over; handshakes of it are of no use any more.
    private mutating func openPast(
        _ message: PrivateMessage
    ) throws(MLSError) -> ApplicationMessage {
        let place = pastEpochs.firstIndex { $0.context.epoch == message.epoch }
        guard message.contentType == .application, let place else {
            throw .wrongEpoch(message.epoch)
        }
        let past = pastEpochs[place]
        let content = try Self.open(
            message, past.context, past.tree, own: past.ownLeaf, past.senderDataSecret,
            &pastEpochs[place].secretTree, policy, state.suite)
        guard case .application(let data) = content.content.content else {
            throw .wrongEpoch(message.epoch)
        }
        return try Self.application(data, content.content, past.tree)
    }

    private static func application(
        _ data: [UInt8], _ content: FramedContent, _ tree: RatchetTree
    ) throws(MLSError) -> ApplicationMessage {
        guard case .member(let leaf) = content.sender, let sender = tree[leaf] else {
            throw .unknownSender
        }
        return ApplicationMessage(
            data: data, authenticatedData: content.authenticatedData,
            sender: Member(index: leaf, leaf: sender), epoch: content.epoch)
    }

    private static func open(
        _ message: PrivateMessage, _ context: GroupContext, _ tree: RatchetTree, own: LeafIndex,
        _ senderDataSecret: Secret, _ secretTree: inout SecretTree, _ policy: GroupPolicy,
        _ suite: Suite
    ) throws(MLSError) -> AuthenticatedContent {
        let sender = try message.openSenderData(senderDataSecret, suite: suite)
        guard sender.leafIndex != own else { throw .ownMessage }
        // Section 6.3.2: "the recipient MUST verify that the leaf index indicated in the
        // `leaf_index` field identifies a non-blank node."
        guard let leaf = tree[sender.leafIndex] else { throw .unknownSender }
        return try secretTree.withKey(
            message.contentType == .application ? .application : .handshake,
            of: sender.leafIndex, generation: sender.generation, policy: policy.ratchets
        ) { (key: consuming MessageKey) throws(MLSError) in
            let content = try message.open(sender, key: key, suite: suite)
            // Inside, so that another member's forgery does not spend the sender's key.
            try content.verifySignature(by: leaf.signatureKey, context: context, suite: suite)
            return content
        }
    }

    private func open(_ message: PublicMessage) throws(MLSError) -> AuthenticatedContent {
        if message.sender == .member(state.ownLeaf) { throw .ownMessage }
        let content = try message.unprotect(
            membershipKey: state.secrets.membershipKey, context: state.context,
            suite: state.suite)
        try content.verifySignature(
            by: signatureKey(for: message.content), context: state.context, suite: state.suite)
        return content
    }

    /// Which key must have signed, by the kind of sender (RFC 9420 section 6.1).
    private func signatureKey(
        for content: FramedContent
    ) throws(MLSError) -> SignaturePublicKey {
        switch (content.sender, content.content) {
        case (.member(let leaf), _):
            guard let member = state.tree[leaf] else { throw .unknownSender }
            return member.signatureKey
        case (.external(let index), .proposal(let proposal)):
            guard proposal.type.isAllowedExternally else { throw .contentNotAllowedForSender }
            let senders = try state.context.externalSenders()
            guard Int(index) < senders.count else { throw .unknownExternalSender }
            return senders[Int(index)].signatureKey
        case (.newMemberProposal, .proposal(.add(let package))):
            return package.leafNode.signatureKey
        case (.newMemberCommit, .commit(let commit)):
            guard let path = commit.path else { throw .pathRequired }
            return path.leafNode.signatureKey
        default: throw .contentNotAllowedForSender
        }
    }

    private func verified(_ message: AuthenticatedContent) throws(MLSError) -> VerifiedMessage {
        let content = message.content
        switch content.content {
        case .application(let data):
            return .application(try Self.application(data, content, state.tree))
        case .proposal(let proposal):
            return .proposal(
                VerifiedProposal(
                    proposal: proposal, sender: content.sender,
                    authenticatedData: content.authenticatedData,
                    reference: message.proposalReference(state.suite), base: state.context))
        case .commit(let commit):
            return .commit(
                VerifiedCommit(content: message, commit: commit, base: state.context))
        }
    }
}
