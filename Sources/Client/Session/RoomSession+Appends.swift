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
        guard isAttached else { return }
        while cipher.isReady, outbox.hasRoomInWindow, let next = outbox.nextContent() {
            // Who we are is said even while all else waits.
            guard pausedUntil == nil || next.isAnnouncement else { break }
            // A cipher that cannot seal now says so by `isReady`, and what waits is kept.
            guard let sealed = try? cipher.seal(next.content) else { break }
            launch(sealed, kind: .message, epoch: 0, origin: next.origin, now: now)
        }
        leaveIfAllIsSaid(now: now)
    }

    mutating func launch(
        _ payload: [UInt8], kind: EntryKind, epoch: UInt64, origin: Outbox.Origin, now: Duration
    ) {
        let append = ClientFrame.Append(
            id: .random(using: &random), kind: kind, epoch: epoch, payload: payload)
        outbox.launch(append, origin: origin, now: now)
        lastSaid = now
        actions.append(.send(.append(append)))
    }

    mutating func resend(all: Bool, now: Duration) {
        var random = random
        let again = outbox.relaunch(all: all, now: now) { .random(using: &random) }
        self.random = random
        for append in again { actions.append(.send(.append(append))) }
    }

    mutating func endPause(now: Duration) {
        pausedUntil = nil
        guard isAttached else { return }
        resend(all: false, now: now)
        pump(now: now)
    }

    // MARK: Answers

    mutating func receivedAppended(_ appended: ServerFrame.Appended, now: Duration) {
        // A duplicate's number is an earlier one, which a replay passes or has passed.
        if !appended.duplicate {
            if let lastSequence, appended.sequence <= lastSequence {
                return close(.protocolViolation)
            }
            lastSequence = appended.sequence
            if let place, appended.sequence > place.position.sequence {
                self.place?.position.sequence = appended.sequence
            }
        }
        backoff.reset()
        guard let flight = land(appended.id) else { return }
        switch flight.origin {
        case .unit(let number): decide(unit: number, isRefused: false)
        case .cipher(let ticket):
            perform(cipher.settled(ticket, .accepted(sequence: appended.sequence)), now: now)
        }
        pump(now: now)
    }

    private mutating func decide(unit number: Int, isRefused: Bool) {
        guard let message = outbox.decide(unit: number, isRefused: isRefused) else { return }
        actions.append(message.isWhole ? .sent(message.id) : .uncertain(message.id))
    }

    /// Takes out a decided append; one that was never asked for ends the connection.
    private mutating func land(_ id: AppendID) -> Outbox.Flight? {
        guard let flight = outbox.land(id) else {
            if !recentlySettled.contains(id) { close(.protocolViolation) }
            return nil
        }
        recentlySettled.insert(id)
        return flight
    }

    mutating func receivedConflict(_ id: AppendID, epoch: UInt64, now: Duration) {
        guard let flight = land(id) else { return }
        guard case .cipher(let ticket) = flight.origin else { return close(.protocolViolation) }
        perform(cipher.settled(ticket, .conflict(epoch: epoch)), now: now)
        pump(now: now)
    }

    mutating func receivedRefusal(_ id: AppendID, _ reason: RefusalReason, now: Duration) {
        switch reason {
        case .full: holdBack(id, certain: true, now: now)
        case .tooLarge:
            guard let flight = land(id) else { return }
            switch flight.origin {
            case .cipher(let ticket): perform(cipher.settled(ticket, .refused), now: now)
            case .unit(let number):
                // Parts are far below the limit: a server that refuses them takes nothing of ours.
                actions.append(.notice("the server refused a part of a message as too large"))
                decide(unit: number, isRefused: true)
            }
            pump(now: now)
        }
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
