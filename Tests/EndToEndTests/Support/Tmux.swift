import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A window of a real terminal emulator, tmux, in which a program runs. Stories type into it and
/// look at what it shows; how it came to show that is its own affair.
final class Tmux: Sendable {
    /// Where tmux is; nil when it is not installed.
    static let path: String? = ["/usr/bin/tmux", "/usr/local/bin/tmux", "/opt/homebrew/bin/tmux"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// False where stories on tmux are to be skipped. Where they must not be, as in CI, a missing
    /// tmux is a failure.
    static let isExpected =
        path != nil || ProcessInfo.processInfo.environment["CHATBOX_NEEDS_TMUX"] != nil

    private let socket: String
    /// Held until tmux's server has gone: it is reached by a socket in the world's folder.
    private let world: World
    private var folder: String { world.path }

    /// - Parameters:
    ///   - command: a line for the shell, which is what runs in the window.
    ///   - environment: all that the command has of one.
    init(
        _ command: String, environment: [String: String], columns: Int, rows: Int, world: World
    ) throws {
        // Short, since the path of a socket may not be long.
        socket = String(UInt32.random(in: .min ... .max), radix: 36)
        self.world = world
        let settings = "\(folder)/\(socket).conf"
        // The window is the program's alone, and stays when it ends.
        try Data("set -g status off\nset -g remain-on-exit on\nset -g history-limit 20000\n".utf8)
            .write(to: URL(fileURLWithPath: settings))
        let variables = environment.map { Self.quoted("\($0)=\($1)") }.joined(separator: " ")
        _ = try run([
            "-f", settings, "-u", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)",
            "exec env -i \(variables) sh -c \(Self.quoted(command))",
        ])
    }

    deinit { _ = try? run(["kill-server"]) }

    static func quoted(_ text: String) -> String {
        "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }

    private func run(_ arguments: [String]) throws -> String {
        guard let path = Self.path else { throw Unmet("tmux is not installed") }
        return try Self.output(of: [path, "-L", socket] + arguments, in: folder)
    }

    /// What a short command writes. Nothing but its three streams reaches it: tmux's server stays,
    /// and would keep open what it inherits.
    private static func output(of command: [String], in folder: String) throws -> String {
        let ends = try Child.pipes()
        let environment = ["PATH": "/usr/bin:/bin", "TMUX_TMPDIR": folder, "LANG": "C.UTF-8"]
        let child = try Child(command: command, environment: environment, ends: ends)
        child.watch {}
        close(ends.input)
        defer {
            close(ends.output)
            ends.errors.map { _ = close($0) }
        }
        let output = try FileHandle(fileDescriptor: ends.output, closeOnDealloc: false).readToEnd()
        return String(decoding: output ?? Data(), as: UTF8.self)
    }

    // MARK: What a person does

    func type(_ text: String) throws { _ = try run(["send-keys", "-l", "--", text]) }

    /// By tmux's names, as in `C-c`, `Enter`, `M-Enter`.
    func press(_ keys: String...) throws { _ = try run(["send-keys"] + keys) }

    func enter(_ line: String) throws {
        try type(line)
        try press("Enter")
    }

    /// As a terminal that was asked for marks around what is pasted.
    func paste(_ text: String) throws {
        let file = "\(folder)/\(UUID().uuidString)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        _ = try run(["load-buffer", file])
        _ = try run(["paste-buffer", "-p", "-d"])
    }

    /// Bytes that a terminal sends by itself.
    func send(bytes: [UInt8]) throws {
        _ = try run(["send-keys", "-H"] + bytes.map { String($0, radix: 16) })
    }

    /// Sends a signal to the program that the window's shell started.
    func killChild(signal: String) throws {
        let shell = try format("#{pane_pid}")
        let command = "kill -\(signal) $(ps -o pid= --ppid \(shell))"
        _ = try Self.output(of: ["/bin/sh", "-c", command], in: folder)
    }

    func resize(columns: Int, rows: Int) throws {
        _ = try run(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    }

    // MARK: What a person sees

    /// The rows of the window, from the top to the last that is not empty.
    var screen: [String] { get throws { try captured([]) } }

    /// The rows of the window and of its past; what the window broke is one line.
    var past: [String] { get throws { try captured(["-J", "-S", "-"]) } }

    /// The rows with the sequences that colour them.
    var colored: [String] { get throws { try captured(["-e"]) } }

    /// What tmux knows of the window, by its formats.
    func format(_ format: String) throws -> String {
        try run(["display-message", "-p", format]).trimmingCharacters(in: .newlines)
    }

    private func captured(_ options: [String]) throws -> [String] {
        var lines = try run(["capture-pane", "-p"] + options)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// Waits until the window is as wanted, and a little: tmux tells nobody when it has drawn.
    @discardableResult
    func sees(
        _ what: String, past: Bool = false, within patience: Duration = .seconds(20),
        where isIt: ([String]) -> Bool
    ) async throws -> [String] {
        let deadline = ContinuousClock.now + patience
        while true {
            let lines = past ? try self.past : try screen
            if isIt(lines) { return lines }
            guard .now < deadline else {
                throw Unmet(
                    "\(what): not there within \(patience)",
                    Array(lines.joined(separator: "\n").utf8))
            }
            try await Task.sleep(for: .milliseconds(30))
        }
    }

    /// Waits for a row that holds this.
    @discardableResult
    func sees(_ text: String) async throws -> [String] {
        try await sees("\"\(text)\"") { $0.contains { $0.contains(text) } }
    }

    /// Waits for a window whose last rows are exactly these, times and the server's port aside.
    func shows(_ rows: [String]) async throws {
        try await sees(rows.joined(separator: "\n")) {
            Self.timeless($0).suffix(rows.count) == rows[...]
        }
    }

    /// Rows with `HH:MM` for every time, and `HOST` for the server's address.
    static func timeless(_ rows: [String]) -> [String] {
        rows.map {
            $0.replacing(/\b\d\d:\d\d\b/, with: "HH:MM")
                .replacing(/127\.0\.0\.1:\d+/, with: "HOST")
        }
    }
}

extension World {
    /// Starts `join` in a window of tmux.
    func window(
        _ name: String, in link: RoomLink, columns: Int = 80, rows: Int = 24,
        variables: [String: String] = [:], before: String = "", after: String = "",
        options: String = ""
    ) throws -> Tmux {
        let home = try home(name)
        let program = Tmux.quoted(Program.path)
        let command =
            "\(before) \(program) join \(Tmux.quoted(link.text)) --name \(Tmux.quoted(name)) "
            + "--folder \(Tmux.quoted(home.received)) \(options); \(after)"
        return try Tmux(
            command, environment: home.environment.merging(variables) { $1 }, columns: columns,
            rows: rows, world: self)
    }
}
