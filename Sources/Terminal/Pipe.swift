#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A pipe to oneself: how a signal handler, which may do next to nothing, or another thread ends a
/// wait.
final class Pipe: Sendable {
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

    /// Waits for a byte and takes it.
    ///
    /// - Parameter timeout: milliseconds; -1 waits for ever.
    /// - Returns: false when none came in time.
    func waitForByte(_ timeout: Int32 = -1) -> Bool {
        while true {
            var waiting = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, timeout)
            if ready > 0 { return read() != nil }
            if ready == 0 || errno != EINTR { return false }
        }
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
