package import NIOCore
package import Wire

/// How many commits of a room each attachment may have taken by the log. Each one that is taken
/// makes all others that are on their way void, so that too many keep everybody else from
/// committing: from coming in, from being removed, from renewing keys.
///
/// A member has a budget of its own. All who have only the link share one, however many they are.
package struct CommitBudget: Sendable {
    private let perSecond: Int
    private let burst: Int
    private var members: [AttachmentID: TokenBucket] = [:]
    private var guests: TokenBucket

    package init(limits: ServerLimits, now: NIODeadline) {
        perSecond = limits.commitsPerSecond
        burst = limits.commitBurst
        guests = TokenBucket(
            perSecond: limits.guestCommitsPerSecond, burst: limits.guestCommitBurst, now: now)
    }

    /// Whether the log may be asked to take a commit.
    package mutating func allows(
        _ attachment: AttachmentID, isMember: Bool, now: NIODeadline
    ) -> Bool {
        guard isMember else {
            guests.take(0, now: now)
            return guests.wait == nil
        }
        members[attachment]?.take(0, now: now)
        return members[attachment]?.wait == nil
    }

    /// The log took one.
    package mutating func committed(
        _ attachment: AttachmentID, isMember: Bool, now: NIODeadline
    ) {
        guard isMember else { return guests.take(1, now: now) }
        members[
            attachment, default: TokenBucket(perSecond: perSecond, burst: burst, now: now)
        ].take(1, now: now)
    }

    /// An attachment is gone for good.
    package mutating func gone(_ attachment: AttachmentID) { members[attachment] = nil }
}
