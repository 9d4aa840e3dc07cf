import Synchronization
import Wire

/// Time as the client knows it: how long since it was made, on any clock.
struct ClientClock: Sendable {
    /// How long ago the client was made.
    let now: @Sendable () -> Duration
    /// Sleeps until so long after the client was made.
    let sleep: @Sendable (_ until: Duration) async throws -> Void

    init(_ clock: any Clock<Duration>) {
        self = Self.make(clock)
    }

    private init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    private static func make<C: Clock<Duration>>(_ clock: C) -> ClientClock {
        let start = clock.now
        return ClientClock(
            now: { start.duration(to: clock.now) },
            sleep: { until in
                try await clock.sleep(until: start.advanced(by: until), tolerance: nil)
            })
    }

    /// Runs `body`, and ends it with `ConnectionError.timeout` when it takes longer.
    func within<Result: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let end = now() + limit
        return try await race(body) {
            try await sleep(end)
            throw ConnectionError.timeout
        }
    }
}

/// Counts that something happened, for whoever watches that something does.
final class Pulse: Sendable {
    private let beats = Mutex(0)
    var count: Int { beats.withLock { $0 } }
    func beat() { beats.withLock { $0 += 1 } }
}

extension ClientClock {
    /// Runs `body`, and ends it with `ConnectionError.timeout` when its pulse stands still for
    /// `limit`.
    func watching<Result: Sendable>(
        stall limit: Duration, _ body: @escaping @Sendable (Pulse) async throws -> Result
    ) async throws -> Result {
        let pulse = Pulse()
        return try await race {
            try await body(pulse)
        } until: {
            while true {
                let before = pulse.count
                try await sleep(now() + limit)
                if pulse.count == before { throw ConnectionError.timeout }
            }
        }
    }
}

/// Runs both; what ends first decides, and the other is cancelled.
func race<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result,
    until stop: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask(operation: body)
        group.addTask(operation: stop)
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
