/// How fast bytes moved in the last seconds.
struct RateMeter: Sendable {
    /// Long enough to be steady, short enough to tell a stall.
    static let window: Duration = .seconds(5)
    private var samples = Queue<(time: Duration, bytes: UInt64)>()

    /// Notes how many bytes are across.
    mutating func note(_ bytes: UInt64, at time: Duration) {
        samples.append((time, bytes))
        while samples.count > 2, let first = samples.first, time - first.time > Self.window {
            samples.popFirst()
        }
    }

    /// Bytes a second; nil until there is something to compare.
    var rate: Double? {
        guard let first = samples.first, samples.count > 1 else { return nil }
        let last = samples[samples.count - 1]
        let time = (last.time - first.time) / .seconds(1)
        guard time > 0, last.bytes >= first.bytes else { return nil }
        return Double(last.bytes - first.bytes) / time
    }

    mutating func reset() { samples.removeAll() }
}
