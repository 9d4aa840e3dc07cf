#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the standard streams are.
package enum TerminalDevice {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// True when both are the same terminal: only then does an answer come where it is read.
    package static func areSame(_ one: Int32, _ other: Int32) -> Bool {
        var (first, second) = (stat(), stat())
        guard isTerminal(one), isTerminal(other), fstat(one, &first) == 0,
            fstat(other, &second) == 0
        else { return false }
        return first.st_rdev == second.st_rdev
    }

    /// The size of the terminal, or the usual one where nobody knows.
    package static func size(_ descriptor: Int32 = STDOUT_FILENO) -> TerminalSize {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return .usual }
        return TerminalSize(
            columns: size.ws_col > 0 ? Int(size.ws_col) : TerminalSize.usual.columns,
            rows: size.ws_row > 0 ? Int(size.ws_row) : TerminalSize.usual.rows)
    }

    /// Stops the process as Ctrl-Z does; returns when it is continued.
    package static func suspend() {
        let handler = signal(SIGTSTP, SIG_DFL)
        // Raised in this very thread: it is stopped before it can go on, wherever signals are
        // blocked otherwise.
        var mask = sigset_t()
        var before = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, SIGTSTP)
        pthread_sigmask(SIG_UNBLOCK, &mask, &before)
        raise(SIGTSTP)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        signal(SIGTSTP, handler)
    }

    /// Bytes that are there, at least one; nil at the end or when interrupted.
    static func read(_ descriptor: Int32, upTo count: Int = 64 << 10) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            #if canImport(Glibc)
                filled = max(0, Glibc.read(descriptor, buffer.baseAddress, count))
            #elseif canImport(Musl)
                filled = max(0, Musl.read(descriptor, buffer.baseAddress, count))
            #else
                filled = max(0, Darwin.read(descriptor, buffer.baseAddress, count))
            #endif
        }
        return bytes.isEmpty ? nil : bytes
    }
}
