import Crypto
import TLSSyntax
import Wire

/// One person's place in one room, as a pure state machine: frames, time and commands in, actions
/// out (`takeActions`). It keeps the place through broken connections, loses nothing that was said
/// and passes nothing on twice.
///
/// The server is not trusted: whatever it sends that the protocol does not allow ends the
/// connection, and the next attempt begins from what is known to be good.
struct RoomSession: Sendable {
    enum Action: Sendable {
        case connect
        /// Closes the connection; `disconnected` follows.
        case disconnect
        case send(ClientFrame)
        case connection(ClientEvent.ConnectionState)
        /// A new attachment; everything that hung on the old one is void.
        case entered(ServerFrame.Attached, Announcement)
        /// The old attachment goes on; who is in the room may have changed.
        case resumed(roster: [Presence])
        /// The log began anew under the same attachment: parts of messages will come again.
        case restarted
        case content(sender: AttachmentID, [UInt8])
        case presence(Presence)
        case missed(count: Int?)
        case learned([Announcement])
        /// Call `wakeCipher` with everybody known by name.
        case cipherDue
        /// If names are missing, call `askForNames`.
        case namesDue
        case sent(MessageID)
        case uncertain(MessageID)
        case notice(String)
        /// All is over; no action follows.
        case end(ClientFailure?)
    }

    enum Phase: Sendable {
        case idle
        case connecting(since: Duration)
        case greeting(server: ServerKeyHash, since: Duration)
        case attaching(since: Duration)
        case attached
        /// Asked to close, for this reason.
        case closing(ConnectionError)
        case waiting(until: Duration)
        case ended
    }

    struct Place: Sendable {
        var attachment: AttachmentID
        var token: ResumeToken
        var position: Position
    }

    struct Leaving: Sendable {
        var deadline: Duration
        var isSaid = false
    }

    /// Having said nothing for so long, we ask whether the connection lives, and show that we do:
    /// a server cuts off who says nothing for a minute.
    static let pingAfter: Duration = .seconds(20)
    /// A connection that says nothing for so long is dead.
    static let lostAfter: Duration = .seconds(45)
    /// Time for a connection to be made, and again for the room to be entered.
    static let connectTimeout: Duration = .seconds(20)
    /// What is queued gets so long to be acknowledged when a person leaves.
    static let leaveTimeout: Duration = .seconds(5)
    /// The server gets so long to say goodbye.
    static let goodbyeTimeout: Duration = .seconds(1)
    /// After the server refused an append for now.
    static let pauseAfterRefusal: Duration = .milliseconds(500)
    /// After the log began anew, what was not acknowledged waits so long before it is said again:
    /// the others lost the server too, and would miss it if they came back a moment later.
    static let regathering: Duration = .seconds(3)
    /// Acknowledged ids that may be acknowledged once more, when an old answer crosses a repeat.
    static let recentlySettledCount = Outbox.maximumFlights
    /// Times that missing names are asked for: over two minutes, ever less often.
    static let maximumAsking = 6

    let access: AccessKey
    let identity: Identity
    let name: String
    let agent: [UInt8]
    var cipher: any RoomCipher
    var random: any RandomNumberGenerator & Sendable

    var phase = Phase.idle
    var place: Place?
    var outbox = Outbox()
    var backoff = Backoff()
    var actions: [Action] = []
    var leaving: Leaving?

    var lastHeard: Duration = .zero
    var lastSaid: Duration = .zero
    var pingNumber: UInt64 = 0
    /// The last sequence number on this connection; they only increase.
    var lastSequence: UInt64?
    var pausedUntil: Duration?
    var cipherWakes: Duration?
    var asksAt: Duration?
    var timesAsked = 0
    var recentlySettled = RecentSet<AppendID>(limit: recentlySettledCount)
    var saidUnreadable = false
    var isDegraded = false

    init(
        secret: RoomSecret, identity: Identity, configuration: ClientConfiguration,
        cipher: (any RoomCipher)? = nil,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        access = secret.accessKey
        self.identity = identity
        name = Announcement.fitting(name: configuration.name)
        agent = Array(configuration.agent.utf8.prefix(FrameLimits.maximumAgent))
        self.cipher = cipher ?? SharedSecretCipher(secret: secret)
        self.random = random
    }

    var isAttached: Bool { if case .attached = phase { true } else { false } }
    var hasEnded: Bool { if case .ended = phase { true } else { false } }

    /// What to do now, in this order.
    mutating func takeActions() -> [Action] {
        defer { actions = [] }
        return actions
    }

    // MARK: The life of a connection

    mutating func start(now: Duration) {
        guard case .idle = phase else { return }
        connect(now: now)
    }

    private mutating func connect(now: Duration) {
        phase = .connecting(since: now)
        actions.append(.connection(.connecting))
        actions.append(.connect)
    }

    /// The connection asked for by `connect` is there.
    mutating func connected(to server: ServerKeyHash, now: Duration) {
        guard case .connecting = phase else { return }
        phase = .greeting(server: server, since: now)
        lastHeard = now
        lastSaid = now
        lastSequence = nil
        actions.append(.send(.hello(ClientFrame.Hello(agent: agent))))
    }

    /// Ends the connection because of what came over it, or did not.
    mutating func close(_ error: ConnectionError) {
        phase = .closing(error)
        actions.append(.disconnect)
    }

    /// The connection is gone, or could not be made.
    mutating func disconnected(_ thrown: ConnectionError, now: Duration) {
        if hasEnded { return }
        var error = thrown
        if case .closing(let reason) = phase { error = reason }
        if leaving?.isSaid == true { return end(nil) }
        if let failure = failure(for: error) { return end(failure) }
        let pause = backoff.next(using: &random)
        phase = .waiting(until: now + pause)
        actions.append(.connection(.reconnecting(after: pause)))
        endIfNothingIsLeft()
    }

    /// What no further attempt can mend.
    private func failure(for error: ConnectionError) -> ClientFailure? {
        switch error {
        case .wrongServer: .wrongServer
        case .goodbye(.unauthorized): .unauthorized
        case .goodbye(.version): .versionMismatch
        default: place == nil ? .cannotConnect(error) : nil
        }
    }

    mutating func end(_ failure: ClientFailure?) {
        guard !hasEnded else { return }
        phase = .ended
        let unfinished = outbox.unfinishedMessages
        for id in unfinished.begun { actions.append(.uncertain(id)) }
        if !unfinished.unsent.isEmpty {
            let count = unfinished.unsent.count
            actions.append(.notice("\(count) message\(count == 1 ? " was" : "s were") not sent"))
        }
        actions.append(.end(failure))
    }

    // MARK: Time

    /// When `tick` is to be called.
    var deadline: Duration? {
        var times = [pausedUntil, leaving?.deadline].compactMap(\.self)
        switch phase {
        case .idle: break
        case .ended: return nil
        case .connecting(let since), .attaching(let since), .greeting(_, let since):
            times.append(since + Self.connectTimeout)
        case .attached:
            times += [lastHeard + Self.lostAfter, lastSaid + Self.pingAfter]
            times += [cipherWakes, asksAt].compactMap(\.self)
        case .closing: break
        case .waiting(let until): times.append(until)
        }
        return times.min()
    }

    mutating func tick(now: Duration) {
        if let leaving, now >= leaving.deadline { return endLeaving() }
        switch phase {
        case .idle, .closing, .ended: break
        case .connecting(let since), .attaching(let since), .greeting(_, let since):
            if now >= since + Self.connectTimeout { close(.timeout) }
        case .waiting(let until):
            if now >= until { connect(now: now) }
        case .attached: tickAttached(now: now)
        }
        if let until = pausedUntil, now >= until { endPause(now: now) }
    }

    private mutating func tickAttached(now: Duration) {
        guard now < lastHeard + Self.lostAfter else { return close(.timeout) }
        if now >= lastSaid + Self.pingAfter {
            lastSaid = now
            pingNumber += 1
            actions.append(.send(.ping(pingNumber)))
        }
        if let due = cipherWakes, now >= due {
            cipherWakes = nil
            actions.append(.cipherDue)
        }
        if let due = asksAt, now >= due {
            asksAt = nil
            actions.append(.namesDue)
        }
    }

    // MARK: Leaving

    /// Goes in good order: says what is queued, then bye, then leaves. `end` follows.
    mutating func leave(now: Duration) {
        guard leaving == nil, !hasEnded else { return }
        guard place != nil else { return closeAndEnd() }
        leaving = Leaving(deadline: now + Self.leaveTimeout)
        outbox.enqueue(.content(Content.bye.encoded))
        pump(now: now)
        endIfNothingIsLeft()
    }

    private mutating func closeAndEnd() {
        actions.append(.disconnect)
        end(nil)
    }

    private mutating func endLeaving() { closeAndEnd() }

    /// Without a connection and with nothing but the farewell to say, there is nothing to wait for.
    private mutating func endIfNothingIsLeft() {
        guard leaving != nil, !isAttached, outbox.messageCount == 0 else { return }
        closeAndEnd()
    }

    mutating func leaveIfAllIsSaid(now: Duration) {
        guard let leaving, !leaving.isSaid, isAttached, outbox.isEmpty else { return }
        self.leaving = Leaving(deadline: now + Self.goodbyeTimeout, isSaid: true)
        actions.append(.send(.leave))
    }
}

/// Remembers the last few of what it saw.
struct RecentSet<Element: Hashable> {
    private var members: Set<Element> = []
    private var order = Queue<Element>()
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func contains(_ element: Element) -> Bool { members.contains(element) }

    /// False when it was there already.
    @discardableResult mutating func insert(_ element: Element) -> Bool {
        guard members.insert(element).inserted else { return false }
        order.append(element)
        if order.count > limit, let oldest = order.popFirst() { members.remove(oldest) }
        return true
    }
}

extension RecentSet: Sendable where Element: Sendable {}
