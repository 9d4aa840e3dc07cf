import MLS
import Wire

/// The record of the log: comparing it, and finding it again.
extension MLSRoomGroup {
    /// Compares what a member has of the log with what we have.
    func compare(
        _ envelope: Envelope, _ message: ApplicationMessage, by sender: RoomMember,
        at place: UInt64, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        var steps: [GroupStep] = []
        if case .reminds(let start) = envelope.body {
            steps += reminded(start, by: sender, at: place, membership)
        }
        guard let claim = envelope.claim else { return steps }
        if message.epoch == membership.group.epoch, membership.record.reaches(claim.sequence) {
            // Whoever has more than we missed is in our epoch: there was no commit in it.
            membership.hasGap = false
            if let missed = membership.missedAfter, claim.part.map({ $0.since <= missed }) ?? true {
                membership.missedAfter = nil
                membership.doubt.giveUp()
                stayInside(ifCause: .leftBehind)
            }
        }
        if let part = claim.part, part == membership.record.claim?.part {
            // What they are told serves us, too.
            membership.duties.asking = nil
        }
        let verdict = membership.record.check(claim, at: place)
        if verdict != .older, membership.duties.recovery?.elder == sender.attachment {
            // They have lost theirs, or ours is as old by now.
            membership.duties.recovery = nil
        }
        switch verdict {
        case .agrees:
            steps.append(
                .news(
                    .received(
                        by: sender.attachment, since: claim.part?.since ?? 0,
                        through: claim.sequence)))
            if message.epoch == membership.group.epoch,
                membership.doubt.reassure(sender.identityKey, through: claim.sequence)
            {
                stayInside(ifCause: .leftBehind)
            }
        case .differs:
            steps.append(.news(.warning(.differentConversation, about: sender.attachment)))
        case .older: wantRecord(claim.origin, of: sender.attachment, membership, now: now)
        case .younger: oweReminder(to: claim, membership, now: now)
        case .unknown: break
        }
        return steps
    }

    // MARK: Ours is younger

    /// Somebody's record is older: we show them what we have, so that they tell us what it takes.
    private func wantRecord(
        _ origin: UInt64, of elder: AttachmentID, _ membership: Membership, now: Duration
    ) {
        if let recovery = membership.duties.recovery {
            if origin < recovery.origin {
                membership.duties.recovery = (recovery.due, elder, origin)
            }
            return
        }
        membership.duties.asking = now + soon(membership)
        let patience = Duties.recovery * (1 << min(recoveries, Duties.maximumRecoveryDoubling))
        membership.duties.recovery = (now + between(patience, patience * 2), elder, origin)
    }

    /// A member says how an older record begins for somebody; perhaps for us.
    private func reminded(
        _ start: LogStart, by sender: RoomMember, at place: UInt64, _ membership: Membership
    ) -> [GroupStep] {
        switch membership.record.check(start, at: place) {
        case .older:
            if membership.record.takeOver(start),
                start.origin <= membership.duties.recovery?.origin ?? start.origin
            {
                membership.duties.recovery = nil
                membership.duties.asking = nil
            }
            membership.duties.reminders[start.sequence] = nil
        case .agrees: membership.duties.reminders[start.sequence] = nil
        case .differs:
            return [.news(.warning(.differentConversation, about: sender.attachment))]
        case .younger, .unknown: break
        }
        return []
    }

    /// Nobody could tell us: who comes in anew is told at the door.
    func recoverIfDue(_ membership: Membership, now: Duration) -> [GroupStep] {
        guard let recovery = membership.duties.recovery, now >= recovery.due else { return [] }
        guard membership.owed == nil else {
            // Nobody is let in before the room has moved.
            membership.duties.recovery?.due = now + Duties.recovery
            return []
        }
        membership.duties.recovery = nil
        guard membership.roster[recovery.elder] != nil else { return [] }
        recoveries += 1
        return rejoin(because: .noRecord, now: now)
    }

    // MARK: Ours is older

    /// Tells somebody with a younger record how ours begins for them, unless another does.
    private func oweReminder(to claim: LogClaim, _ membership: Membership, now: Duration) {
        guard let place = claim.part?.since, membership.duties.reminders[place] == nil,
            membership.duties.reminders.count < Duties.maximumReminders,
            membership.record.start(at: place) != nil
        else { return }
        membership.duties.reminders[place] = now + soon(membership)
    }

    func remindIfDue(_ membership: Membership, now: Duration) -> [GroupStep] {
        let due = membership.duties.reminders.filter { now >= $0.value }.keys.sorted()
        return due.flatMap { place -> [GroupStep] in
            membership.duties.reminders[place] = nil
            guard let start = membership.record.start(at: place) else { return [] }
            return speak(.reminds(start), membership)
        }
    }

    /// When to say what any of many may say, so that one or a few do, however many there are: each
    /// doubling of their number has a share of the time, and each share half as many in it as the
    /// next.
    private func soon(_ membership: Membership) -> Duration {
        let count = membership.group.memberCount
        let shares = Int.bitWidth - count.leadingZeroBitCount
        let early = min(random.next().trailingZeroBitCount, shares - 1)
        let share = Duties.reminding / shares
        return share * (shares - 1 - early) + between(.zero, share)
    }
}

extension Membership {
    /// Entries are gone.
    func loseRecord() {
        record.lose()
        duties.reminders = [:]
    }

    /// With what those begin whom the commit at this place lets in. If we have not seen it in its
    /// place ourselves, they begin a record of their own.
    func start(at commit: UInt64) -> LogStart {
        record.start(at: commit)
            ?? LogStart(
                origin: commit, sequence: commit,
                hash: LogRecord.start(group.groupID, origin: commit))
    }
}
