/// Proposals from outside of a group (RFC 9420 section 12.1.8). They are public messages, since
/// outsiders have no keys of the group.
public enum ExternalProposal {
    /// A proposal of one of the group's `external_senders`.
    ///
    /// - Parameters:
    ///   - index: the sender's place in the extension.
    ///   - signatureKey: the key that the extension lists.
    /// - Throws: `MLSError.contentNotAllowedForSender` for what only members may propose.
    public static func make(
        _ proposal: Proposal, groupID: [UInt8], epoch: UInt64, senderIndex index: UInt32,
        signatureKey: SignaturePrivateKey, suite id: CipherSuite,
        authenticatedData: [UInt8] = []
    ) throws(MLSError) -> MLSMessage {
        guard proposal.type.isAllowedExternally else { throw .contentNotAllowedForSender }
        return try sign(
            proposal, .external(index: index), groupID, epoch, signatureKey, id,
            authenticatedData)
    }

    /// The wish of a newcomer to be added.
    ///
    /// - Parameter bundle: our own key package, for the group's suite.
    public static func addMyself(
        _ bundle: KeyPackageBundle, groupID: [UInt8], epoch: UInt64,
        authenticatedData: [UInt8] = []
    ) throws(MLSError) -> MLSMessage {
        try sign(
            .add(bundle.keyPackage), .newMemberProposal, groupID, epoch,
            bundle.identity.signatureKey, bundle.keyPackage.cipherSuite, authenticatedData)
    }

    private static func sign(
        _ proposal: Proposal, _ sender: Sender, _ groupID: [UInt8], _ epoch: UInt64,
        _ key: SignaturePrivateKey, _ id: CipherSuite, _ authenticatedData: [UInt8]
    ) throws(MLSError) -> MLSMessage {
        let suite = try Suite(id)
        // Outsiders do not sign the context (section 6.1); this one is not looked at.
        let context = GroupContext(
            cipherSuite: id, groupID: groupID, epoch: epoch, treeHash: [],
            confirmedTranscriptHash: [], extensions: [])
        let content = try AuthenticatedContent(
            signing: FramedContent(
                groupID: groupID, epoch: epoch, sender: sender,
                authenticatedData: authenticatedData, content: .proposal(proposal)),
            wireFormat: .publicMessage, context: context, key: key, suite: suite)
        return .publicMessage(
            try PublicMessage(content, membershipKey: nil, context: context, suite: suite))
    }
}
