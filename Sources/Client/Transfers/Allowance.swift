/// How often others may make this client do something: so many times at once, and then once in each
/// interval.
struct Allowance: Sendable {
    let burst: Int
    let interval: Duration
    /// When all that was spent is there again.
    private var fullAt: Duration?

    init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
    }

    /// True when it may be done now; it then counts as done.
    mutating func spend(now: Duration) -> Bool {
        let spent = max(fullAt ?? now, now) + interval
        guard spent - now <= interval * burst else { return false }
        fullAt = spent
        return true
    }

    /// When `spend` will be true again, at the latest.
    var nextAt: Duration? { fullAt.map { $0 + interval - interval * burst } }
}
