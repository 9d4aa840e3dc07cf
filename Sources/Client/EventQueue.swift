import Synchronization

/// Events on their way to the face: any number can be put in at once, and whoever reads the network
/// waits while too many lie there, so that a slow face slows the sender down and fills no memory.
final class EventQueue: Sendable {
    /// Events that may lie unread before the network is left alone.
    static let maximumEvents = 8192
    /// The same in bytes of text: four of the longest messages.
    static let maximumBytes = 64 << 20

    private struct State {
        var events = Queue<ClientEvent>()
        var bytes = 0
        var isFinished = false
        var reader: CheckedContinuation<ClientEvent?, Never>?
        var writer: CheckedContinuation<Void, Never>?

        var isFull: Bool {
            !isFinished
                && (events.count >= EventQueue.maximumEvents || bytes >= EventQueue.maximumBytes)
        }

        mutating func takeWriter() -> CheckedContinuation<Void, Never>? {
            guard !isFull else { return nil }
            defer { writer = nil }
            return writer
        }
    }

    private let state = Mutex(State())

    func push(_ event: ClientEvent) {
        let reader = state.withLock { state -> CheckedContinuation<ClientEvent?, Never>? in
            guard !state.isFinished else { return nil }
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            // The next report tells the same and more; nobody makes those wait who write them.
            if state.isFull, event.isProgress { return nil }
            state.events.append(event)
            state.bytes += event.size
            return nil
        }
        reader?.resume(returning: event)
    }

    /// What lies here is still read; then the stream ends.
    func finish() {
        let (reader, writer) = state.withLock { state in
            state.isFinished = true
            defer { state.reader = nil }
            return (state.reader, state.takeWriter())
        }
        reader?.resume(returning: nil)
        writer?.resume()
    }

    /// The next event; nil at the end. One reader at a time.
    func next() async -> ClientEvent? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock {
                    state -> (ClientEvent?, CheckedContinuation<Void, Never>?)? in
                    if let event = state.events.popFirst() {
                        state.bytes -= event.size
                        return (event, state.takeWriter())
                    }
                    if state.isFinished || Task.isCancelled { return (nil, nil) }
                    state.reader = continuation
                    return nil
                }
                guard let (event, writer) = ready else { return }
                continuation.resume(returning: event)
                writer?.resume()
            }
        } onCancel: {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: nil)
        }
    }

    /// Returns when there is room, or the task is cancelled. One writer at a time.
    func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    guard state.isFull, !Task.isCancelled else { return true }
                    state.writer = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            let writer = state.withLock { state in
                defer { state.writer = nil }
                return state.writer
            }
            writer?.resume()
        }
    }
}

extension ClientEvent {
    /// A report on a transfer that goes on.
    fileprivate var isProgress: Bool {
        if case .transfer(let update) = self { update.state == .running } else { false }
    }

    /// Bytes that grow with what others say.
    fileprivate var size: Int {
        if case .message(let message) = self { message.text.utf8.count } else { 0 }
    }
}
