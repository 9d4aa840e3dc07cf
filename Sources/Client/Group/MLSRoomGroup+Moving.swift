import MLS
import Wire

/// A move to a fresh secret that the members owe each other, since somebody was taken out by
/// command and still has the link.
struct OwedMove: Sendable {
    var removed: [RoomMember]
    /// When this member moves the room, unless another did; nil while its word is under way.
    var due: Duration?
}

/// Taking people out for good, and moving the room away from them.
///
/// A commit by command says that a move is owed. Whoever made it moves the room after a moment, in
/// which others who want somebody out can have it done before the move; should it be gone by then,
/// the next member does. Until then nobody is let in and nothing else is committed, so that the
/// fresh secret can be said in the epoch that is without those who were taken out, and in no
/// other: the first word of a move in the log that was sealed in the epoch of its place counts, for
/// everybody alike.
extension MLSRoomGroup {
    /// This person, or a member before the log began anew, wants somebody out.
    func want(out members: [RoomMember]) {
        for member in members
        where member.identityKey != identity.publicKey
            && !removals.contains(where: { $0.identityKey == member.identityKey })
        {
            removals.append(member)
        }
    }

    /// Members were taken out by command.
    func oweMove(
        from left: [RoomMember], by committer: AttachmentID?, _ membership: Membership,
        now: Duration
    ) {
        guard !left.isEmpty else { return }
        let keys = Set(left.map(\.identityKey))
        removals.removeAll { keys.contains($0.identityKey) }
        membership.door.ban(left)
        membership.door.queue = []
        let isOwn = committer == place?.attachment
        let delay =
            isOwn
            ? Duties.moving
            : Duties.movingForAnother
                + Duties.movingPerRank * rank(in: membership, without: committer)
                + between(.zero, Duties.jitter * 10)
        membership.owed = OwedMove(
            removed: left + (membership.owed?.removed ?? []), due: now + delay)
    }

    /// What may be committed or said before the room has moved.
    func moveOn(_ membership: Membership, now: Duration) -> [GroupStep]? {
        if !removals.isEmpty, now >= membership.duties.removing {
            return remove(membership, now: now)
        }
        // What we missed may have been the move: who finds nobody here then was left behind, and a
        // room of our own elsewhere would help nobody.
        if membership.hasGap, isAlone(membership) { membership.owed = nil }
        guard let owed = membership.owed else { return nil }
        guard let due = owed.due, now >= due else { return [] }
        return move(owed, membership, now: now)
    }

    private func remove(_ membership: Membership, now: Duration) -> [GroupStep] {
        let wanted = Set(removals.map(\.identityKey))
        let leaves = membership.roster.members.filter { wanted.contains($0.value.identityKey) }
        guard !leaves.isEmpty else {
            // They are out already; what is left is that they have the link.
            let owed = OwedMove(removed: removals, due: now)
            removals = []
            return move(owed, membership, now: now)
        }
        return propose(
            leaves.keys.map(Change.remove), CommitOptions(),
            purpose: .removal(Array(leaves.values)), membership, now: now)
            ?? wait(membership, now: now)
    }

    private func move(
        _ owed: OwedMove, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        let steps = speak(.moves(RoomSecret(), removed: owed.removed.first), membership)
        membership.owed = OwedMove(
            removed: owed.removed, due: steps.isEmpty ? now + Duties.pause : nil)
        return steps
    }

    /// Our word of a move came to nothing: we say another, with another secret, since those for whom
    /// that one was may be others by now.
    func moveFailed(_ membership: Membership, now: Duration) {
        guard membership.owed?.due == nil else { return }
        membership.owed?.due = now
    }

    /// The room goes on elsewhere. Those whom this person wanted out and who heard it are still to
    /// be taken out there.
    func moved(
        to secret: RoomSecret, by mover: AttachmentID, removed: RoomMember?,
        _ membership: Membership
    ) -> [GroupStep] {
        isOver = true
        let keys = Set(membership.roster.members.values.map(\.identityKey))
        removals.removeAll { !keys.contains($0.identityKey) }
        return [.news(.moved(secret, by: mover, removed: removed))]
    }

    private func isAlone(_ membership: Membership) -> Bool {
        !membership.roster.attachments.contains {
            $0 != place?.attachment && presences[$0] == .here
        }
    }

    /// How many members have a duty before this one.
    func rank(in membership: Membership, without absent: AttachmentID? = nil) -> Int {
        guard let own = place?.attachment else { return 0 }
        let fit = membership.roster.inOrder.filter {
            $0 == own
                || ($0 != absent && presences[$0] == .here && !membership.leavers.contains($0))
        }
        return fit.firstIndex(of: own) ?? 0
    }
}
