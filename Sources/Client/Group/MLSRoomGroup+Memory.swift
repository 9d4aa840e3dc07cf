import MLS
import Wire

/// What was lost with an earlier log, and who says it again.
extension MLSRoomGroup {
    /// We came in: the member that let us in says what those inside had heard, if one did.
    func remember(
        _ membership: Membership, briefed spans: [LogSpan] = [], now: Duration
    ) -> [GroupStep] {
        carryOut(
            memory.briefed(spans, delay: turnToSpeak(membership), now: now), membership)
    }

    /// A member says what it had heard.
    func stated(
        _ heard: [HeardLog], by sender: AttachmentID, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        // Nobody else can have lost anything of it, nor should hear of it.
        guard sender != place?.attachment, let key = membership.roster[sender]?.identityKey,
            companions.contains(key)
        else { return [] }
        let delay = turnToSpeak(membership)
        return carryOut(
            memory.stated(heard, by: sender, delay: delay, now: now), membership)
    }

    func rememberIfDue(_ membership: Membership, now: Duration) -> [GroupStep] {
        guard let due = memory.deadline, now >= due else { return [] }
        return carryOut(memory.tick(now: now), membership)
    }

    private func carryOut(
        _ effects: [LogMemory.Effect], _ membership: Membership
    ) -> [GroupStep] {
        effects.flatMap { effect -> [GroupStep] in
            switch effect {
            case .state(let heard): speak(.states(heard), membership)
            case .recount(let recount): speak(.recounts(recount), membership)
            case .sayAgain(let heard): [.repeatUnheard(by: heard)]
            case .missed(0): []
            case .missed(let count): [.news(.lost(count: count))]
            }
        }
    }

    /// When to say what others may say, too.
    private func turnToSpeak(_ membership: Membership) -> Duration {
        let count = membership.group.memberCount
        return between(.zero, min(LogMemory.spread * count, LogMemory.maximumSpread))
    }

    // MARK: Who may hear it again

    /// Identity keys of the members.
    var present: Set<[UInt8]> {
        Set((membership?.roster.members.values).map { $0.map(\.identityKey) } ?? [])
    }

    /// Identity keys of those to whom something is said now: the members, and those who were in and
    /// are waited for.
    var audience: Set<[UInt8]> {
        guard let membership else { return companions }
        let mark = AudienceMark(
            epoch: membership.group.epoch, group: membership.group.groupID,
            companions: companions.count)
        if let lastAudience, lastAudience.mark == mark { return lastAudience.keys }
        let keys = present.union(companions)
        lastAudience = (mark, keys)
        return keys
    }
}

/// By what an audience is known to be the same: in large rooms it is not made for each message.
struct AudienceMark: Equatable {
    var epoch: UInt64
    var group: [UInt8]
    var companions: Int
}
