import MLS
import Wire

/// What members owe each other, in time.
extension MLSRoomGroup {
    func firstRenewal(members: Int) -> Duration {
        Duties.firstRenewal + between(.zero, Duties.renewalSpread * members)
    }

    /// Our keys are fresh.
    func renewed(_ membership: Membership, now: Duration) {
        membership.sealedCount = 0
        laterAttempts = []
        let period = max(
            Duties.renewalPeriod, Duties.renewalPeriodPerMember * membership.group.memberCount)
        membership.duties.renewal = now + between(period * 0.75, period * 1.25)
    }

    /// When something is due.
    func nextDuty(_ membership: Membership) -> Duration? {
        let duties = membership.duties
        let talk = [
            duties.receipt, duties.anchor, membership.doubt.deadline, membership.late.values.min(),
        ].compactMap(\.self).min()
        guard membership.proposed == nil, !membership.doubt.isOpen else { return talk }
        var commits = [duties.renewal]
        if !membership.door.queue.isEmpty { commits.append(duties.gathering) }
        if !membership.leavers.isEmpty { commits.append(duties.sweeping) }
        if !membership.removals.isEmpty || membership.newName != nil { commits.append(.zero) }
        let commit = commits.compactMap(\.self).min().map { max($0, duties.notBefore) }
        return [commit, talk].compactMap(\.self).min()
    }

    func doDuties(_ membership: Membership, now: Duration) -> [GroupStep] {
        if let steps = doubtIfDue(membership, now: now) { return steps }
        var steps: [GroupStep] = []
        if let due = membership.duties.receipt, now >= due {
            membership.duties.receipt = nil
            // One that waits for its place says no less when it has it.
            if !membership.spoken.contains(where: { $0.body == .receipt }) {
                steps += speak(.receipt, membership)
            }
        }
        steps += anchorIfDue(membership, now: now)
        let overdue = membership.late.filter { now >= $0.value }.keys
        for sender in overdue.sorted(by: { $0.number < $1.number }) {
            membership.late[sender] = nil
            steps.append(.news(.warning(.unreadable, about: sender)))
        }
        // A commit of ours could split the group while it is not known where it is.
        guard membership.proposed == nil, !membership.doubt.isOpen, isConnected,
            now >= membership.duties.notBefore
        else { return steps }
        return steps + commitIfDue(membership, now: now)
    }

    /// Nobody knew the record of the log.
    private func anchorIfDue(_ membership: Membership, now: Duration) -> [GroupStep] {
        guard let due = membership.duties.anchor, now >= due else { return [] }
        membership.duties.anchor = nil
        guard membership.record.claim == nil else { return [] }
        // If it comes to nothing, another try is due.
        planAnchor(membership, now: now)
        guard !membership.spoken.contains(where: { $0.body == .anchor }) else { return [] }
        return speak(.anchor, membership)
    }

    /// The most pressing commit.
    private func commitIfDue(_ membership: Membership, now: Duration) -> [GroupStep] {
        let duties = membership.duties
        func isDue(_ time: Duration?) -> Bool { time.map { now >= $0 } ?? false }
        if !membership.removals.isEmpty { return remove(membership, now: now) }
        if !membership.door.queue.isEmpty, isDue(duties.gathering) {
            return admit(membership, now: now)
        }
        if !membership.leavers.isEmpty, isDue(duties.sweeping) {
            return sweep(membership, now: now)
        }
        if let name = membership.newName { return rename(name, membership, now: now) }
        if isDue(duties.renewal) { return renew(membership, now: now) }
        return []
    }

    private func remove(_ membership: Membership, now: Duration) -> [GroupStep] {
        let wanted = Set(membership.removals)
        let leaves = membership.roster.members.filter { wanted.contains($0.value.identityKey) }
        guard !leaves.isEmpty else {
            // Somebody else removed them first.
            membership.removals = []
            return [.ready(true)]
        }
        return propose(
            leaves.keys.map(Change.remove), CommitOptions(),
            purpose: .removal(Array(leaves.values)), membership, now: now)
            ?? wait(membership, now: now)
    }

    /// Takes out those who have gone.
    private func sweep(_ membership: Membership, now: Duration) -> [GroupStep] {
        membership.duties.sweeping = nil
        let leaves = membership.leavers.compactMap { membership.roster.leaf(of: $0) }
            .prefix(FrameLimits.maximumKnocksPerAnswer)
        guard !leaves.isEmpty else {
            membership.leavers = []
            return []
        }
        // If it comes to nothing, another try is due.
        membership.duties.sweeping = now + Duties.sweepingPerRank
        return propose(
            leaves.map(Change.remove), CommitOptions(), purpose: .sweeping, membership, now: now)
            ?? wait(membership, now: now)
    }

    /// MLS did not allow a commit, or it is too large for an entry: something has to change first.
    private func wait(_ membership: Membership, now: Duration) -> [GroupStep] {
        membership.duties.notBefore = now + Duties.pause
        return []
    }

    private func rename(
        _ name: [UInt8], _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        membership.newName = nil
        guard let session = try? session(membership.session.signatureKey, named: name) else {
            return []
        }
        self.name = name
        membership.session = session
        var options = CommitOptions()
        options.forcesPath = true
        options.identity = session
        return propose([], options, purpose: .renaming, membership, now: now)
            ?? wait(membership, now: now)
    }

    private func renew(_ membership: Membership, now: Duration) -> [GroupStep] {
        guard membership.group.memberCount > 1 else {
            renewed(membership, now: now)
            return []
        }
        // If another commit comes first, this one is tried again.
        membership.duties.renewal = now + Duties.firstRenewal
        var options = CommitOptions()
        options.forcesPath = true
        return propose([], options, purpose: .renewal, membership, now: now)
            ?? wait(membership, now: now)
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
        guard membership.duties.sweeping == nil, let own = place?.attachment else { return }
        let fit = membership.roster.inOrder.filter {
            $0 == own || (presences[$0] == .here && !membership.leavers.contains($0))
        }
        let rank = fit.firstIndex(of: own) ?? 0
        let returns = membership.leavers.map { membership.returns[$0] ?? 0 }.min() ?? 0
        membership.duties.sweeping =
            now + Duties.sweeping * (1 << min(returns, Duties.maximumSweepDoubling)) + Duties
            .sweepingPerRank * rank
            + between(.zero, Duties.jitter * 10)
    }
}
