import Wire

/// Whether the line to the server lives, and up to when everything that was in the log has come
/// over it.
///
/// Frames are ordered on a connection: when the answer to a request is there, everything that the
/// log had when the request was sent has passed. That holds however slow the line is, and however
/// long this process stood still.
struct Keepalive: Sendable {
    /// Having said nothing for so long, we ask whether the connection lives, and show that we do:
    /// a server cuts off who says nothing for a minute.
    static let pingAfter: Duration = .seconds(20)
    /// A connection that says nothing for so long is dead.
    static let lostAfter: Duration = .seconds(45)
    /// A line that lives answers something at least every `pingAfter`, and a little later. When the
    /// last request that was answered is older than this, nothing is sealed before another is.
    static let staleAfter: Duration = .seconds(25)
    /// Pings without an answer that are remembered: more than a dead line sees.
    private static let maximumPings = 8

    private(set) var lastHeard: Duration = .zero
    private(set) var lastSaid: Duration = .zero
    /// Everything that was in the log then has passed.
    private(set) var heardThrough: Duration = .zero
    /// When we were last as far as this line lets us be, however slow it is.
    private var caughtUpAt: Duration = .zero
    private var lastPing: UInt64 = 0
    private var pings: [(number: UInt64, sent: Duration)] = []
    /// Nothing is sealed before this ping is answered.
    private var awaited: UInt64?

    /// Whether what is sealed now is sealed for those who are in the room now.
    var isCaughtUp: Bool { awaited == nil }

    func isStale(now: Duration) -> Bool {
        isCaughtUp && now - max(heardThrough, caughtUpAt) > Self.staleAfter
    }

    func isLost(now: Duration) -> Bool { now >= lastHeard + Self.lostAfter }
    func isPingDue(now: Duration) -> Bool { now >= lastSaid + Self.pingAfter }

    /// When `isLost` or `isPingDue` comes true.
    var deadline: Duration { min(lastHeard + Self.lostAfter, lastSaid + Self.pingAfter) }

    mutating func connected(now: Duration) {
        lastHeard = now
        lastSaid = now
        pings = []
        awaited = nil
    }

    mutating func heard(now: Duration) { lastHeard = now }
    mutating func said(now: Duration) { lastSaid = now }

    mutating func ping(now: Duration) -> ClientFrame {
        lastSaid = now
        lastPing += 1
        pings.append((lastPing, now))
        if pings.count > Self.maximumPings { pings.removeFirst() }
        return .ping(lastPing)
    }

    /// The same, and nothing is sealed before the answer.
    mutating func catchUp(now: Duration) -> ClientFrame {
        defer { awaited = lastPing }
        return ping(now: now)
    }

    /// - Returns: true when this is the answer that was awaited.
    mutating func answered(ping number: UInt64, now: Duration) -> Bool {
        guard let ping = pings.first(where: { $0.number == number }) else { return false }
        pings.removeAll { $0.number <= number }
        answered(sent: ping.sent)
        guard let awaited, number >= awaited else { return false }
        self.awaited = nil
        caughtUpAt = now
        return true
    }

    /// Something that was sent then is answered, in its place among all other frames.
    mutating func answered(sent: Duration) { heardThrough = max(heardThrough, sent) }
}
