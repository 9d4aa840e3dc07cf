import Dispatch
import Synchronization

/// What a program wrote so far. It grows until the program closes its end.
final class Output: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    /// All of it.
    var bytes: [UInt8] { state.withLock { $0.bytes } }

    /// All of it, as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func append(_ bytes: some Sequence<UInt8>) {
        change { $0.bytes.append(contentsOf: bytes) }
    }

    func close() {
        change { $0.isClosed = true }
    }

    /// Has every waiter look again, for news that are not in the bytes.
    func nudge() { change { _ in } }

    private func change(_ body: (inout State) -> Void) {
        let woken = state.withLock { state in
            body(&state)
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in woken { waiter.resume() }
    }

    /// Waits until `look` finds what it looks for in everything that was written.
    ///
    /// - Throws: `Unmet` when the time is over, or the output is closed and it is not there.
    func wait<Found: Sendable>(
        for what: String, within patience: Duration,
        _ look: (_ bytes: [UInt8], _ isClosed: Bool) throws -> Found?
    ) async throws -> Found {
        let deadline = ContinuousClock.now + patience
        while true {
            let (bytes, isClosed) = state.withLock { ($0.bytes, $0.isClosed) }
            if let found = try look(bytes, isClosed) { return found }
            try Task.checkCancellation()
            if isClosed { throw Unmet("\(what): not there when the program ended", bytes) }
            if .now >= deadline { throw Unmet("\(what): not there within \(patience)", bytes) }
            await nextChange(after: bytes.count, until: deadline)
        }
    }

    /// Returns when there is more than `count` bytes, the output is closed, or the time is over.
    private func nextChange(after count: Int, until deadline: ContinuousClock.Instant) async {
        await withCheckedContinuation { continuation in
            let waiter: Int? = state.withLock { state in
                guard state.bytes.count == count, !state.isClosed else { return nil }
                state.nextWaiter += 1
                state.waiters[state.nextWaiter] = continuation
                return state.nextWaiter
            }
            guard let waiter else { return continuation.resume() }
            let nanoseconds = max(0, (deadline - .now) / .nanoseconds(1))
            DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(nanoseconds))) {
                self.state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
            }
        }
    }
}

/// Something that a story expected and that did not come.
struct Unmet: Error, CustomStringConvertible {
    let description: String

    /// - Parameter bytes: what came instead; its end is shown.
    init(_ what: String, _ bytes: [UInt8] = []) {
        let end = String(decoding: bytes.suffix(1500), as: UTF8.self)
        description = bytes.isEmpty ? what : "\(what)\n--- the last that was written:\n\(end)\n---"
    }
}
