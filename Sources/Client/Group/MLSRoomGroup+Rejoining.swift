import MLS
import Wire

/// Asking to be let in anew while we are in a group: what we have is kept, and heard and spoken in,
/// until we hold a valid Welcome to something better. So nobody can have members give up what they
/// have together for nothing.
extension MLSRoomGroup {
    /// Begins to knock from inside, unless we do so already.
    func rejoin(because cause: Seeking.Cause, now: Duration) -> [GroupStep] {
        guard membership?.hasSaidBye == false, seeking == nil else { return [] }
        var seeking = Seeking()
        seeking.cause = cause
        seeking.recentKnocks = earlierKnocks
        seeking.lastKnock = earlierKnocks.last
        seeking.attempts = laterAttempts
        seeking.knock(after: .zero, now: now)
        self.seeking = seeking
        return rejoinIfDue(now: now)
    }

    func rejoinIfDue(now: Duration) -> [GroupStep] {
        guard membership != nil, let due = seeking?.nextKnock, now >= due else { return [] }
        guard let left = seeking?.knocksLeft, left > 0 else {
            membership?.doubt.giveUp()
            stayInside()
            return []
        }
        seeking?.knocksLeft = left - 1
        return knock(now: now)
    }

    /// Nobody let us in by this knock.
    func rejoinLater(now: Duration) -> [GroupStep] {
        seeking?.isAsking = false
        seeking?.knock(after: between(.zero, Seeking.spacing), now: now)
        return []
    }

    /// There is no cause to come in anew any more. An answer may be under way: whoever gives it takes
    /// us out and in again.
    func stayInside() {
        guard membership != nil, let seeking else { return }
        earlierKnocks = seeking.recentKnocks
        laterAttempts = seeking.attempts
        self.seeking = nil
    }

    /// Stays when this was the cause to come in anew.
    func stayInside(ifCause cause: Seeking.Cause) {
        if seeking?.cause == cause { stayInside() }
    }

    /// Out of the group that we have, for the one that a Welcome leads to.
    func leaveForWelcome() -> [GroupStep] {
        guard membership != nil else { return [] }
        // What is kept of later knocks is for the group that we come into.
        let later = laterAttempts
        _ = leaveGroup()
        laterAttempts = later
        return [.news(.fellOut(logEnded: false))]
    }

    /// Whether a Welcome leads on from the group that we are in, if we are in one.
    func leadsOn(to context: GroupContext, by doorkeeper: RoomMember?) -> Bool {
        guard let membership, let cause = seeking?.cause else { return true }
        let isSameGroup = context.groupID == membership.group.groupID
        switch cause {
        case .otherGroup: return !isSameGroup && membership.group.memberCount == 1
        case .leftBehind, .noRecord:
            guard isSameGroup, context.epoch > membership.group.epoch else { return false }
            // Anybody with the link could make such a group. Only when none of those whom we know are
            // here can it be that we have missed how everybody else came in.
            let own = place?.attachment
            let others = membership.roster.members.values.filter { $0.attachment != own }
            if others.contains(where: { $0.identityKey == doorkeeper?.identityKey }) { return true }
            return seeking?.knocksLeft == 0
                && !others.contains { presences[$0.attachment] == .here }
        }
    }
}
