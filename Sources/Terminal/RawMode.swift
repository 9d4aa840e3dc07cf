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
enum RawMode {
    /// Modes of the terminal that are switched on, and off again on the way back.
    struct Modes: OptionSet {
        let rawValue: Int
        static let pasteMarkersAndFocus = Modes(rawValue: 1)
        /// Clusters as one sign (2027).
        static let clusters = Modes(rawValue: 2)
        /// Keys told apart that otherwise look alike (kitty's protocol, its first flag).
        static let kittyKeyboard = Modes(rawValue: 4)
    }

    /// The terminal's descriptor while it is in raw mode, else -1.
    private static let active = Atomic<Int32>(-1)
    private static let modes = Atomic<Int>(0)
    /// The settings to go back to. Written before `active` is set, read after: the store and the
    /// load of `active` order the two.
    nonisolated(unsafe) private static let saved = UnsafeMutablePointer<termios>.allocate(
        capacity: 1)
    private static let exitHandler: Void = {
        atexit { RawMode.leave() }
        for number in [SIGILL, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGTRAP, SIGSYS] {
            restoreAt(number)
        }
        // Whoever wants to answer these has done so before, or does so later.
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] where isDefault(number) {
            restoreAt(number)
        }
    }()

    /// Puts the terminal into raw mode and drops what was typed before; false when it is no terminal.
    @discardableResult
    static func enter(_ descriptor: Int32 = STDIN_FILENO) -> Bool {
        guard active.load(ordering: .acquiring) == -1 else { return true }
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return false }
        saved.initialize(to: settings)
        _ = exitHandler
        settings.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON)
        settings.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
        settings.c_cflag |= tcflag_t(CS8)
        active.store(descriptor, ordering: .releasing)
        guard tcsetattr(descriptor, TCSAFLUSH, &settings) == 0 else {
            active.store(-1, ordering: .releasing)
            return false
        }
        return true
    }

    /// Switches modes on until `leave`.
    static func switchOn(_ wanted: Modes) {
        modes.store(modes.load(ordering: .relaxed) | wanted.rawValue, ordering: .releasing)
        if wanted.contains(.pasteMarkersAndFocus) { send("\u{1B}[?2004h\u{1B}[?1004h") }
        if wanted.contains(.clusters) { send("\u{1B}[?2027h") }
        if wanted.contains(.kittyKeyboard) { send("\u{1B}[>1u") }
    }

    /// Gives the terminal back as it was. Does only what a signal handler may.
    static func leave() { restore(afterCrash: false) }

    /// Takes the terminal for one that somebody else has set up since: what is saved is kept, and
    /// `enter` sets it again.
    static func forget() {
        guard active.load(ordering: .acquiring) != -1 else { return }
        leave()
    }

    private static func restore(afterCrash: Bool) {
        let descriptor = active.exchange(-1, ordering: .acquiringAndReleasing)
        guard descriptor != -1 else { return }
        let on = Modes(rawValue: modes.exchange(0, ordering: .acquiringAndReleasing))
        // Only what was switched on: some terminals show what they do not know.
        if on.contains(.kittyKeyboard) { send("\u{1B}[<u") }
        if on.contains(.clusters) { send("\u{1B}[?2027l") }
        if on.contains(.pasteMarkersAndFocus) {
            send("\u{1B}[?2026l\u{1B}[?2004l\u{1B}[?1004l\u{1B}[?25h\u{1B}[0m")
        }
        if afterCrash { send("\r\n") }
        // From the background the call would stop the process.
        let handler = signal(SIGTTOU, SIG_IGN)
        _ = tcsetattr(descriptor, TCSADRAIN, saved)
        signal(SIGTTOU, handler)
    }

    private static func send(_ sequence: StaticString) {
        _ = write(STDOUT_FILENO, sequence.utf8Start, sequence.utf8CodeUnitCount)
    }

    private static func isDefault(_ number: Int32) -> Bool {
        let handler = signal(number, SIG_IGN)
        signal(number, handler)
        return handler == nil
    }

    /// A crash gives the terminal back, too, and then goes on as it would have.
    private static func restoreAt(_ number: Int32) {
        _ = signal(number) { number in
            RawMode.restore(afterCrash: true)
            // Delivered when this returns: the program ends as it would have.
            _ = signal(number, SIG_DFL)
            _ = raise(number)
        }
    }
}
