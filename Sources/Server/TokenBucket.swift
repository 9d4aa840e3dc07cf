import NIOCore

/// How fast one connection may append: so much in the long run, so much at once.
///
/// It may go below zero by one append, so that the largest one always fits; the debt is waited for.
struct TokenBucket {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var filled: NIODeadline

    init(perSecond: Int, burst: Int, now: NIODeadline) {
        self.perSecond = Double(perSecond)
        self.burst = Double(burst)
        tokens = Double(burst)
        filled = now
    }

    /// Takes what was used, whether or not it is there.
    mutating func take(_ amount: Int, now: NIODeadline) {
        let seconds = Double((now - filled).nanoseconds) / 1e9
        tokens = min(burst, tokens + seconds * perSecond) - Double(amount)
        filled = now
    }

    /// How long until something may be taken again; nil for now.
    var wait: TimeAmount? {
        guard tokens < 0 else { return nil }
        return .nanoseconds(Int64(-tokens / perSecond * 1e9) + 1)
    }
}

/// The buckets of one connection: appends, and their bytes.
struct AppendThrottle {
    private var appends: TokenBucket
    private var bytes: TokenBucket

    init(limits: ServerLimits, now: NIODeadline) {
        appends = TokenBucket(
            perSecond: limits.appendsPerSecond, burst: limits.appendBurst, now: now)
        bytes = TokenBucket(
            perSecond: limits.appendBytesPerSecond, burst: limits.appendByteBurst, now: now)
    }

    /// Counts appends; gives how long no more may be read, or nil.
    mutating func take(appends count: Int, bytes size: Int, now: NIODeadline) -> TimeAmount? {
        appends.take(count, now: now)
        bytes.take(size, now: now)
        guard let wait = appends.wait else { return bytes.wait }
        return max(wait, bytes.wait ?? wait)
    }
}
