/// A message that a group has opened and verified.
public enum VerifiedMessage: Sendable {
    /// Bytes of the application.
    case application(ApplicationMessage)
    /// A proposal; the group does not know it until it is kept.
    case proposal(VerifiedProposal)
    /// A commit; to be staged.
    case commit(VerifiedCommit)
}

/// Application data, verified.
public struct ApplicationMessage: Sendable, Equatable {
    /// What was sent.
    public let data: [UInt8]
    /// What the sender put beside it in the clear, verified too.
    public let authenticatedData: [UInt8]
    /// The member who sent it, as the tree of that epoch shows it.
    public let sender: Member
    /// The epoch in which it was sent; perhaps a past one.
    public let epoch: UInt64
}

/// A proposal whose signature was verified.
public struct VerifiedProposal: Sendable {
    /// What is proposed.
    public let proposal: Proposal
    /// Who proposes it.
    public let sender: Sender
    /// What the sender put beside it in the clear, verified too.
    public let authenticatedData: [UInt8]
    let reference: [UInt8]
    let base: GroupContext
}

/// A commit whose signature was verified. What it leads to is not known before it is staged.
public struct VerifiedCommit: Sendable {
    /// Who committed.
    public var sender: Sender { content.content.sender }
    /// What the sender put beside it in the clear, verified too.
    public var authenticatedData: [UInt8] { content.content.authenticatedData }
    let content: AuthenticatedContent
    let commit: Commit
    let base: GroupContext
}
