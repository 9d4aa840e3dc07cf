import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Waits for input, for signals, and for being woken, all at one place. Blocks: call it from a
/// thread of its own.
package final class InputPoller: Sendable {
    package enum Event: Hashable, Sendable {
        /// At least one byte.
        case bytes([UInt8])
        /// Nothing came within the time.
        case quiet
        /// The other end closed, or there is no input.
        case end
        case signal(Int32)
        case woken
    }

    /// Bytes read at once: a pipe's buffer.
    private static let chunk = 64 << 10

    private let descriptor: Int32
    private let waking = Pipe()
    private let ended = Atomic(false)

    /// - Parameters:
    ///   - descriptor: where the input comes from; it stays in blocking mode, since a shell shares it.
    ///   - signals: those to be told of instead of their default.
    package init(descriptor: Int32 = STDIN_FILENO, signals: [Int32]) {
        self.descriptor = descriptor
        for number in signals { SignalPipe.handle(number) }
    }

    /// What happens next.
    ///
    /// - Parameter timeout: milliseconds; nil waits for ever.
    package func next(timeout: Int32? = nil) -> Event {
        while true {
            let wanted = ended.load(ordering: .relaxed) ? -1 : descriptor
            var waiting = [
                pollfd(fd: SignalPipe.shared.reading, events: Int16(POLLIN), revents: 0),
                pollfd(fd: waking.reading, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wanted, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&waiting, nfds_t(waiting.count), timeout ?? -1)
            if ready == 0 { return .quiet }
            if ready < 0 {
                if errno == EINTR { continue }
                return .end
            }
            if waiting[0].revents != 0, let number = SignalPipe.shared.read() {
                return .signal(Int32(number))
            }
            if waiting[1].revents != 0, waking.read() != nil { return .woken }
            if waiting[2].revents != 0, let event = readInput() { return event }
        }
    }

    /// Makes `next` return `.woken`, now or when it is called next.
    package func wake() { waking.write(1) }

    private func readInput() -> Event? {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
            let result = read(descriptor, buffer.baseAddress, Self.chunk)
            code = result < 0 ? errno : 0
            count = max(0, result)
        }
        if code == EINTR || code == EAGAIN { return nil }
        if bytes.isEmpty {
            ended.store(true, ordering: .relaxed)
            return .end
        }
        return .bytes(bytes)
    }
}

/// Where signal handlers write the signal's number; the whole process has one.
private enum SignalPipe {
    static let shared = Pipe()

    /// The pipe is there before a handler is, so a handler only writes.
    static func handle(_ number: Int32) {
        _ = shared
        let before = signal(number) { SignalPipe.shared.write(UInt8(truncatingIfNeeded: $0)) }
        // Whoever started the program with nohup wants it to outlive the terminal.
        if number == SIGHUP, isIgnoring(before) { signal(number, SIG_IGN) }
    }

    private static func isIgnoring(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
        let ignoring: (@convention(c) (Int32) -> Void)? = SIG_IGN
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(ignoring, to: Int.self)
    }
}
