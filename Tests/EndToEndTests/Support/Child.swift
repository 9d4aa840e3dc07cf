import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A child process, started with `posix_spawn` and never signalled once it was waited for.
final class Child: Sendable {
    /// Our ends of what the child was given as standard input, output and error.
    struct Ends: Sendable {
        var input: Int32
        var output: Int32
        /// nil when it goes where the output goes.
        var errors: Int32?
        fileprivate var childs: Given
    }

    fileprivate enum Given: Sendable {
        case pipes([Int32])
        case terminal(path: String, slave: Int32)
    }

    /// POSIX_SPAWN_SETSID, which Glibc's module does not have.
    #if canImport(Darwin)
        private static let newSession: Int16 = 0x400
    #else
        private static let newSession: Int16 = 0x80
    #endif
    /// Signals that are neither ignored nor blocked, even if they are here.
    private static let defaultSignals = Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)

    let pid: pid_t
    private let status = Mutex<Int32?>(nil)
    private let ended = Output()

    init(command: [String], environment: [String: String], ends: Ends) throws {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        // Tests may have been started in the background, or with nohup.
        var ended = sigset_t()
        sigemptyset(&ended)
        for number in [SIGINT, SIGQUIT, SIGHUP] { sigaddset(&ended, number) }
        posix_spawnattr_setsigdefault(&attributes, &ended)
        // The threads of a task pool block nearly all: tmux's server could not be ended by a signal.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        switch ends.childs {
        case .pipes(let three):
            posix_spawnattr_setflags(&attributes, Self.defaultSignals)
            for (number, descriptor) in three.enumerated() {
                posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
            }
        case .terminal(let path, _):
            // The first terminal that a session's leader opens becomes its controlling one.
            posix_spawnattr_setflags(&attributes, Self.newSession | Self.defaultSignals)
            posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0)
            posix_spawn_file_actions_adddup2(&actions, 0, 1)
            posix_spawn_file_actions_adddup2(&actions, 0, 2)
        }
        var pid: pid_t = 0
        let code = Self.withCStrings(command) { arguments in
            Self.withCStrings(environment.map { "\($0)=\($1)" }) { variables in
                posix_spawn(&pid, command[0], &actions, &attributes, arguments, variables)
            }
        }
        switch ends.childs {
        case .pipes(let three): for descriptor in three { close(descriptor) }
        case .terminal(_, let slave): close(slave)
        }
        guard code == 0 else { throw Unmet("cannot start \(command[0]): error \(code)") }
        self.pid = pid
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    // MARK: Descriptors

    static func pipes() throws -> Ends {
        let (input, output, errors) = (try makePipe(), try makePipe(), try makePipe())
        return Ends(
            input: input.write, output: output.read, errors: errors.read,
            childs: .pipes([input.read, output.write, errors.write]))
    }

    static func makePipe() throws -> (read: Int32, write: Int32) {
        var both: [Int32] = [0, 0]
        guard pipe(&both) == 0 else { throw Unmet("no pipe: error \(errno)") }
        for descriptor in both { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        #if canImport(Darwin)
            _ = fcntl(both[1], F_SETNOSIGPIPE, 1)
        #else
            ignoreBrokenPipes
        #endif
        return (both[0], both[1])
    }

    static func terminal(rows: UInt16, columns: UInt16) throws -> Ends {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard master >= 0, let path = unlockedSlave(of: master) else {
            throw Unmet("no pseudo-terminal: error \(errno)")
        }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
        // Held until the child has it: a terminal nobody has open looks closed.
        let slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        return Ends(
            input: fcntl(master, F_DUPFD_CLOEXEC, 0), output: master, errors: nil,
            childs: .terminal(path: path, slave: slave))
    }

    /// What `unlockpt` and `ptsname` do; Glibc's module does not have them.
    private static func unlockedSlave(of master: Int32) -> String? {
        #if canImport(Darwin)
            guard grantpt(master) == 0, unlockpt(master) == 0 else { return nil }
            return ptsname(master).map { String(cString: $0) }
        #else
            var isLocked: Int32 = 0
            var number: UInt32 = 0
            let setLock: UInt = 0x4004_5431  // TIOCSPTLCK
            let getNumber: UInt = 0x8004_5430  // TIOCGPTN
            guard ioctl(master, setLock, &isLocked) == 0, ioctl(master, getNumber, &number) == 0
            else { return nil }
            return "/dev/pts/\(number)"
        #endif
    }

    // MARK: Its end

    /// Waits for the end on a thread of its own.
    func watch(_ whenEnded: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
            // Reaped under the lock: until then the id is the child's and nobody else's.
            status.withLock { status in
                var raw: Int32 = 0
                waitpid(pid, &raw, 0)
                let signal = raw & 0x7f
                status = signal == 0 ? raw >> 8 & 0xff : 128 + signal
            }
            ended.close()
            whenEnded()
        }
        thread.start()
    }

    func signal(_ number: Int32) {
        status.withLock { if $0 == nil { kill(pid, number) } }
    }

    var code: Int32? { status.withLock { $0 } }

    func exitCode(within patience: Duration) async throws -> Int32 {
        try await ended.wait(for: "the end of process \(pid)", within: patience) { _, isClosed in
            isClosed ? code : nil
        }
    }
}

/// Writing to a program that has ended is an error to handle, not the end of the tests.
private let ignoreBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()
