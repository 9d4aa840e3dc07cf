import Wire

/// What this client says, until the server has it.
extension RoomSession {
    /// Queues something; it is sealed when its turn comes.
    mutating func enqueue(_ load: Outbox.Load, now: Duration) {
        guard !hasEnded else { return }
        outbox.enqueue(load)
        pump(now: now)
    }

    /// Seals and sends while the window has room.
    mutating func pump(now: Duration) {
        guard isAttached, leaving?.isSaid != true else { return }
        while group.isReady, pausedUntil == nil, outbox.hasRoomInWindow,
            let next = outbox.nextContent(), isCurrent(now: now), isInOrder(now: now)
        {
            if let message = outbox.repeated(next.part), !said.isFor(group.present, message) {
                // Somebody is here to whom it was not said.
                outbox.giveUp(next.part)
                continue
            }
            // A group that cannot seal now says so by `isReady`, and what waits is kept.
            guard let sealed = try? group.seal(next.content, now: now) else { break }
            launch(sealed, kind: .message, epoch: 0, origin: .part(next.part), now: now)
        }
        leaveIfAllIsSaid(now: now)
    }

    /// False while something under way may have to be said again, which would then come after what
    /// is said now.
    private func isInOrder(now: Duration) -> Bool {
        outbox.oldestSealing.map { group.canBeRead($0, now: now) } ?? true
    }

    mutating func launch(
        _ payload: [UInt8], kind: EntryKind, epoch: UInt64, origin: Outbox.Origin, now: Duration
    ) {
        let append = ClientFrame.Append(
            id: .random(using: &random), kind: kind, epoch: epoch, payload: payload)
        outbox.launch(append, origin: origin, sealing: group.sealing, now: now)
        // Without a connection it goes out with the next one, and before we know where the others
        // are with the rest.
        guard isAttached, !isReplaying else { return }
        keepalive.said(now: now)
        actions.append(.send(.append(append)))
    }

    private mutating func resend(all: Bool, now: Duration) {
        let appends = outbox.relaunch(all: all, sealing: group.sealing, now: now)
        for append in appends { actions.append(.send(.append(append))) }
        if !appends.isEmpty { keepalive.said(now: now) }
    }

    /// A request that was sent then is answered.
    mutating func answered(sent: Duration, now: Duration) {
        keepalive.answered(sent: sent)
        group.caughtUp(to: keepalive.heardThrough, now: now)
    }

    mutating func receivedPong(_ number: UInt64, now: Duration) {
        let isCaughtUp = keepalive.answered(ping: number, now: now)
        group.caughtUp(to: keepalive.heardThrough, now: now)
        guard isCaughtUp, isReplaying else { return }
        isReplaying = false
        resend(all: true, now: now)
    }

    /// The others are on their way into a log that began anew.
    mutating func gather(now: Duration) {
        isGathering = true
        pausedUntil = now + Self.regathering
    }

    /// Those who were waited for in a new room are there.
    mutating func gathered(now: Duration) {
        guard isGathering, let until = pausedUntil else { return }
        pausedUntil = min(until, now + Self.settling)
    }

    /// Says again what somebody had not heard when the log began anew.
    mutating func sayAgain(unheardBy heard: [HeardLog], now: Duration) {
        guard let log = place?.position.log else { return }
        outbox.enqueueAgain(said.takeUnheard(by: heard, in: log, now: now))
    }

    /// What was held back goes out, and then what waits.
    mutating func endPause(now: Duration) {
        pausedUntil = nil
        isGathering = false
        guard isAttached, !isReplaying else { return }
        resend(all: false, now: now)
        pump(now: now)
    }

    // MARK: Answers

    mutating func receivedAppended(_ appended: ServerFrame.Appended, now: Duration) {
        // Our entry is at this place in the log; but for a duplicate that a replay passed, or should
        // have, it is the next one.
        let isNext = place.map { appended.sequence > $0.position.sequence } ?? false
        if isNext || !appended.duplicate {
            guard appended.sequence > lastSequence ?? 0, outbox.contains(appended.id) else {
                return close(.protocolViolation)
            }
            lastSequence = appended.sequence
            if isNext { place?.position.sequence = appended.sequence }
        }
        backoff.reset()
        guard let flight = land(appended.id) else { return }
        answered(sent: flight.lastSent, now: now)
        if isNext {
            passOwn(flight, at: appended.sequence, now: now)
        } else {
            settle(flight, at: appended.sequence, isToBeSaidAgain: false, now: now)
        }
    }

    /// Our own entry at its place in the log.
    mutating func passOwn(_ flight: Outbox.Flight, at sequence: UInt64, now: Duration) {
        guard let place else { return }
        let entry = LogEntry(
            sequence: sequence, sender: place.attachment, kind: flight.append.kind,
            payload: flight.append.payload, isOwn: true)
        let isToBeSaidAgain = carryOut(group.entry(entry, now: now), now: now)
        settle(flight, at: sequence, isToBeSaidAgain: isToBeSaidAgain, now: now)
    }

    private mutating func settle(
        _ flight: Outbox.Flight, at sequence: UInt64, isToBeSaidAgain: Bool, now: Duration
    ) {
        guard !hasEnded else { return }
        if isStoreFull && outbox.flights.isEmpty { setStoreFull(false) }
        switch flight.origin {
        case .part(let part) where isToBeSaidAgain: outbox.sayAgain(part)
        case .part(let part): decide(part, at: sequence, now: now)
        case .group(let ticket):
            carryOut(group.settled(ticket, .accepted(sequence: sequence), now: now), now: now)
        }
    }

    private mutating func decide(_ part: Outbox.Part, at sequence: UInt64?, now: Duration) {
        guard let decided = outbox.decide(part, at: sequence) else { return }
        if decided.isWhole, let log = place?.position.log {
            said.keep(decided, in: log, audience: group.audience, now: now)
        }
        guard !decided.isRepeat else { return }
        actions.append(
            decided.isWhole
                ? .sent(decided.message, places: decided.places) : .uncertain(decided.message))
    }

    /// Takes out a decided append; one that was never asked for ends the connection.
    mutating func land(_ id: AppendID) -> Outbox.Flight? {
        guard let flight = outbox.land(id) else {
            if !recentlySettled.contains(id) { close(.protocolViolation) }
            return nil
        }
        recentlySettled.insert(id)
        return flight
    }

    mutating func receivedConflict(_ id: AppendID, epoch: UInt64, now: Duration) {
        guard let flight = land(id) else { return }
        answered(sent: flight.lastSent, now: now)
        guard case .group(let ticket) = flight.origin else { return close(.protocolViolation) }
        carryOut(group.settled(ticket, .conflict(epoch: epoch), now: now), now: now)
    }

    mutating func receivedRefusal(_ id: AppendID, _ reason: RefusalReason, now: Duration) {
        switch reason {
        case .full:
            setStoreFull(true)
            holdBack(id, certain: true, now: now)
        case .tooLarge:
            guard let flight = land(id) else { return }
            switch flight.origin {
            case .group(let ticket):
                carryOut(group.settled(ticket, .refused, now: now), now: now)
            case .part(let part):
                // Parts are far below the limit: a server that refuses them takes nothing of ours.
                actions.append(.notice("the server refused a part of a message as too large"))
                decide(part, at: nil, now: now)
            }
        }
    }

    /// Told when it changes, not with every try.
    private mutating func setStoreFull(_ isFull: Bool) {
        guard isFull != isStoreFull else { return }
        isStoreFull = isFull
        actions.append(
            .notice(
                isFull
                    ? "the server has no room for more; what is said now waits and is sent later"
                    : "the server has room again; what waited was sent"))
    }

    mutating func receivedUnavailable(_ id: AppendID, _ certain: Bool, now: Duration) {
        holdBack(id, certain: certain, now: now)
    }

    /// Says it again after a pause, in which nothing else is said, so that order is kept.
    private mutating func holdBack(_ id: AppendID, certain: Bool, now: Duration) {
        guard outbox.contains(id) else {
            if !recentlySettled.contains(id) { close(.protocolViolation) }
            return
        }
        // What was certainly not taken needs an id that the server has not judged yet.
        outbox.holdBack(id, freshID: certain ? .random(using: &random) : nil)
        if certain { recentlySettled.insert(id) }
        if pausedUntil == nil { pausedUntil = now + Self.pauseAfterRefusal }
    }
}
