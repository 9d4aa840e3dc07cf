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

/// A pipe to oneself: how a signal handler, which may do next to nothing, or another thread ends a
/// wait.
private final class Pipe: Sendable {
    let reading: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { preconditionFailure("no descriptor is left for a pipe") }
        (reading, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            // Ours alone, so it may be: a handler must never wait.
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(reading)
        close(writing)
    }

    func write(_ byte: UInt8) {
        let code = errno
        withUnsafePointer(to: byte) { pointer in
            #if canImport(Glibc)
                _ = Glibc.write(writing, pointer, 1)
            #elseif canImport(Musl)
                _ = Musl.write(writing, pointer, 1)
            #else
                _ = Darwin.write(writing, pointer, 1)
            #endif
        }
        errno = code
    }

    func read() -> UInt8? {
        var byte: UInt8 = 0
        #if canImport(Glibc)
            let count = Glibc.read(reading, &byte, 1)
        #elseif canImport(Musl)
            let count = Musl.read(reading, &byte, 1)
        #else
            let count = Darwin.read(reading, &byte, 1)
        #endif
        return count == 1 ? byte : nil
    }
}

/// Where signal handlers write the signal's number; the whole process has one.
private enum SignalPipe {
    static let shared = Pipe()

    /// The pipe is there before a handler is, so a handler only writes.
    static func handle(_ number: Int32) {
        _ = shared
        _ = signal(number) { SignalPipe.shared.write(UInt8(truncatingIfNeeded: $0)) }
    }
}
