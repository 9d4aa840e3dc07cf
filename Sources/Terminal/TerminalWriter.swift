import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes to the terminal from a thread of its own, so that a terminal that takes nothing (a slow
/// line, a pane in copy mode) holds up nobody. `FramePacer` makes sure that one frame at a time
/// waits here, so what waits is bounded.
package final class TerminalWriter: Sendable {
    private struct State {
        var waiting: [String] = []
        var isWriting = false
        var hasFailed = false
    }

    private let state = Mutex(State())
    private let work = Pipe()
    private let done = Pipe()
    private let descriptor: Int32
    private let afterWriting: @Sendable () -> Void

    /// - Parameter afterWriting: called from the thread whenever all is written, or nobody reads any
    ///   more; as `InputPoller.wake`, it must not wait.
    package init(
        to descriptor: Int32 = STDOUT_FILENO, afterWriting: @escaping @Sendable () -> Void
    ) {
        self.descriptor = descriptor
        self.afterWriting = afterWriting
        Self.startThread { [weak self, work] in
            // Holds the writer only while there is something to do, so that it can go away.
            while work.waitForByte() {
                guard let self else { return }
                self.writeWhatWaits()
            }
        }
    }

    deinit { work.write(1) }

    /// Hands over what is to be written, and returns at once.
    package func write(_ text: String) {
        guard !text.isEmpty else { return }
        state.withLock { $0.waiting.append(text) }
        work.write(1)
    }

    /// True when all is written.
    package var isIdle: Bool { state.withLock { $0.waiting.isEmpty && !$0.isWriting } }

    /// True when nobody reads any more.
    package var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// Waits until all is written, but not longer than so many milliseconds.
    ///
    /// - Returns: false when something is not written.
    @discardableResult
    package func finish(within milliseconds: Int32) -> Bool {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .milliseconds(Int(milliseconds)))
        while !isIdle {
            let left = clock.now.duration(to: end)
            guard left > .zero, done.waitForByte(Int32(left / .milliseconds(1)) + 1) else {
                return isIdle
            }
        }
        return !hasFailed
    }

    private func writeWhatWaits() {
        let texts = state.withLock { state in
            defer { state.waiting = [] }
            state.isWriting = !state.waiting.isEmpty
            return state.waiting
        }
        guard !texts.isEmpty else { return }
        let succeeded = Output.write(texts.joined(), to: descriptor)
        state.withLock {
            $0.isWriting = false
            if !succeeded { $0.hasFailed = true }
        }
        done.write(1)
        afterWriting()
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(ThreadBody(body))
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let result = pthread_create(&thread, nil, runThreadBody, box.toOpaque())
        guard result == 0 else { preconditionFailure("no thread is left to write with") }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

#if canImport(Darwin)
    private func runThreadBody(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#else
    private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#endif
