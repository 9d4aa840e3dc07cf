import Wire

/// Carries out what the session and the desk want.
extension ChatClient {
    func perform(_ action: RoomSession.Action) {
        switch action {
        case .connect:
            isCloseWanted = false
            move.isConnectionOpen = true
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
        case .readdress(let contents):
            desk.hold(contents, people: conversation.people, now: clock.now())
        case .placed(let attached):
            noteCompanions()
            conversation.placed(attached)
        case .resumed(let roster): tell(conversation.resumed(roster: roster))
        case .restarted:
            noteCompanions()
            conversation.logBeganAnew()
        case .presence(let presence): received(presence)
        case .missed(let count): queue.push(.missed(count: count))
        case .news(let news): received(news)
        case .sent(let id, let places):
            conversation.sent(id, at: places)
            queue.push(.sent(id))
        case .uncertain(let id): queue.push(.uncertain(id))
        case .notice(let text): queue.push(.notice(text))
        case .departed: prepareNewRoom()
        case .end(let failure): finish(failure)
        }
    }

    func perform(_ action: TransferDesk.Action) {
        switch action {
        case .event(let event): queue.push(event)
        case .say(let content):
            // Others make this client say some of it; what is left unsaid they ask for again. What
            // this person offers is bounded, and nobody would ask for it.
            guard session.outbox.hasRoomForContent || content.isOffering else { return }
            // Between two rooms nobody is where they were.
            if let member = content.addressee, !conversation.people.isPresent(member) {
                return desk.hold([content], people: conversation.people, now: clock.now())
            }
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

    private func received(_ news: GroupNews) {
        if case .content(let sender, let bytes, _) = news { return received(bytes, from: sender) }
        tell(conversation.heard(news))
        switch news {
        case .entered, .joined: lookForCompanions()
        case .moved(let secret, let by, _): plan(secret, by: by)
        default: break
        }
    }

    /// What a member said. What makes no sense, or sense only to a later version, is passed over.
    private func received(_ bytes: [UInt8], from sender: AttachmentID) {
        guard let content = try? Content.decode(bytes) else { return }
        switch content {
        case .text(let part): tell(conversation.heard(part, by: sender))
        case .bye:
            desk.left(
                sender, inGoodOrder: true, people: conversation.people, now: clock.now())
            tell(conversation.left(sender))
        case .closes:
            tell(conversation.spoke(sender))
            session.closes(conversation.people.person(sender).name, now: clock.now())
        case .offer, .take, .decline, .withdraw, .cancel, .digest, .received, .broken:
            tell(conversation.spoke(sender))
            desk.heard(
                content, from: sender, people: conversation.people, now: clock.now())
        }
    }

    private func received(_ presence: Presence) {
        tell(conversation.update(presence))
    }

    /// Passes on what happened, and to the desk what matters to transfers.
    private func tell(_ events: [ClientEvent]) {
        for event in events {
            switch event {
            case .joined(let joined):
                for person in joined.people { met(person) }
            case .person(let person, .left):
                left(person, inGoodOrder: false)
            case .person(let person, .removed):
                left(person, inGoodOrder: true)
            case .person(let person, .arrived), .person(let person, .back): met(person)
            default: break
            }
            queue.push(event)
            solitude?.saw(event, isAlone: conversation.people.audience.isEmpty, now: clock.now())
        }
    }

    private func left(_ person: Person, inGoodOrder: Bool) {
        desk.left(
            person.attachment, inGoodOrder: inGoodOrder, people: conversation.people,
            now: clock.now())
    }

    func tellIfAlone() {
        guard let event = solitude?.tick(now: clock.now()) else { return }
        queue.push(event)
    }

    private func met(_ person: Person) {
        desk.met(person.attachment, people: conversation.people, now: clock.now())
    }
}
