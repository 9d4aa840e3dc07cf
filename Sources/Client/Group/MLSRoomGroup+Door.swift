import MLS
import TLSSyntax
import Wire

/// Letting others in.
extension MLSRoomGroup {
    func knocked(_ frame: ServerFrame.Knocked, now: Duration) -> [GroupStep] {
        guard let membership, let place, isReady else { return [] }
        // Who cannot make a knock has not got the link, or not the place that the server says.
        guard
            let knock = Knock(
                frame.payload, keys: keys, log: place.log, attachment: frame.newcomer),
            let member = RoomRoster.checked(
                knock.keyPackage.leafNode, keys: keys, log: place.log),
            member.attachment == frame.newcomer
        else {
            // Who knocked before they heard that the log began anew knocks again.
            let isLate = formerLogs.contains {
                Knock(frame.payload, keys: keys, log: $0, attachment: frame.newcomer) != nil
            }
            // It is answered, so that a server does not take us for one who keeps silent.
            return isLate
                ? [] : [.news(.warning(.forgedKnock, about: nil)), notice(.unsuitable, to: frame)]
        }
        // Another doorkeeper has let them in since, and its answer is under way; were it lost, the
        // newcomer would knock again. Or they have left since, and the knock is an old one.
        guard !membership.hasChanged(frame.newcomer, after: knock.seen) else { return [] }
        if let reason = unfitness(of: knock.keyPackage, membership) {
            let isClock = reason == .otherClock
            return (isClock ? [.news(.warning(.otherClock, about: nil))] : [])
                + [notice(reason, to: frame)]
        }
        guard !membership.door.banned.contains(member.identityKey) else {
            return [notice(.refused, to: frame)]
        }
        // Who comes in now would not be told where the room goes, or be told what is not for them.
        // Silence has the newcomer wait; to say no would have them begin another conversation.
        guard membership.owed == nil else { return [] }
        // Who was in and fell out, or came along from the room that this one was, was let in before.
        let wasIn =
            membership.roster[member.attachment]?.identityKey == member.identityKey
            || companions.contains(member.identityKey)
        if membership.rules.needsApproval, !wasIn {
            switch membership.door.decision(on: member) {
            case true?: break
            case false?: return [notice(.refused, to: frame)]
            case nil: return [notice(.waiting, to: frame)] + announce(member, membership, now: now)
            }
        }
        guard !membership.door.isFull else { return [] }
        let isFirst = membership.door.queue.isEmpty
        membership.door.enqueue(
            .init(knock: frame.knock, newcomer: frame.newcomer, keyPackage: knock.keyPackage))
        if isFirst {
            let isStorm = membership.duties.lastAdmission.map { now - $0 < Duties.storm } ?? false
            membership.duties.gathering =
                now + (isStorm ? Duties.gatheringInAStorm : Duties.gathering)
        }
        return []
    }

    /// Why nobody can be let in by this key package; nil when they can.
    private func unfitness(
        of package: KeyPackage, _ membership: Membership
    ) -> DoorNotice.Reason? {
        guard package.cipherSuite == membership.group.cipherSuite else { return .unsuitable }
        do throws(MLSError) {
            try package.validate(now: environment.now(), lifetimes: Self.policy.lifetimes)
            return nil
        } catch {
            return error == .outsideLifetime ? .otherClock : .unsuitable
        }
    }

    private func notice(
        _ reason: DoorNotice.Reason, to frame: ServerFrame.Knocked
    ) -> GroupStep {
        let notice = DoorNotice(
            reason, keys: keys, log: place?.log ?? LogID(number: 0), newcomer: frame.newcomer)
        return .answer(knocks: [frame.knock], payload: DoorAnswer.told(notice).sealed(keys))
    }

    /// Tells the members that somebody asks, unless they know.
    private func announce(
        _ member: RoomMember, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        let announced = membership.spoken.lazy.map(\.body).filter(\.isAsking)
        guard !membership.door.isAsking(member), !announced.contains(.asks(member)),
            membership.door.mayAnnounce(member.attachment, waiting: announced.count, now: now)
        else { return [] }
        return speak(.asks(member), membership)
    }

    /// Commits to everybody who waits, as far as one commit and one answer carry them.
    func admit(_ membership: Membership, now: Duration) -> [GroupStep] {
        // The server makes a copy of the tree for each newcomer. A leaf with its share of the
        // parents is about as large as a key package.
        let leafSize = membership.door.queue.first?.keyPackage.tlsEncoded.count ?? 1
        let treeSize = membership.group.memberCount * leafSize
        let count = min(FrameLimits.maximumKnocksPerAnswer, Self.maximumAnswerCopies / treeSize)
        let batch = Array(membership.door.queue.prefix(max(Self.smallestBatch, count)))
        return admit(batch, membership, now: now)
    }

    /// Bytes of all copies of one answer, near enough: what a server may have to hold for newcomers
    /// whose lines are slow.
    private static let maximumAnswerCopies = 64 << 20
    /// And no fewer are let in at once.
    private static let smallestBatch = 8

    private func admit(
        _ batch: [Door.Waiting], _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        guard !batch.isEmpty else { return [] }
        var changes: [Change] = []
        for waiting in batch {
            // Who is in already lost the way and comes in anew.
            if let leaf = membership.roster.leaf(of: waiting.newcomer) {
                changes.append(.remove(leaf))
            }
            changes.append(.add(waiting.keyPackage))
        }
        changes.append(.preSharedKey(RoomKeys.pskName))
        var options = CommitOptions()
        options.preSharedKeys = keys.preSharedKeys
        options.putsTreeInWelcome = false
        let steps = propose(
            changes, options, purpose: .admission(batch), membership, now: now)
        if let steps { return steps }
        // One of them cannot be added: find out which.
        guard batch.count > 1 else {
            return turnAway(batch, .unsuitable, membership)
        }
        return admit(Array(batch.prefix(batch.count / 2)), membership, now: now)
    }

    /// Answers those who cannot be let in and forgets their knocks.
    func turnAway(
        _ batch: [Door.Waiting], _ reason: DoorNotice.Reason, _ membership: Membership
    ) -> [GroupStep] {
        let knocks = Set(batch.map(\.knock))
        membership.door.queue.removeAll { knocks.contains($0.knock) }
        return batch.map { waiting in
            let frame = ServerFrame.Knocked(
                knock: waiting.knock, newcomer: waiting.newcomer, payload: [])
            return notice(reason, to: frame)
        }
    }

    /// Sends the Welcome of a commit that the log has taken.
    func welcome(
        _ knocks: [KnockID], _ proposed: Membership.Proposed, at entry: LogEntry,
        _ membership: Membership
    ) -> [GroupStep] {
        var briefing = Envelope.Briefing(
            start: membership.start(at: entry.sequence), logEpoch: logEpoch)
        if membership.rules.needsApproval {
            let asking = membership.door.asking
            briefing.asking =
                asking.count > Envelope.Briefing.maximumAsking
                ? Array(asking.shuffled(using: &random).prefix(Envelope.Briefing.maximumAsking))
                : asking
            let here = membership.roster.members.values.lazy.map(\.identityKey)
            briefing.awaited = companions.subtracting(here).prefix(Envelope.Briefing.maximumAwaited)
                .map(IdentityKey.init)
        }
        briefing.heard = memory.briefing
        let envelope = Envelope(claim: nil, body: .briefing(briefing))
        guard let sealed = try? membership.group.encrypt(envelope.encoded) else { return [] }
        let admission = DoorAnswer.Admission(
            welcome: proposed.welcome, ratchetTree: proposed.ratchetTree, briefing: sealed.bytes)
        return [
            .answer(
                knocks: knocks, payload: DoorAnswer.admitted(admission).sealed(keys))
        ]
    }

    // MARK: Decisions

    func perform(_ wish: GroupWish, now: Duration) throws(ClientRefusal) -> [GroupStep] {
        guard !isOver else { throw .left }
        guard let membership else { throw .outside }
        switch wish {
        case .admit(let attachment), .refuse(let attachment):
            guard let member = membership.door.asking.first(where: { $0.attachment == attachment })
            else { throw .noSuchNewcomer }
            var admits = false
            if case .admit = wish { admits = true }
            return speak(
                .decides(
                    attachment: attachment, identityKey: member.identityKey, admits: admits),
                membership)
        case .remove(let attachment):
            guard let member = membership.roster[attachment] else { throw .noSuchPerson }
            guard member.identityKey != identity.publicKey else { throw .yourself }
            want(out: [member])
            return doDuties(membership, now: now)
        case .rename(let name):
            membership.newName = name
            return doDuties(membership, now: now)
        }
    }
}
