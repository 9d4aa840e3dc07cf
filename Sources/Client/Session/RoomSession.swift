import Crypto
import TLSSyntax
import Wire

/// One person's place in one room, as a state machine without I/O: frames, time and commands in,
/// actions out (`takeActions`). It keeps the place through broken connections, loses nothing that
/// was said, and passes everything through the room's group once, in the order of the log.
///
/// The server is not trusted: whatever it sends that the protocol does not allow ends the
/// connection, and the next attempt begins from what is known to be good.
struct RoomSession {
    enum Action: Sendable {
        case connect
        /// Closes the connection; `disconnected` follows.
        case disconnect
        case send(ClientFrame)
        case connection(ClientEvent.ConnectionState)
        /// What was for members at places that they may not have any more; `placed` follows.
        case readdress([Content])
        /// A new attachment; everything that hung on the old one is void.
        case placed(ServerFrame.Attached)
        /// The old attachment goes on; who is in the room may have changed.
        case resumed(roster: [Presence])
        /// The log began anew under the same attachment: parts of messages will come again.
        case restarted
        case presence(Presence)
        case missed(count: Int?)
        case news(GroupNews)
        /// All of a message is in the log, its parts at these places.
        case sent(MessageID, places: [UInt64])
        case uncertain(MessageID)
        case notice(String)
        /// The room that goes on elsewhere is left; the outbox holds what is to be said there. No
        /// action follows.
        case departed
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
        /// The server was told.
        var isSaid = false
        /// For the same room under another secret.
        var isMove = false
        /// Why this person is out of the room, if it was not they who wanted it.
        var failure: ClientFailure?

        /// Nothing that comes counts any more.
        var isDeaf: Bool { isMove || failure != nil }
    }

    /// Time for a connection to be made, and again for the room to be entered.
    static let connectTimeout: Duration = .seconds(20)
    /// What is queued gets so long to be acknowledged when a person leaves.
    static let leaveTimeout: Duration = .seconds(5)
    /// The server gets so long to say goodbye.
    static let goodbyeTimeout: Duration = .seconds(1)
    /// When nobody has answered for so long, a person is told what that may mean.
    static let unreachableAfter: Duration = .seconds(20)
    /// A member that says it closes the room does so within this time: it says what is queued, and
    /// goodbye.
    static let closingTimeout: Duration = leaveTimeout + .seconds(25)
    /// After the server refused an append for now.
    static let pauseAfterRefusal: Duration = .milliseconds(500)
    /// After the log began anew, what was not acknowledged waits at most so long before it is said
    /// again: the others lost the server too, and would miss it if they came back a moment later. It
    /// goes out as soon as all are back; who tries ever less often needs some seconds.
    static let regathering: Duration = .seconds(10)
    /// When all are back, they say within this time what they had heard; what is said again because
    /// of that goes out before what waits.
    static let settling: Duration = .milliseconds(500)
    /// Acknowledged ids that may be acknowledged once more, when an old answer crosses a repeat.
    static let recentlySettledCount = Outbox.maximumFlights

    let access: AccessKey
    let agent: [UInt8]
    let group: any RoomGroup
    var random: any RandomNumberGenerator & Sendable

    var phase = Phase.idle
    var place: Place?
    var outbox: Outbox
    var said: SaidMemory
    var backoff = Backoff()
    var actions: [Action] = []
    var leaving: Leaving?
    /// After so long without an answer there is no further try.
    let patience: Duration?
    /// When the connection was lost that there is no other for yet, and whether that was told.
    private var lost: (at: Duration, isTold: Bool)?
    /// The member that said it closes the room, and until when that is believed.
    private var closing: (by: String, until: Duration)?

    var keepalive = Keepalive()
    /// The old place was taken up again, and what was missed is still coming. What was under way is
    /// sent once more when that has shown what of it is in the log.
    var isReplaying = false
    /// The last sequence number on this connection; they only increase.
    var lastSequence: UInt64?
    /// People's words wait until then; the group's entries do not.
    var pausedUntil: Duration?
    /// Whether that is for others to come.
    var isGathering = false
    var recentlySettled = RecentSet<AppendID>(limit: recentlySettledCount)
    var isDegraded = false
    /// The server refused an append as full, and has not taken all that waited since.
    var isStoreFull = false
    /// Whether the group was told of the connection, and not of its end.
    var isGroupAttached = false
    /// Whether this room is another one under a fresh secret, whose people are on their way here.
    var isMove: Bool

    /// - Parameter outbox: what was not acknowledged in the room that moved here.
    init(
        access: AccessKey, agent: String, group: any RoomGroup, movedWith outbox: Outbox? = nil,
        said: SaidMemory = SaidMemory(), patience: Duration? = nil,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.access = access
        self.agent = Array(agent.utf8.prefix(FrameLimits.maximumAgent))
        self.group = group
        self.said = said
        self.patience = patience
        self.random = random
        isMove = outbox != nil
        self.outbox = outbox ?? Outbox()
        self.outbox.restart()
    }

    var isAttached: Bool { if case .attached = phase { true } else { false } }
    var hasEnded: Bool { if case .ended = phase { true } else { false } }
    /// Whether this person wants no more of the room, or is out of it.
    var isOver: Bool { hasEnded || leaving.map { !$0.isMove } ?? false }

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
        keepalive.connected(now: now)
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
        if let leaving, leaving.isSaid { return end(leaving.failure) }
        if let failure = failure(for: error, now: now) { return end(failure) }
        let wasAttached = isGroupAttached
        isGroupAttached = false
        lost = lost ?? (now, false)
        let pause = backoff.next(using: &random)
        phase = .waiting(until: now + pause)
        actions.append(.connection(.reconnecting(after: pause)))
        if wasAttached { carryOut(group.detached(now: now), now: now) }
        endIfNothingIsLeft()
    }

    /// What no further attempt can mend.
    private func failure(for error: ConnectionError, now: Duration) -> ClientFailure? {
        if let closing, now < closing.until, error.meansTheEnd { return .closed(by: closing.by) }
        if let patience, let lost, now >= lost.at + patience { return .gaveUp(after: patience) }
        return switch error {
        case .wrongServer: .wrongServer
        case .untrustedCertificate: .untrustedCertificate
        case .goodbye(.unauthorized): .unauthorized
        case .goodbye(.version): .versionMismatch
        default: place == nil && !isMove ? .cannotConnect(error) : nil
        }
    }

    mutating func end(_ failure: ClientFailure?) {
        guard !hasEnded else { return }
        phase = .ended
        if leaving?.isMove == true { return actions.append(.departed) }
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
        var times = [pausedUntil, leaving?.deadline, groupDeadline].compactMap(\.self)
        switch phase {
        case .idle: break
        case .ended: return nil
        case .connecting(let since), .attaching(let since), .greeting(_, let since):
            times.append(since + Self.connectTimeout)
        case .attached: times.append(keepalive.deadline)
        case .closing: break
        case .waiting(let until): times.append(until)
        }
        if let lost, !lost.isTold { times.append(lost.at + Self.unreachableAfter) }
        return times.min()
    }

    mutating func tick(now: Duration) {
        if let leaving, now >= leaving.deadline { return endLeaving() }
        if let lost, !lost.isTold, now >= lost.at + Self.unreachableAfter {
            self.lost?.isTold = true
            actions.append(.connection(.unreachable))
        }
        switch phase {
        case .idle, .closing, .ended: break
        case .connecting(let since), .attaching(let since), .greeting(_, let since):
            if now >= since + Self.connectTimeout { close(.timeout) }
        case .waiting(let until):
            if now >= until { connect(now: now) }
        case .attached: tickAttached(now: now)
        }
        if let until = pausedUntil, now >= until { endPause(now: now) }
        if let due = groupDeadline, now >= due, !hasEnded, isCurrent(now: now) {
            carryOut(group.tick(now: now), now: now)
            pump(now: now)
        }
    }

    /// The group does what is due when it knows where the others are, or that nobody can.
    private var groupDeadline: Duration? {
        isAttached && !keepalive.isCaughtUp ? nil : group.deadline
    }

    /// Whether we are where the others are, as far as that can be. A line that may be dead, or much
    /// behind, is asked first: what is sealed for an epoch that is over comes late and out of order.
    mutating func isCurrent(now: Duration) -> Bool {
        guard isAttached else { return true }
        if keepalive.isStale(now: now) { actions.append(.send(keepalive.catchUp(now: now))) }
        return keepalive.isCaughtUp
    }

    private mutating func tickAttached(now: Duration) {
        guard !keepalive.isLost(now: now) else { return close(.timeout) }
        if keepalive.isPingDue(now: now) { actions.append(.send(keepalive.ping(now: now))) }
    }

    /// The room is entered, or its place taken up again.
    mutating func noteAttached() {
        lost = nil
        closing = nil
    }

    /// A member says that the room ends with its program. It does when the server goes, too.
    mutating func closes(_ name: String, now: Duration) {
        closing = (name, now + Self.closingTimeout)
    }

    // MARK: Leaving

    /// Goes in good order: says what is queued, then bye, then leaves. Who cannot speak in the room
    /// leaves at once. `end` follows.
    ///
    /// - Parameter closesRoom: whether the room's server ends with this program.
    mutating func leave(closesRoom: Bool = false, now: Duration) {
        guard !isOver else { return }
        guard place != nil, leaving == nil else { return endNow() }
        if isAttached, !group.isReady { return sayLeave(now: now) }
        leaving = Leaving(deadline: now + Self.leaveTimeout)
        if closesRoom { outbox.enqueue(.content(Content.closes.encoded)) }
        outbox.enqueue(.content(Content.bye.encoded))
        pump(now: now)
        endIfNothingIsLeft()
    }

    /// The room goes on under another secret: nothing that is said here from now on is heard, and
    /// nothing that comes counts. `departed` follows.
    mutating func depart(now: Duration) {
        guard !hasEnded else { return }
        // Who was leaving does not go along.
        sayLeave(isMove: leaving == nil, now: now)
    }

    /// The members want this person out; the server is told, so that it keeps no place. `end`
    /// follows.
    mutating func leave(because failure: ClientFailure, now: Duration) {
        guard !hasEnded else { return }
        sayLeave(failure, now: now)
    }

    private mutating func sayLeave(
        isMove: Bool = false, _ failure: ClientFailure? = nil, now: Duration
    ) {
        let isSaid = leaving?.isSaid == true
        leaving = Leaving(
            deadline: now + Self.goodbyeTimeout, isSaid: true, isMove: isMove, failure: failure)
        if !isSaid { actions.append(.send(.leave)) }
    }

    /// Closes the connection without a word, and ends for good.
    mutating func endNow() {
        leaving?.isMove = false
        endLeaving()
    }

    mutating func endLeaving() {
        actions.append(.disconnect)
        end(leaving?.failure)
    }

    /// Without a connection and with nothing but the farewell to say, there is nothing to wait for.
    private mutating func endIfNothingIsLeft() {
        guard leaving != nil, !isAttached, outbox.messageCount == 0 else { return }
        endLeaving()
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

extension ConnectionError {
    /// The server stops, or is not there.
    fileprivate var meansTheEnd: Bool {
        switch self {
        case .goodbye(.shuttingDown), .unreachable: true
        default: false
        }
    }
}
