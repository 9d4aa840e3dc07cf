import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The mode in which the terminal gives every key at once and prints none, and the way back, which
/// is taken however the program ends.
///
/// A process has one terminal, and signal handlers reach only what is global: so this is.
package enum RawMode {
    /// The terminal's descriptor while it is in raw mode, else -1.
    private static let active = Atomic<Int32>(-1)
    /// The settings to go back to. Written before `active` is set, read after: the store and the
    /// load of `active` order the two.
    nonisolated(unsafe) private static let saved = UnsafeMutablePointer<termios>.allocate(
        capacity: 1)
    private static let exitHandler: Void = {
        atexit { RawMode.leave() }
        for number in [SIGILL, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGTRAP] { restoreAt(number) }
    }()

    /// Puts the terminal into raw mode; false when it is no terminal.
    @discardableResult
    package static func enter(_ descriptor: Int32 = STDIN_FILENO) -> Bool {
        guard active.load(ordering: .acquiring) == -1 else { return true }
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return false }
        saved.initialize(to: settings)
        _ = exitHandler
        settings.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INPCK | ISTRIP | IXON)
        settings.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
        settings.c_cflag |= tcflag_t(CS8)
        active.store(descriptor, ordering: .releasing)
        guard tcsetattr(descriptor, TCSADRAIN, &settings) == 0 else {
            active.store(-1, ordering: .releasing)
            return false
        }
        send(starting)
        return true
    }

    /// Gives the terminal back as it was. Does only what a signal handler may.
    package static func leave() {
        let descriptor = active.exchange(-1, ordering: .acquiringAndReleasing)
        guard descriptor != -1 else { return }
        send(ending)
        _ = tcsetattr(descriptor, TCSADRAIN, saved)
    }

    private static let starting: StaticString = "\u{1B}[?2004h"
    /// No bracketed paste, a visible cursor, no colour.
    private static let ending: StaticString = "\u{1B}[?2004l\u{1B}[?25h\u{1B}[0m"

    private static func send(_ sequence: StaticString) {
        _ = write(STDOUT_FILENO, sequence.utf8Start, sequence.utf8CodeUnitCount)
    }

    /// A crash gives the terminal back, too, and then goes on as it would have.
    private static func restoreAt(_ number: Int32) {
        _ = signal(number) { number in
            RawMode.leave()
            // Delivered when this returns: the program ends as it would have.
            _ = signal(number, SIG_DFL)
            _ = raise(number)
        }
    }
}

/// What the standard streams are.
package enum TerminalDevice {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Cells in a row; 80 where nobody knows.
    package static func columns(_ descriptor: Int32 = STDOUT_FILENO) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
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
}
