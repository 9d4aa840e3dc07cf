import TLSSyntax
import Wire

/// What the server says.
extension RoomSession {
    mutating func received(_ frames: [ServerFrame], now: Duration) {
        keepalive.heard(now: now)
        for frame in frames { received(frame, now: now) }
        pump(now: now)
    }

    private mutating func received(_ frame: ServerFrame, now: Duration) {
        switch (phase, frame) {
        case (.idle, _), (.connecting, _), (.closing, _), (.waiting, _), (.ended, _): break
        case (_, .goodbye(let reason)): receivedGoodbye(reason)
        case (.greeting(let server, _), .challenge(let hello)):
            attach(to: server, hello: hello, now: now)
        case (.attaching(let since), .attached(let attached)):
            receivedAttached(attached, askedAt: since, now: now)
        case (.attached, _): receivedInRoom(frame, now: now)
        default: close(.protocolViolation)
        }
    }

    private mutating func receivedGoodbye(_ reason: GoodbyeReason) {
        guard leaving?.isSaid == true else { return close(.goodbye(reason)) }
        endLeaving()
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

    private mutating func receivedAttached(
        _ attached: ServerFrame.Attached, askedAt: Duration, now: Duration
    ) {
        guard isPlausible(attached) else { return close(.protocolViolation) }
        phase = .attached
        noteAttached()
        actions.append(.connection(.connected))
        pausedUntil = nil
        isDegraded = false
        isGroupAttached = true
        isReplaying = attached.standing == .resumed
        if isReplaying {
            resume(attached, now: now)
            // What we missed comes before the answer.
            actions.append(.send(keepalive.catchUp(now: now)))
        } else {
            enter(attached, now: now)
            answered(sent: askedAt, now: now)
        }
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

    private mutating func enter(_ attached: ServerFrame.Attached, now: Duration) {
        if let place { isMove = isMove || place.position.log != attached.position.log }
        isGathering = false
        if isMove { gather(now: now) }
        isMove = false
        setPlace(attached)
        let addressed = outbox.restartElsewhere()
        if !addressed.isEmpty { actions.append(.readdress(addressed)) }
        recentlySettled = RecentSet(limit: Self.recentlySettledCount)
        actions.append(.placed(attached))
        carryOut(group.attached(attached, now: now), now: now)
    }

    private mutating func resume(_ attached: ServerFrame.Attached, now: Duration) {
        guard let old = place else { return }
        setPlace(attached)
        actions.append(.resumed(roster: attached.roster))
        let isSameLog = attached.position.log == old.position.log
        // The log goes on where we left it; if it goes on later, it should have said `gap`.
        let isLater = isSameLog && attached.position.sequence > old.position.sequence
        if isSameLog, !isLater { place?.position = old.position }
        if !isSameLog { restart(now: now) }
        if isLater { actions.append(.missed(count: nil)) }
        carryOut(group.attached(attached, now: now), now: now)
        if isLater { carryOut(group.gap(now: now), now: now) }
        if !isSameLog { carryOut(group.reset(to: attached.position, now: now), now: now) }
    }

    private mutating func setPlace(_ attached: ServerFrame.Attached) {
        place = Place(
            attachment: attached.attachment, token: attached.token, position: attached.position)
    }

    // MARK: In the room

    private mutating func receivedInRoom(_ frame: ServerFrame, now: Duration) {
        guard leaving?.isDeaf != true else { return }
        switch frame {
        case .entry(let entry): receivedEntry(entry, now: now)
        case .appended(let appended): receivedAppended(appended, now: now)
        case .conflict(let id, let epoch): receivedConflict(id, epoch: epoch, now: now)
        case .refused(let id, let reason): receivedRefusal(id, reason, now: now)
        case .unavailable(let id, let certain): receivedUnavailable(id, certain, now: now)
        case .presence(let presence): receivedPresence(presence, now: now)
        case .gap(let gap): receivedGap(gap, now: now)
        case .reset(let position): receivedReset(position, now: now)
        case .degraded: setDegraded(true)
        case .restored: setDegraded(false)
        case .knocked(let knock): carryOut(group.knocked(knock, now: now), now: now)
        case .answered(let answer): carryOut(group.answered(answer, now: now), now: now)
        case .unanswered: carryOut(group.unanswered(now: now), now: now)
        case .pong(let number): receivedPong(number, now: now)
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
        guard advance(to: entry.sequence) else { return }
        guard entry.sender == place?.attachment else { return pass(entry, isOwn: false, now: now) }
        // Our own, of an earlier connection: its answer was lost, or is still to come.
        guard let flight = outbox.flight(of: entry.payload) else {
            return pass(entry, isOwn: outbox.wasGivenUp(entry.payload), now: now)
        }
        guard land(flight.append.id) != nil else { return }
        passOwn(flight, at: entry.sequence, now: now)
    }

    private mutating func pass(_ entry: ServerFrame.Entry, isOwn: Bool, now: Duration) {
        let entry = LogEntry(
            sequence: entry.sequence, sender: entry.sender, kind: entry.kind,
            payload: entry.payload, isOwn: isOwn)
        carryOut(group.entry(entry, now: now), now: now)
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
        carryOut(group.presence(presence, now: now), now: now)
    }

    private mutating func receivedGap(_ gap: ServerFrame.Gap, now: Duration) {
        if let lastSequence, gap.through < lastSequence { return close(.protocolViolation) }
        lastSequence = gap.through
        guard let place, gap.through > place.position.sequence else { return }
        self.place?.position.sequence = gap.through
        actions.append(.missed(count: gap.count.map { Int($0) }))
        carryOut(group.gap(now: now), now: now)
    }

    private mutating func receivedReset(_ position: Position, now: Duration) {
        place?.position = position
        lastSequence = nil
        restart(now: now)
        carryOut(group.reset(to: position, now: now), now: now)
    }

    /// Everything not acknowledged is said again to a log that began anew.
    private mutating func restart(now: Duration) {
        outbox.restart()
        recentlySettled = RecentSet(limit: Self.recentlySettledCount)
        gather(now: now)
        actions.append(.restarted)
    }

    // MARK: The group

    /// Does what the group wants.
    ///
    /// - Returns: whether our own entry that just passed is to be said again.
    @discardableResult
    mutating func carryOut(_ steps: [GroupStep], now: Duration) -> Bool {
        var isToBeSaidAgain = false
        for step in steps {
            switch step {
            case .knock(let payload): send(.knock(payload))
            case .answer(let knocks, let payload):
                send(.answer(ClientFrame.Answer(knocks: knocks, payload: payload)))
            case .append(let ticket, let kind, let epoch, let payload):
                launch(payload, kind: kind, epoch: epoch, origin: .group(ticket), now: now)
            case .ready(let ready): send(.ready(ready))
            case .sayAgain: isToBeSaidAgain = true
            case .repeatUnheard(let heard): sayAgain(unheardBy: heard, now: now)
            case .news(let news): tell(news, now: now)
            }
            if hasEnded { return false }
        }
        return isToBeSaidAgain
    }

    private mutating func tell(_ news: GroupNews, now: Duration) {
        actions.append(.news(news))
        switch news {
        case .moved: depart(now: now)
        case .removedUs(let by):
            leave(because: .removed(by: String(decoding: by.name, as: UTF8.self)), now: now)
        case .turnedAway: leave(because: .turnedAway(by: "a member"), now: now)
        case .entered, .fellOut, .lost, .outside, .joined, .left, .renamed, .content, .received,
            .lacks, .missed, .newcomer, .decided, .warning:
            break
        }
    }

    /// What is asked for without a connection is void: the group begins anew with the next one.
    private mutating func send(_ frame: ClientFrame) {
        if isAttached { actions.append(.send(frame)) }
    }

    /// A person asks for a change of the room.
    mutating func perform(_ wish: GroupWish, now: Duration) throws(ClientRefusal) {
        guard !isOver else { throw .left }
        carryOut(try group.perform(wish, now: now), now: now)
        pump(now: now)
    }
}
