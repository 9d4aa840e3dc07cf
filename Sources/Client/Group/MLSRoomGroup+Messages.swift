import MLS
import TLSSyntax
import Wire

/// What members say.
extension MLSRoomGroup {
    func seal(_ content: [UInt8], now: Duration) throws(GroupError) -> [UInt8] {
        guard isReady, let membership,
            let sealed = seal(.content(content), membership)
        else { throw .notReady }
        membership.duties.receipt = nil
        membership.duties.asking = nil
        switch try? Content.decode(content) {
        case .bye?: membership.hasSaidBye = true
        case .text(let part)?: memory.sealed(part, into: sealed)
        default: break
        }
        membership.sealedCount += 1
        if membership.sealedCount % Duties.renewalMessages == 0 {
            let soon = now + between(.zero, Duties.firstRenewal)
            membership.duties.renewal = min(membership.duties.renewal ?? soon, soon)
        }
        return sealed
    }

    private func seal(_ body: Envelope.Body, _ membership: Membership) -> [UInt8]? {
        let remarks = membership.remarks.next
        let claim = membership.remarks.isComplete ? membership.record.claim : nil
        let envelope = Envelope(claim: claim, remarks: remarks, body: body)
        guard let sealed = try? membership.group.encrypt(envelope.encoded).bytes else {
            return nil
        }
        membership.remarks.sealed(sealed, remarks)
        return sealed
    }

    var sealing: Sealing? {
        guard isReady, let membership else { return nil }
        return Sealing(group: membership.group.groupID, epoch: membership.group.epoch)
    }

    func canBeRead(_ sealing: Sealing, now: Duration) -> Bool {
        guard let membership, sealing.group == membership.group.groupID else { return false }
        return sealing.epoch == membership.group.epoch
            || membership.ends.canBeRead(sealing.epoch, now: now)
    }

    /// Says something to the group itself; it has its effect when it has its place in the log.
    func speak(_ body: Envelope.Body, _ membership: Membership) -> [GroupStep] {
        guard let payload = seal(body, membership) else { return [] }
        let ticket = nextTicket()
        membership.spoken.append(
            .init(ticket: ticket, payload: payload, body: body, epoch: membership.group.epoch))
        return [.append(ticket, kind: .message, epoch: 0, payload: payload)]
    }

    /// A message of ours has its place in the log.
    func landed(
        _ entry: LogEntry, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        let index = membership.spoken.firstIndex { $0.payload == entry.payload }
        let spoken = index.map { membership.spoken.remove(at: $0) }
        guard case .privateMessage(let message)? = try? MLSMessage(bytes: entry.payload) else {
            return []
        }
        let isReadable =
            canBeRead(Sealing(group: message.groupID, epoch: message.epoch), now: now)
            && message.epoch >= membership.lastReturn
        if isReadable {
            membership.remarks.landed(entry.payload)
        } else {
            membership.remarks.addRepeated(entry.sequence)
            oweReceipt(membership, now: now)
        }
        guard let spoken else {
            if isReadable { memory.landed(entry.payload, at: entry.sequence) }
            return isReadable ? [] : [.sayAgain]
        }
        if case .moves = spoken.body, message.epoch != membership.group.epoch {
            moveFailed(membership, now: now)
            return []
        }
        guard isReadable else { return speak(spoken.body, membership) }
        guard let own = place?.attachment else { return [] }
        return take(spoken.body, from: own, at: entry.sequence, membership, now: now)
    }

    /// A message of another's.
    func message(
        _ entry: LogEntry, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        do {
            let opened = try membership.group.open(bytes: entry.payload)
            guard case .application(let message) = opened else {
                return blame(.unreadable, entry, membership)
            }
            return try read(message, entry, membership, now: now)
        } catch MLSError.wrongEpoch(let epoch) {
            if epoch > membership.group.epoch { return doubt(entry, membership, now: now) }
            if epoch >= membership.firstEpoch, membership.roster[entry.sender] != nil {
                membership.late.add(
                    entry.sequence, of: entry.sender, until: now + Duties.sayingAgain)
            }
            // Else it was for those who were in before us.
            lack(entry, membership, now: now)
            return []
        } catch MLSError.wrongGroup {
            return ofAnotherGroup(entry.payload, membership, now: now)
        } catch MLSError.messageKeyUsed {
            return blame(.repeatedEntry, entry, membership)
        } catch MLSError.ownMessage {
            return blame(.repeatedEntry, of: place?.attachment, entry, membership)
        } catch {
            lack(entry, membership, now: now)
            return blame(.unreadable, entry, membership)
        }
    }

    /// What a member said was not opened, as its sender should know.
    private func lack(_ entry: LogEntry, _ membership: Membership, now: Duration) {
        guard membership.roster[entry.sender] != nil else { return }
        membership.remarks.addUnread(entry.sequence)
        oweReceipt(membership, now: now)
    }

    /// Says what is wrong with an entry, and of whom it is said: its sender, if not another. Nobody in
    /// the room answers for what somebody else with the link puts into the log.
    func blame(
        _ kind: RoomWarning.Kind, of author: AttachmentID? = nil, _ entry: LogEntry,
        _ membership: Membership
    ) -> [GroupStep] {
        guard membership.roster[entry.sender] != nil else {
            return [.news(.warning(.outsider, about: nil))]
        }
        return [.news(.warning(kind, about: author ?? entry.sender))]
    }

    private func read(
        _ message: ApplicationMessage, _ entry: LogEntry, _ membership: Membership, now: Duration
    ) throws -> [GroupStep] {
        // The leaf of its epoch, and only if whoever had it is still in.
        guard let placement = Placement(of: message.sender.leaf),
            let sender = membership.roster[placement.attachment],
            sender == RoomRoster.checked(message.sender.leaf, of: sender)
        else { return [] }
        guard entry.sender == sender.attachment else {
            lack(entry, membership, now: now)
            return [.news(.warning(.wrongSender, about: sender.attachment))]
        }
        guard let envelope = try Envelope(message.data) else { return [] }
        membership.heardOf[sender.attachment] = now + Duties.stay
        let remarks = envelope.remarks
        membership.late.saidAgain(remarks.repeated, by: sender.attachment)
        let lacks = GroupNews.lacks(sender.attachment, places: remarks.unread)
        let steps =
            (remarks.unread.isEmpty ? [] : [.news(lacks)])
            + compare(envelope, message, by: sender, at: entry.sequence, membership, now: now)
        // Said before somebody was taken out who can read it still.
        if case .moves = envelope.body, message.epoch != membership.group.epoch { return steps }
        return steps
            + take(
                envelope.body, from: sender.attachment, at: entry.sequence, membership, now: now)
    }

    /// What a member said, ourselves included, in the order of the log.
    func take(
        _ body: Envelope.Body, from sender: AttachmentID, at sequence: UInt64,
        _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        switch body {
        case .content(let content):
            let decoded = try? Content.decode(content)
            if case .text(let part)? = decoded { memory.heard(part, at: sequence) }
            if decoded == .bye {
                membership.heardOf[sender] = nil
                leaves(sender, membership, now: now)
            } else {
                oweReceipt(membership, now: now)
            }
            return [.news(.content(sender: sender, content, sequence: sequence))]
        case .receipt, .reminds, .briefing: return []
        case .states(let heard): return stated(heard, by: sender, membership, now: now)
        case .recounts(let recount):
            memory.recounted(recount)
            return []
        case .asks(let member): return heardAsking(member, membership)
        case .decides(let attachment, let identityKey, let admits):
            let decided = membership.door.decide(
                attachment, identityKey: identityKey, admits: admits)
            guard decided != nil else { return [] }
            return [
                .news(
                    .decided(
                        newcomer: attachment,
                        admits ? .admitted(by: sender) : .refused(by: sender)))
            ]
        case .moves(let secret, let removed):
            return moved(to: secret, by: sender, removed: removed, membership)
        }
    }

    /// Somebody asks to be let in, as a member says.
    func heardAsking(_ member: RoomMember, _ membership: Membership) -> [GroupStep] {
        // Whom nobody sees cannot take the places of those who wait.
        guard membership.rules.needsApproval, presences[member.attachment] != nil,
            membership.roster[member.attachment] == nil, membership.door.asks(member)
        else { return [] }
        let former = membership.door.makeRoom(by: random.next())
        let gone = former.map { [GroupStep.news(.decided(newcomer: $0.attachment, .gone))] } ?? []
        return gone + [.news(.newcomer(member))]
    }

    /// Says within a few seconds what we have, unless something else says it.
    private func oweReceipt(_ membership: Membership, now: Duration) {
        guard membership.duties.receipt == nil, membership.group.memberCount > 1,
            membership.group.memberCount <= Receipts.maximumRoom
        else { return }
        membership.duties.receipt = now + between(Duties.receiptDelay, Duties.receiptDelay * 2)
    }
}

extension RoomRoster {
    /// The member of a leaf of an earlier epoch, by its signature key: it may have had another name.
    fileprivate static func checked(_ leaf: LeafNode, of member: RoomMember) -> RoomMember? {
        guard case .basic(let bytes) = leaf.credential,
            let passport = try? Passport(tlsEncoded: bytes),
            passport.identityKey == member.identityKey
        else { return nil }
        return member
    }
}
