/// How long to wait before the next try: doubling, with jitter, so that a thousand clients that
/// lost one server do not come back at one moment.
struct Backoff: Sendable {
    /// The first retry is quick: most breaks are over at once.
    static let first: Duration = .milliseconds(250)
    /// A person waits no longer than this for a server that is back.
    static let cap: Duration = .seconds(15)

    private(set) var attempts = 0

    /// The next pause: between half and all of the doubled one.
    mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        let doubled = Self.first * (1 << min(attempts, 10))
        attempts += 1
        return min(doubled, Self.cap) * Double.random(in: 0.5...1, using: &random)
    }

    mutating func reset() { attempts = 0 }
}
