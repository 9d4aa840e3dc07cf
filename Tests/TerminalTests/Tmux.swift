import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// tmux, a real terminal emulator, with a server of its own for one test.
struct Tmux {
    private let socket = "chatbox-\(UUID().uuidString.prefix(8))"
    let folder: URL

    /// Nil, with a notice, where tmux is missing.
    static let isThere: Bool = {
        let found = (try? run(["-V"], socket: nil)) != nil
        if !found { print("tmux is missing: what is compared with it is skipped") }
        return found
    }()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: socket)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Runs a script of bash in a pane until it ends by itself.
    func play(_ script: String, columns: Int = 80, rows: Int = 24) throws {
        let file = folder.appending(path: "script")
        try Data("\(script)\ntmux -L \(socket) wait-for -S done\nexec cat\n".utf8).write(to: file)
        try tmux([
            "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "bash \(file.path)",
        ])
        try tmux(["wait-for", "done"])
    }

    /// What is in the pane and its past, line by line, without empty ones at the end.
    func capture() throws -> [String] {
        var lines = try tmux(["capture-pane", "-p", "-J", "-S", "-"])
            .split(separator: "\n", omittingEmptySubsequences: false).map {
                ModelTerminal.trimmed(String($0))
            }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    func title() throws -> String { try tmux(["display-message", "-p", "#{pane_title}"]) }

    func close() {
        _ = try? tmux(["kill-server"])
        try? FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    private func tmux(_ arguments: [String]) throws -> String {
        try Self.run(["-f", "/dev/null", "-u"] + arguments, socket: socket)
    }

    private struct Failed: Error {}

    private static func run(_ arguments: [String], socket: String?) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let whole = ["tmux"] + (socket.map { ["-L", $0] } ?? []) + arguments
        guard let process = spawn(whole, writingTo: file.path) else { throw Failed() }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw Failed() }
        return String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }

    /// Foundation's `Process` would wait for the server that tmux leaves behind, which keeps what
    /// it is given open.
    private static func spawn(_ arguments: [String], writingTo path: String) -> pid_t? {
        var environment = ProcessInfo.processInfo.environment
        environment["LC_ALL"] = "C.UTF-8"
        environment["TMUX"] = nil
        let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        let words = arguments.map { strdup($0) } + [nil]
        defer { for text in variables + words { free(text) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var process: pid_t = 0
        return posix_spawnp(&process, "tmux", &actions, nil, words, variables) == 0 ? process : nil
    }
}
