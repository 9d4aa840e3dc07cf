import Wire

/// Carries out what the session and the desk want.
extension ChatClient {
    func perform(_ action: RoomSession.Action) {
        switch action {
        case .connect:
            isCloseWanted = false
            connects.continuation.yield()
        case .disconnect:
            isCloseWanted = true
            closing?.finish()
        case .send(let frame):
            outgoing.append(frame)
            outgoingBytes += frame.size
        case .connection(let state):
            desk.setConnected(state == .connected, now: clock.now())
            queue.push(.connection(state))
        case .entered(let attached, let own):
            queue.push(conversation.entered(attached, own: own))
        case .resumed(let roster): tell(conversation.resumed(roster: roster))
        case .restarted: conversation.restarted()
        case .content(let sender, let bytes): received(bytes, from: sender)
        case .presence(let presence): received(presence)
        case .missed(let count): queue.push(.missed(count: count))
        case .learned(let announcements): learn(announcements)
        case .cipherDue:
            session.wakeCipher(people: conversation.people.announcements, now: clock.now())
        case .namesDue:
            if conversation.people.hasNameless { session.askForNames(now: clock.now()) }
        case .sent(let id): queue.push(.sent(id))
        case .uncertain(let id): queue.push(.uncertain(id))
        case .notice(let text): queue.push(.notice(text))
        case .end(let failure): finish(failure)
        }
    }

    func perform(_ action: TransferDesk.Action) {
        switch action {
        case .event(let event): queue.push(event)
        case .say(let content):
            // Others make this client say some of it; what is left unsaid they ask for again.
            guard session.outbox.hasRoomForContent else { return }
            session.enqueue(.content(content.encoded), now: clock.now())
        case .startReceiving(let order): start(receiving: order)
        case .startSending(let order): start(sending: order)
        case .stop(let token, let discard):
            if discard { jobEnds[token]?.isUnwanted = true }
            jobEnds[token]?.stop.finish()
        case .digest(let token, let digest): jobEnds[token]?.digests?.yield(digest)
        }
    }

    // MARK: What comes from the room

    /// What a member said. What makes no sense, or sense only to a later version, is passed over.
    private func received(_ bytes: [UInt8], from sender: AttachmentID) {
        guard let content = try? Content.decode(bytes) else { return }
        switch content {
        case .announce(let announcement):
            if announcement.attachment == sender { learn([announcement]) }
        case .text(let part):
            for event in conversation.said(part, by: sender) { queue.push(event) }
        case .bye:
            for event in conversation.left(sender) { queue.push(event) }
            desk.left(sender, inGoodOrder: true, now: clock.now())
        case .offer, .take, .decline, .withdraw, .cancel, .digest, .received:
            desk.heard(
                content, from: sender, people: conversation.people, now: clock.now())
        }
    }

    private func received(_ presence: Presence) {
        let wasKnown = conversation.people.key(of: presence.attachment) != nil
        tell(conversation.update(presence))
        if presence.state == .gone {
            desk.left(presence.attachment, inGoodOrder: false, now: clock.now())
        } else if wasKnown {
            desk.met(presence.attachment, people: conversation.people, now: clock.now())
        }
    }

    private func learn(_ announcements: [Announcement]) {
        tell(conversation.learn(announcements))
        for announcement in announcements
        where conversation.people.isPresent(announcement.attachment) {
            desk.met(
                announcement.attachment, people: conversation.people, now: clock.now())
        }
    }

    private func tell(_ events: [ClientEvent]) {
        for event in events {
            if case .person(let person, .left) = event {
                desk.left(person.attachment, inGoodOrder: false, now: clock.now())
            }
            queue.push(event)
        }
    }
}
