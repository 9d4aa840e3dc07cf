import Synchronization
import Wire

/// One direction of a connection in memory.
final class Channel<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isClosed = false
        var isBroken = false
        var isStalled = false
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int = .max) { self.limit = limit }

    private func change(_ body: (inout State) -> Void) {
        let (reader, writer) = state.withLock { state in
            body(&state)
            defer {
                state.reader = nil
                state.writer = nil
            }
            return (state.reader, state.writer)
        }
        reader?.resume()
        writer?.resume()
    }

    func push(_ element: Element) {
        change { if !$0.isClosed && !$0.isBroken { $0.elements.append(element) } }
    }

    /// What was pushed is still read, then the end.
    func close() { change { $0.isClosed = true } }

    /// What was pushed is lost.
    func cut() {
        change {
            $0.isBroken = true
            $0.elements = []
        }
    }

    /// Holds everything back, until it is let go.
    func stall(_ stalled: Bool) { change { $0.isStalled = stalled } }

    /// All there is, at least one; nil at the end.
    func next() async throws -> [Element]? {
        while true {
            try Task.checkCancellation()
            let (elements, isOver, isBroken, writer) = state.withLock { state in
                guard !state.isStalled || state.isBroken else {
                    return ([Element](), false, false, nil as CheckedContinuation<Void, Never>?)
                }
                defer {
                    state.elements = []
                    state.writer = nil
                }
                return (state.elements, state.isClosed, state.isBroken, state.writer)
            }
            writer?.resume()
            if isBroken { throw ConnectionError.lost }
            if !elements.isEmpty { return elements }
            if isOver { return nil }
            await waitForChange(\.reader) { state in
                (state.elements.isEmpty || state.isStalled) && !state.isClosed && !state.isBroken
            }
        }
    }

    /// Returns when there is room.
    func waitForRoom() async throws {
        while true {
            try Task.checkCancellation()
            let (isFull, isBroken) = state.withLock { ($0.elements.count >= limit, $0.isBroken) }
            if isBroken { throw ConnectionError.lost }
            if !isFull { return }
            await waitForChange(\.writer) { [limit] in $0.elements.count >= limit && !$0.isBroken }
        }
    }

    private func waitForChange(
        _ path: any WritableKeyPath<State, CheckedContinuation<Void, Never>?> & Sendable,
        while condition: (State) -> Bool
    ) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard condition(state), !Task.isCancelled else { return false }
                    state[keyPath: path] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            change { _ in }
        }
    }
}
