import Foundation

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
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["tmux"] + (socket.map { ["-L", $0] } ?? []) + arguments
        var environment = ProcessInfo.processInfo.environment
        environment["LC_ALL"] = "C.UTF-8"
        environment["TMUX"] = nil
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed() }
        return String(decoding: data, as: UTF8.self)
    }
}
