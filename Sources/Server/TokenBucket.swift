import NIOCore

/// How much one connection may send: so much in the long run, so much at once.
///
/// It may go below zero by what was read at once, so that the largest frame always fits; the debt
/// is waited for.
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

/// The buckets of one connection: frames, nearly all of them appends, their bytes, and frames that
/// only say that one is there.
struct FrameThrottle {
    private var frames: TokenBucket
    private var bytes: TokenBucket
    private var signs: TokenBucket

    init(limits: ServerLimits, now: NIODeadline) {
        frames = TokenBucket(
            perSecond: limits.appendsPerSecond, burst: limits.appendBurst, now: now)
        bytes = TokenBucket(
            perSecond: limits.appendBytesPerSecond, burst: limits.appendByteBurst, now: now)
        signs = TokenBucket(perSecond: limits.signsPerSecond, burst: limits.signBurst, now: now)
    }

    /// Counts what was read; gives how long no more may be read, or nil.
    ///
    /// - Parameter signsOfLife: how many of the frames were pings and the like.
    mutating func take(
        frames count: Int, bytes size: Int, signsOfLife: Int = 0, now: NIODeadline
    ) -> TimeAmount? {
        frames.take(count, now: now)
        bytes.take(size, now: now)
        signs.take(signsOfLife, now: now)
        return [frames.wait, bytes.wait, signs.wait].compactMap(\.self).max()
    }
}
