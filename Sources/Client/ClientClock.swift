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

/// When something last happened, for whoever watches that something does.
final class Pulse: Sendable {
    private let last: Mutex<Duration>
    fileprivate var lastBeat: Duration { last.withLock { $0 } }

    fileprivate init(_ start: Duration) { last = Mutex(start) }

    func beat(_ now: Duration) { last.withLock { $0 = now } }
}

extension ClientClock {
    /// Runs `body`, and ends it with `ConnectionError.timeout` when its pulse stands still for
    /// `limit`.
    func watching<Result: Sendable>(
        stall limit: Duration, _ body: @escaping @Sendable (Pulse) async throws -> Result
    ) async throws -> Result {
        let pulse = Pulse(now())
        return try await race {
            try await body(pulse)
        } until: {
            while true {
                let end = pulse.lastBeat + limit
                guard now() < end else { throw ConnectionError.timeout }
                try await sleep(end)
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
