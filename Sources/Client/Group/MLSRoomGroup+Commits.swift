import MLS
import Wire

/// From one epoch to the next.
extension MLSRoomGroup {
    /// What the authenticated data of a commit says of its removals.
    private static let removesByCommand: [UInt8] = [1]

    // MARK: Our own

    /// Makes a commit and offers it to the log; nil when MLS does not allow it.
    func propose(
        _ changes: [Change], _ given: CommitOptions, purpose: Membership.Purpose,
        _ membership: Membership, now: Duration
    ) -> [GroupStep]? {
        var options = given
        if case .removal = purpose { options.authenticatedData = Self.removesByCommand }
        do {
            let commit = try membership.group.commit(changes, options: options)
            let message = commit.message.bytes
            let welcome = commit.welcome?.bytes ?? []
            let tree = welcome.isEmpty ? [] : commit.ratchetTree
            let payload = CommitEntry.commit(message).encoded
            let limit = FrameLimits.maximumHandshake - 1024
            if case .admission(let batch) = purpose, welcome.count + tree.count > limit {
                return turnAway(batch, .full, membership)
            }
            guard payload.count <= limit else { return nil }
            let ticket = nextTicket()
            membership.proposed = Membership.Proposed(
                ticket: ticket, purpose: purpose, commit: commit, message: message,
                welcome: welcome, ratchetTree: tree)
            return [.append(ticket, kind: .commit, epoch: logEpoch, payload: payload)]
        } catch {
            return nil
        }
    }

    /// The log took a commit of ours.
    private func landed(
        _ message: [UInt8], at entry: LogEntry, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        guard let proposed = membership.proposed, proposed.message == message,
            let commit = proposed.take()
        else { return [] }
        membership.proposed = nil
        // Who knocked again meanwhile waits for the answer to that, and takes this one for it.
        let knocks = membership.door.queue.reduce(into: [:]) { $0[$1.newcomer] = $1.knock }
        do {
            let change = try membership.roster.apply(proposed.changes)
            try membership.group.adopt(commit)
            let own = place?.attachment
            var steps = changed(
                change, by: own, at: entry, isCommand: proposed.isCommand, membership, now: now)
            steps += carryOut(proposed, knocks, at: entry, membership, now: now)
            return steps
        } catch {
            return lostTrack(.unreadable, now: now)
        }
    }

    private func carryOut(
        _ proposed: Membership.Proposed, _ knocks: [AttachmentID: KnockID], at entry: LogEntry,
        _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        switch proposed.purpose {
        case .admission(let batch):
            membership.duties.lastAdmission = now
            let answered = Set(batch.map(\.knock))
            membership.door.queue.removeAll { answered.contains($0.knock) }
            membership.duties.gathering =
                membership.door.queue.isEmpty ? nil : now + Duties.gatheringInAStorm
            let latest = batch.map { knocks[$0.newcomer] ?? $0.knock }
            return welcome(latest, proposed, at: entry, membership)
        case .renaming(let name):
            // Another may be wanted meanwhile.
            if membership.newName == name { membership.newName = nil }
            membership.duties.failedRenamings = 0
            self.name = name
        case .removal, .sweeping, .renewal: break
        }
        renewed(membership, now: now)
        return []
    }

    /// The server decided about a commit of ours.
    func commitSettled(
        _ membership: Membership, _ outcome: AppendOutcome, now: Duration
    ) -> [GroupStep] {
        guard let proposed = membership.proposed else { return [] }
        switch outcome {
        case .accepted(let sequence):
            // Its entry did not pass: it was taken on an earlier connection and is gone since, as
            // the server has said; if it has not, others will have another record.
            let entry = LogEntry(
                sequence: sequence, sender: place?.attachment ?? AttachmentID(0), kind: .commit,
                payload: [], isOwn: true)
            return landed(proposed.message, at: entry, membership, now: now)
        case .conflict(let epoch):
            let hasMissed = epoch > logEpoch && membership.group.memberCount > 1
            logEpoch = epoch
            membership.proposed = nil
            guard !hasMissed else { return missedCommit(membership, now: now) }
            let pause =
                Duties.jitter * (1 << min(membership.duties.conflicts, Duties.maximumDoubling))
            membership.duties.notBefore = now + between(pause, pause * 10)
            membership.duties.conflicts += 1
            return []
        case .refused:
            membership.proposed = nil
            // Too large for this server: what it would have done cannot be done here.
            membership.duties.notBefore = now + Duties.pause
            switch proposed.purpose {
            case .admission(let batch): return turnAway(batch, .full, membership)
            case .renaming: membership.duties.postponeRenaming(now: now)
            case .removal, .sweeping, .renewal: break
            }
            return []
        }
    }

    /// The log has a commit that we were not shown. The next one of ours would be of an epoch that is
    /// over, unless that commit was nobody's: we ask to be let in anew first, and for long enough.
    private func missedCommit(_ membership: Membership, now: Duration) -> [GroupStep] {
        membership.missedAfter = membership.missedAfter ?? lastSeen
        membership.duties.notBefore = now + Doubt.longestPause
        return rejoin(because: .leftBehind, now: now)
    }

    // MARK: Others'

    /// A commit entry at its place in the log.
    func commit(
        _ entry: LogEntry, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        switch try? CommitEntry(entry.payload) {
        case nil: return blame(.refusedCommit, entry, membership)
        case .founding(let founding)?:
            guard let place, !entry.isOwn,
                founding.isValid(keys: keys, log: place.log, founder: entry.sender)
            else { return [] }
            if membership.laterGroups.count < Membership.maximumLaterGroups {
                membership.laterGroups.insert(founding.groupID)
            }
            return [.news(.warning(.secondConversation, about: nil))]
        case .commit(let message)?:
            return entry.isOwn
                ? landed(message, at: entry, membership, now: now)
                : follow(message, entry, membership, now: now)
        }
    }

    private func follow(
        _ message: [UInt8], _ entry: LogEntry, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        do {
            guard case .commit(let verified) = try membership.group.open(bytes: message) else {
                return blame(.refusedCommit, entry, membership)
            }
            guard let staged = try stage(verified, membership) else {
                // Others may have been able to follow it.
                membership.doubt.unopened = membership.roster[entry.sender]?.identityKey
                return blame(.refusedCommit, entry, membership)
                    + doubt(entry, membership, now: now)
            }
            let isCommand = verified.authenticatedData == Self.removesByCommand
            guard case .member(let leaf) = verified.sender,
                let sender = membership.roster.members[leaf]
            else { throw MLSError.unknownSender }
            if staged.removesUs {
                return try removed(by: sender, staged.changes, isCommand, membership, now: now)
            }
            let change = try membership.roster.apply(staged.changes)
            try membership.group.adopt(staged)
            membership.hasGap = false
            return changed(
                change, by: sender.attachment, at: entry, isCommand: isCommand, membership,
                now: now)
        } catch MLSError.wrongEpoch(let epoch) {
            // We cannot follow what builds on a commit that we were not shown.
            if epoch > membership.group.epoch { return doubt(entry, membership, now: now) }
            return blame(.repeatedEntry, entry, membership)
        } catch MLSError.wrongGroup {
            return ofAnotherGroup(message, membership, now: now)
        } catch MLSError.ownMessage {
            return blame(.repeatedEntry, of: place?.attachment, entry, membership)
        } catch {
            return blame(.refusedCommit, entry, membership)
        }
    }

    /// Nil for a commit whose path cannot be opened by us, and perhaps by others.
    private func stage(
        _ verified: VerifiedCommit, _ membership: Membership
    ) throws -> StagedCommit? {
        do {
            return try membership.group.stage(verified, preSharedKeys: keys.preSharedKeys)
        } catch .decryptionFailed, .pathKeyMismatch, .pathSecretNotForUs, .wrongSecretSize {
            return nil
        }
    }

    private func removed(
        by sender: RoomMember, _ changes: EpochChanges, _ isCommand: Bool,
        _ membership: Membership, now: Duration
    ) throws -> [GroupStep] {
        // A commit that the others refuse removes nobody.
        let change = try membership.roster.apply(changes)
        // An earlier knock of ours was served once more.
        let own = place?.attachment
        guard change.left.contains(where: { $0.attachment == own }), !membership.hasSaidBye else {
            return seekAgain(now: now)
        }
        guard isCommand else { return lostTrack(.droppedWhileHere, now: now) }
        isOver = true
        return [.news(.removedUs(by: sender))]
    }

    /// A message of a group that is not ours. If it is the older one and nobody is with us, we found
    /// ours because its members were out of reach: we ask them to let us in.
    func ofAnotherGroup(
        _ bytes: [UInt8], _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        guard membership.group.memberCount == 1,
            case .privateMessage(let message)? = try? MLSMessage(bytes: bytes),
            !membership.laterGroups.contains(message.groupID),
            !formerGroups.contains(message.groupID)
        else { return [] }
        // In a log that began with our group there is no older one: somebody would lead us off.
        guard !membership.isFirst else { return [.news(.warning(.secondConversation, about: nil))] }
        return [.news(.warning(.secondConversation, about: nil))]
            + rejoin(because: .otherGroup, now: now)
    }

    /// We cannot follow the group any more: back to the door.
    func lostTrack(_ why: RoomWarning.Kind, now: Duration) -> [GroupStep] {
        [.news(.warning(why, about: nil))] + seekAgain(now: now)
    }

    /// A new epoch.
    private func changed(
        _ change: RoomRoster.Change, by committer: AttachmentID?, at entry: LogEntry,
        isCommand: Bool, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        var steps: [GroupStep] = []
        noteEnd(membership, now: now)
        membership.duties.conflicts = 0
        membership.duties.pay(entry.payload.count, now: now)
        if committer != place?.attachment {
            // They are where we are.
            membership.doubt.settle()
            stayInside(ifCause: .leftBehind)
        }
        if membership.group.memberCount > 1 { stayInside(ifCause: .otherGroup) }
        for member in change.left { membership.leavers.remove(member.attachment) }
        for member in change.left {
            membership.changes[member.attachment] = entry.sequence
            membership.heardOf[member.attachment] = nil
        }
        for member in change.left { membership.returns[member.attachment, default: 0] += 1 }
        if membership.returns.count > FrameLimits.maximumRoster { membership.returns = [:] }
        if membership.changes.count > 2 * FrameLimits.maximumRoster { membership.changes = [:] }
        if isCommand { oweMove(from: change.left, by: committer, membership, now: now) }
        forgetCompanions(change.left, membership)
        if !change.left.isEmpty {
            steps.append(.news(.left(change.left, removedBy: isCommand ? committer : nil)))
        }
        for member in change.joined + change.returned {
            _ = membership.door.forget(member.attachment)
            membership.changes[member.attachment] = entry.sequence
            if companions.contains(member.identityKey) {
                membership.lastReturn = membership.group.epoch
            }
        }
        for member in change.returned { membership.leavers.remove(member.attachment) }
        if !change.joined.isEmpty {
            membership.duties.lastArrival = now
            steps.append(.news(.joined(change.joined)))
        }
        steps += change.renamed.map { .news(.renamed($0)) }
        noteAbsent(membership, now: now)
        return steps
    }
}

extension Membership.Proposed {
    fileprivate var isCommand: Bool {
        if case .removal = purpose { true } else { false }
    }
}
