import TLSSyntax
import Wire

/// What the server says.
extension RoomSession {
    mutating func received(_ frames: [ServerFrame], now: Duration) {
        lastHeard = now
        for frame in frames { received(frame, now: now) }
    }

    private mutating func received(_ frame: ServerFrame, now: Duration) {
        switch (phase, frame) {
        case (.idle, _), (.connecting, _), (.closing, _), (.waiting, _), (.ended, _): break
        case (_, .goodbye(let reason)): receivedGoodbye(reason)
        case (.greeting(let server, _), .challenge(let hello)):
            attach(to: server, hello: hello, now: now)
        case (.attaching, .attached(let attached)): receivedAttached(attached, now: now)
        case (.attached, _): receivedInRoom(frame, now: now)
        default: close(.protocolViolation)
        }
    }

    private mutating func receivedGoodbye(_ reason: GoodbyeReason) {
        guard leaving?.isSaid == true else { return close(.goodbye(reason)) }
        actions.append(.disconnect)
        end(nil)
    }

    private mutating func attach(
        to server: ServerKeyHash, hello: ServerFrame.ServerHello, now: Duration
    ) {
        guard hello.version == FrameLimits.protocolVersion else {
            return close(.goodbye(.version))
        }
        guard let proof = try? access.prove(.attach, challenge: hello.challenge, server: server)
        else { return close(.protocolViolation) }
        let resume = place.map {
            ClientFrame.Resume(attachment: $0.attachment, token: $0.token, after: $0.position)
        }
        phase = .attaching(since: now)
        actions.append(.send(.attach(ClientFrame.Attach(proof: proof, resume: resume))))
    }

    // MARK: Entering

    private mutating func receivedAttached(_ attached: ServerFrame.Attached, now: Duration) {
        guard isPlausible(attached),
            let profile = identity.announce(
                name: name, attachment: attached.attachment, room: access.room)
        else { return close(.protocolViolation) }
        phase = .attached
        actions.append(.connection(.connected))
        pausedUntil = nil
        cipherWakes = nil
        isDegraded = false
        if attached.standing == .resumed {
            resume(attached, now: now)
        } else {
            enter(attached, profile: profile, now: now)
        }
        perform(cipher.attached(attached, profile: profile), now: now)
        pump(now: now)
    }

    private func isPlausible(_ attached: ServerFrame.Attached) -> Bool {
        let roster = attached.roster
        guard attached.attachment.number != 0, roster.count <= FrameLimits.maximumRoster else {
            return false
        }
        var ids = Set(roster.lazy.map(\.attachment))
        guard ids.count == roster.count, ids.insert(attached.attachment).inserted,
            !ids.contains(AttachmentID(0)), roster.allSatisfy({ $0.state != .gone })
        else { return false }
        guard attached.standing == .resumed else { return true }
        return attached.attachment == place?.attachment
    }

    private mutating func enter(
        _ attached: ServerFrame.Attached, profile: Announcement, now: Duration
    ) {
        let wasHere = place != nil
        if let place, place.position.log != attached.position.log {
            pausedUntil = now + Self.regathering
        }
        setPlace(attached)
        outbox.restart()
        recentlySettled = RecentSet(limit: Self.recentlySettledCount)
        if attached.standing == .newcomer {
            outbox.enqueueFirst(.announcement(Content.announce(profile).encoded))
        }
        actions.append(.entered(attached, profile))
        if wasHere, attached.standing == .newcomer { actions.append(.missed(count: nil)) }
        scheduleAsking(afresh: true)
    }

    private mutating func resume(_ attached: ServerFrame.Attached, now: Duration) {
        guard let old = place else { return }
        setPlace(attached)
        actions.append(.resumed(roster: attached.roster))
        if attached.position.log != old.position.log {
            restart(now: now)
        } else {
            // The log goes on where we left it; if it goes on later, it should have said `gap`.
            if attached.position.sequence > old.position.sequence {
                actions.append(.missed(count: nil))
            } else {
                place?.position = old.position
            }
            resend(all: true, now: now)
        }
        scheduleAsking(afresh: false)
    }

    private mutating func setPlace(_ attached: ServerFrame.Attached) {
        place = Place(
            attachment: attached.attachment, token: attached.token, position: attached.position)
    }

    // MARK: In the room

    private mutating func receivedInRoom(_ frame: ServerFrame, now: Duration) {
        switch frame {
        case .entry(let entry): receivedEntry(entry, now: now)
        case .appended(let appended): receivedAppended(appended, now: now)
        case .conflict(let id, let epoch): receivedConflict(id, epoch: epoch, now: now)
        case .refused(let id, let reason): receivedRefusal(id, reason, now: now)
        case .unavailable(let id, let certain): receivedUnavailable(id, certain, now: now)
        case .presence(let presence): receivedPresence(presence, now: now)
        case .gap(let gap): receivedGap(gap)
        case .reset(let position): receivedReset(position, now: now)
        case .degraded: setDegraded(true)
        case .restored: setDegraded(false)
        case .knocked(let knock): perform(cipher.knocked(knock), now: now)
        case .answered(let answer): perform(cipher.answered(answer), now: now)
        case .unanswered: perform(cipher.unanswered(), now: now)
        case .pong: break
        case .challenge, .attached, .spliced, .goodbye: close(.protocolViolation)
        }
    }

    /// Numbers on one connection only increase; what we have from an earlier one is passed over.
    ///
    /// - Returns: true when the entry is new to us.
    private mutating func advance(to sequence: UInt64) -> Bool {
        if let lastSequence, sequence <= lastSequence {
            close(.protocolViolation)
            return false
        }
        lastSequence = sequence
        guard let place, sequence > place.position.sequence else { return false }
        self.place?.position.sequence = sequence
        // Something got through: the next break is a new one.
        backoff.reset()
        return true
    }

    private mutating func receivedEntry(_ entry: ServerFrame.Entry, now: Duration) {
        guard advance(to: entry.sequence), entry.sender != place?.attachment else { return }
        do {
            let opened = try cipher.open(entry)
            if let content = opened.content {
                actions.append(.content(sender: entry.sender, content))
            }
            perform(opened.steps, now: now)
        } catch {
            // Once is enough: a flood of them is not worth a flood of notices.
            guard !saidUnreadable else { return }
            saidUnreadable = true
            actions.append(.notice("something came that could not be opened; it was passed over"))
        }
    }

    /// Told when it changes: a flood of words on it is not worth a flood of notices.
    private mutating func setDegraded(_ degraded: Bool) {
        guard degraded != isDegraded else { return }
        isDegraded = degraded
        actions.append(
            .notice(
                degraded
                    ? "the server is slow to keep what is said; it may come late"
                    : "the server keeps up again"))
    }

    private mutating func receivedPresence(_ presence: Presence, now: Duration) {
        guard presence.attachment.number != 0, presence.attachment != place?.attachment else {
            return close(.protocolViolation)
        }
        actions.append(.presence(presence))
        perform(cipher.presence(presence), now: now)
    }

    private mutating func receivedGap(_ gap: ServerFrame.Gap) {
        if let lastSequence, gap.through < lastSequence { return close(.protocolViolation) }
        lastSequence = gap.through
        guard let place, gap.through > place.position.sequence else { return }
        self.place?.position.sequence = gap.through
        actions.append(.missed(count: gap.count.map { Int($0) }))
        scheduleAsking(afresh: true)
    }

    private mutating func receivedReset(_ position: Position, now: Duration) {
        place?.position = position
        lastSequence = nil
        actions.append(.missed(count: nil))
        restart(now: now)
        perform(cipher.reset(to: position), now: now)
        pump(now: now)
    }

    /// Everything not acknowledged is said again to a log that began anew.
    private mutating func restart(now: Duration) {
        outbox.restart()
        recentlySettled = RecentSet(limit: Self.recentlySettledCount)
        pausedUntil = nil
        actions.append(.restarted)
        guard let place,
            let profile = identity.announce(
                name: name, attachment: place.attachment, room: access.room)
        else { return }
        outbox.enqueueFirst(.announcement(Content.announce(profile).encoded))
    }

    // MARK: The cipher

    mutating func perform(_ steps: [CipherStep], now: Duration) {
        for step in steps {
            switch step {
            case .knock(let payload): actions.append(.send(.knock(payload)))
            case .answer(let knocks, let payload):
                let answer = ClientFrame.Answer(knocks: knocks, payload: payload)
                actions.append(.send(.answer(answer)))
            case .append(let ticket, let kind, let epoch, let payload):
                launch(
                    payload, kind: kind, epoch: epoch, origin: .cipher(ticket), now: now)
            case .ready(let ready): actions.append(.send(.ready(ready)))
            case .wake(let pause): cipherWakes = now + pause
            case .learned(let people): actions.append(.learned(people))
            }
        }
        if !steps.isEmpty, isAttached { pump(now: now) }
    }

    mutating func wakeCipher(people: [Announcement], now: Duration) {
        guard isAttached else { return }
        perform(cipher.woken(people: people), now: now)
    }

    /// Some people in the room are still without a name.
    mutating func askForNames(now: Duration) {
        guard isAttached, let place,
            let profile = identity.announce(
                name: name, attachment: place.attachment, room: access.room)
        else { return }
        perform(cipher.namesMissing(profile: profile), now: now)
        timesAsked += 1
        scheduleAsking(afresh: false)
    }

    /// First after some two seconds, then after twice as long each time.
    mutating func scheduleAsking(afresh: Bool) {
        if afresh { timesAsked = 0 }
        guard timesAsked < Self.maximumAsking else { return }
        let pause = Duration.seconds(2) * (1 << timesAsked)
        asksAt = lastHeard + pause * Double.random(in: 0.75...1.5, using: &random)
    }
}
