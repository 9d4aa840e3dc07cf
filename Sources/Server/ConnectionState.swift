package import Wire

/// What a connection may say next, and what the server does about what it said.
package struct ConnectionState: Sendable {
    package enum Phase: Equatable, Sendable {
        /// TLS is not agreed on yet.
        case handshake
        case hello
        /// Challenged: an attach or a transfer comes next.
        case challenged
        /// The room is being asked; nothing is read from the parser meanwhile.
        case attaching(RoomID)
        case attached(RoomID)
        /// Waits for the other end of a splice.
        case waiting(SpliceTable.Key)
        case spliced
        /// Goodbye was said; whatever comes is ignored.
        case closed
    }

    package enum Action: Equatable, Sendable {
        /// Answer a hello.
        case challenge(version: UInt16)
        /// Check the proof; then call `proved`.
        case attach(ClientFrame.Attach)
        case transfer(ClientFrame.Transfer)
        case append(RoomID, ClientFrame.Append)
        case ready(RoomID, Bool)
        case knock(RoomID, [UInt8])
        case answer(RoomID, ClientFrame.Answer)
        case pong(UInt64)
        case leave(RoomID)
        case goodbye(GoodbyeReason)
        case ignore
    }

    package private(set) var phase = Phase.handshake
    private var earlyBytes = 0
    private var challenge: Challenge?

    package init() {}

    /// True while frames may be taken from what came.
    package var isReadingFrames: Bool {
        switch phase {
        case .hello, .challenged, .attached: true
        case .handshake, .attaching, .waiting, .spliced, .closed: false
        }
    }

    /// A transfer connection, whether or not its other end is there.
    package var isTransfer: Bool {
        switch phase {
        case .waiting, .spliced: true
        case .handshake, .hello, .challenged, .attaching, .attached, .closed: false
        }
    }

    /// The room, once attached.
    package var room: RoomID? {
        if case .attached(let room) = phase { room } else { nil }
    }

    /// TLS is agreed on.
    package mutating func secured() { if phase == .handshake { phase = .hello } }

    /// Bytes came. False when they are too many for a client that has not attached.
    package mutating func mayTake(_ count: Int, limit: Int) -> Bool {
        switch phase {
        case .handshake, .hello, .challenged, .attaching:
            earlyBytes += count
            return earlyBytes <= limit
        case .attached, .waiting, .spliced, .closed: return true
        }
    }

    /// What the client is to sign.
    package mutating func issueChallenge() -> Challenge {
        let fresh = Challenge()
        challenge = fresh
        return fresh
    }

    /// What a proof must be for. A challenge is good for one try.
    package mutating func spendChallenge() -> Challenge? {
        defer { challenge = nil }
        return challenge
    }

    package mutating func receive(_ frame: ClientFrame) -> Action {
        switch (phase, frame) {
        case (.closed, _): return .ignore
        case (.hello, .hello(let hello)):
            guard hello.version >= 1 else { return .goodbye(.version) }
            phase = .challenged
            return .challenge(version: min(hello.version, FrameLimits.protocolVersion))
        case (.challenged, .attach(let attach)): return .attach(attach)
        case (.challenged, .transfer(let transfer)): return .transfer(transfer)
        case (.attached(let room), _): return receive(frame, in: room)
        default: return .goodbye(.protocolError)
        }
    }

    private mutating func receive(_ frame: ClientFrame, in room: RoomID) -> Action {
        switch frame {
        case .append(let append): return .append(room, append)
        case .ready(let isReady): return .ready(room, isReady)
        case .knock(let payload): return .knock(room, payload)
        case .answer(let answer): return .answer(room, answer)
        case .ping(let number): return .pong(number)
        case .leave: return .leave(room)
        case .hello, .attach, .transfer: return .goodbye(.protocolError)
        }
    }

    /// The proof of an attach held.
    package mutating func proved(attachTo room: RoomID) { phase = .attaching(room) }

    /// The proof of a transfer held.
    package mutating func proved(transfer key: SpliceTable.Key) { phase = .waiting(key) }

    /// The room took the connection in.
    package mutating func attached() {
        if case .attaching(let room) = phase { phase = .attached(room) }
    }

    /// The other end of the splice is there.
    package mutating func spliced() { phase = .spliced }

    /// The connection ends. Gives what it was, or nil when it had ended already.
    package mutating func end() -> Phase? {
        guard phase != .closed else { return nil }
        defer { phase = .closed }
        challenge = nil
        return phase
    }
}
