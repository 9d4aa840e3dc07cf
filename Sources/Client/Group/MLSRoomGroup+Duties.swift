import MLS
import Wire

/// What members owe each other, in time.
extension MLSRoomGroup {
    /// How long after coming in one's own keys are renewed, or it is seen in a large room when it
    /// is one's turn.
    func firstRenewal(members: Int) -> Duration {
        Duties.firstRenewal
            + (members > largeRoom ? .zero : between(.zero, Duties.renewalSpread * members))
    }

    /// Our keys are fresh.
    func renewed(_ membership: Membership, now: Duration) {
        membership.sealedCount = 0
        laterAttempts = []
        planRenewal(membership, now: now)
    }

    /// The next renewal, whether this one changed our keys or was spared.
    private func planRenewal(_ membership: Membership, now: Duration) {
        membership.duties.isFirstRenewal = false
        let period = max(
            Duties.renewalPeriod, Duties.renewalPeriodPerMember * membership.group.memberCount)
        membership.duties.renewal = now + between(period * 0.75, period * 1.25)
    }

    /// When something is due.
    func nextDuty(_ membership: Membership) -> Duration? {
        let duties = membership.duties
        let talk = [
            duties.receipt, duties.asking, duties.reminders.values.min(), duties.recovery?.due,
            membership.doubt.deadline, membership.late.deadline, membership.ends.deadline,
            memory.deadline,
        ].compactMap(\.self).min()
        guard membership.proposed == nil else { return talk }
        var commits = [removals.isEmpty ? nil : duties.removing]
        if let owed = membership.owed {
            commits.append(owed.due)
        } else {
            if !membership.doubt.isOpen { commits.append(duties.renewal) }
            if !membership.door.queue.isEmpty { commits.append(duties.gathering) }
            if !membership.leavers.isEmpty { commits.append(duties.sweeping) }
            if membership.newName != nil { commits.append(duties.renaming) }
        }
        let notBefore = max(duties.notBefore, membership.doubt.pausedUntil ?? .zero)
        let commit = commits.compactMap(\.self).min().map { max($0, notBefore) }
        return [commit, talk].compactMap(\.self).min()
    }

    func doDuties(_ membership: Membership, now: Duration) -> [GroupStep] {
        var steps = doubtIfDue(membership, now: now) + recoverIfDue(membership, now: now)
        let duties = membership.duties
        if let due = [duties.receipt, duties.asking].compactMap(\.self).min(), now >= due {
            membership.duties.receipt = nil
            membership.duties.asking = nil
            // One that waits for its place says no less when it has it.
            if !membership.spoken.contains(where: { $0.body == .receipt }) {
                steps += speak(.receipt, membership)
            }
        }
        steps += remindIfDue(membership, now: now)
        steps += rememberIfDue(membership, now: now)
        let missed = membership.late.missed(now: now)
        if missed > 0 { steps.append(.news(.missed(count: missed))) }
        // A commit of ours could split the group while it is not known where it is.
        guard membership.proposed == nil, isConnected, now >= membership.duties.notBefore,
            now >= membership.doubt.pausedUntil ?? .zero
        else { return steps }
        return steps + commitIfDue(membership, now: now)
    }

    /// The most pressing commit.
    private func commitIfDue(_ membership: Membership, now: Duration) -> [GroupStep] {
        let duties = membership.duties
        func isDue(_ time: Duration?) -> Bool { time.map { now >= $0 } ?? false }
        if let steps = moveOn(membership, now: now) { return steps }
        if !membership.door.queue.isEmpty, isDue(duties.gathering) {
            return admit(membership, now: now)
        }
        if !membership.leavers.isEmpty, isDue(duties.sweeping) {
            return sweep(membership, now: now)
        }
        if let name = membership.newName, isDue(duties.renaming) {
            return rename(name, membership, now: now)
        }
        // That can wait until it is known where the group is.
        if isDue(duties.renewal), !membership.doubt.isOpen { return renew(membership, now: now) }
        return []
    }

    /// Takes out those who have gone.
    private func sweep(_ membership: Membership, now: Duration) -> [GroupStep] {
        membership.duties.sweeping = nil
        membership.leavers.formIntersection(membership.roster.attachments)
        membership.heardOf = membership.heardOf.filter { now < $0.value }
        let leaves = membership.leavers.filter { membership.heardOf[$0] == nil }
            .compactMap { membership.roster.leaf(of: $0) }
            .prefix(FrameLimits.maximumKnocksPerAnswer)
        guard !leaves.isEmpty else {
            membership.duties.sweeping = membership.leavers.compactMap { membership.heardOf[$0] }
                .min()
            return []
        }
        // If it comes to nothing, another try is due.
        membership.duties.sweeping = now + Duties.sweepingPerRank
        return propose(
            leaves.map(Change.remove), CommitOptions(), purpose: .sweeping, membership, now: now)
            ?? wait(membership, now: now)
    }

    /// MLS did not allow a commit, or it is too large for an entry: something has to change first.
    func wait(_ membership: Membership, now: Duration) -> [GroupStep] {
        membership.duties.notBefore = now + Duties.pause
        return []
    }

    private func rename(
        _ name: [UInt8], _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        var options = CommitOptions()
        options.forcesPath = true
        options.identity = try? session(membership.session.signatureKey, named: name)
        let steps =
            options.identity == nil
            ? nil : propose([], options, purpose: .renaming(name), membership, now: now)
        if steps == nil { membership.duties.postponeRenaming(now: now) }
        return steps ?? []
    }

    private func renew(_ membership: Membership, now: Duration) -> [GroupStep] {
        let isSpared = membership.group.knowsAncestor(level: Duties.freshLevel)
        let isAlone = membership.group.memberCount == 1
        guard !(isAlone && !isOverused(membership)), !(mayWait(membership) && isSpared) else {
            planRenewal(membership, now: now)
            return []
        }
        let duties = membership.duties
        let turn = mayWait(membership) ? turn(in: membership) : now
        guard now >= max(turn, duties.paidUntil) else {
            membership.duties.renewal = max(
                turn, duties.paidUntil + between(.zero, Duties.firstRenewal))
            return []
        }
        // If another commit comes first, this one is tried again.
        membership.duties.renewal = now + Duties.firstRenewal
        var options = CommitOptions()
        options.forcesPath = true
        return propose([], options, purpose: .renewal, membership, now: now)
            ?? wait(membership, now: now)
    }

    /// Whether the room is too large for a first renewal at any time, and by everybody.
    private func mayWait(_ membership: Membership) -> Bool {
        membership.duties.isFirstRenewal && membership.group.memberCount > largeRoom
            && !isOverused(membership)
    }

    /// Whether our keys have sealed as much as one stolen key may open.
    private func isOverused(_ membership: Membership) -> Bool {
        membership.sealedCount >= Duties.renewalMessages
    }

    private func turn(in membership: Membership) -> Duration {
        let turn = Duties.turn(
            of: membership.group.ownLeafIndex.rawValue, among: membership.group.memberCount)
        return membership.duties.endOfGathering + Duties.renewalSpread * turn
    }

    // MARK: Those who go

    func presence(_ presence: Presence, now: Duration) -> [GroupStep] {
        let who = presence.attachment
        if presence.state == .gone {
            presences[who] = nil
        } else if presences[who] != nil || presences.count < FrameLimits.maximumRoster {
            presences[who] = presence.state
        }
        guard let membership, presence.state == .gone else { return [] }
        if membership.roster[who] != nil { leaves(who, membership, now: now) }
        guard membership.door.forget(who) else { return [] }
        return [.news(.decided(newcomer: who, .gone))]
    }

    /// Somebody will not come back; whoever has the duty takes them out.
    func leaves(_ who: AttachmentID, _ membership: Membership, now: Duration) {
        guard who != place?.attachment else { return }
        membership.leavers.insert(who)
        planSweep(membership, now: now)
    }

    /// Members whom the server does not show at all are gone.
    func noteAbsent(_ membership: Membership, now: Duration) {
        for who in membership.roster.attachments
        where presences[who] == nil && who != place?.attachment {
            membership.leavers.insert(who)
        }
        planSweep(membership, now: now)
    }

    private func planSweep(_ membership: Membership, now: Duration) {
        guard !membership.leavers.isEmpty else {
            membership.duties.sweeping = nil
            return
        }
        guard membership.duties.sweeping == nil else { return }
        let returns = membership.leavers.map { membership.returns[$0] ?? 0 }.min() ?? 0
        membership.duties.sweeping =
            now + Duties.sweeping * (1 << min(returns, Duties.maximumSweepDoubling)) + Duties
            .sweepingPerRank * rank(in: membership)
            + between(.zero, Duties.jitter * 10)
    }
}
