import Foundation
import Synchronization

/// What a story plays in: a folder that is gone afterwards, servers, rooms and people.
final class World: Sendable {
    let path: String
    private let homes = Mutex(0)

    init() throws {
        path = "\(NSTemporaryDirectory())/chatbox-story-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// A home for one more person.
    func home(_ name: String) throws -> Home {
        let number = homes.withLock { count in
            count += 1
            return count
        }
        let home = Home(path: "\(path)/\(number)-\(name)")
        try FileManager.default.createDirectory(
            atPath: home.path, withIntermediateDirectories: true)
        return home
    }

    // MARK: Servers and rooms

    /// Starts a server; on a port of its own choice unless one is given.
    func serve(
        port: UInt16 = 0, state: String = "server", options: [String] = [], shell: String? = nil
    ) async throws -> Server {
        let home = try home("serve")
        let program = try Program(
            ["serve", "--listen", "127.0.0.1:\(port)", "--state", "\(path)/\(state)"] + options,
            home: home, shell: shell)
        let line = /chatbox new ([^\s:]+):(\d+) --key (\S+)/
        let found = try await program.output.wait(
            for: "the address of the server", within: .seconds(20)
        ) { bytes, _ -> [String]? in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let match = text.firstMatch(of: line), text.hasSuffix("\n") else { return nil }
            return [String(match.2), String(match.3)]
        }
        guard let port = UInt16(found[0]) else { throw Unmet("no port in \(found)") }
        return Server(program: program, port: port, key: found[1])
    }

    struct Server: Sendable {
        let program: Program
        let port: UInt16
        /// The fingerprint by which `new` knows it.
        let key: String
    }

    /// A new room's link.
    func newRoom(on server: Server, options: [String] = []) async throws -> RoomLink {
        let program = try Program(
            ["new", "127.0.0.1:\(server.port)", "--key", server.key] + options,
            home: try home("new"))
        let code = try await program.finish()
        let text = program.output.text
        guard code == 0, text.hasPrefix("chatbox://"), text.hasSuffix("\n"),
            text.utf8.count(where: { $0 == 0x0a }) == 1
        else { throw Unmet("new ends with \(code) and writes \(text)\(program.errors.text)") }
        return RoomLink(text: String(text.dropLast()))
    }

    /// A link, which can lead through another port.
    struct RoomLink: Sendable {
        let text: String

        func through(_ port: UInt16) -> RoomLink {
            RoomLink(text: text.replacing(/127\.0\.0\.1(:\d+)?/, with: "127.0.0.1:\(port)"))
        }
    }

    // MARK: People

    /// Starts a client that speaks JSON and waits until it is in the room.
    ///
    /// - Parameter share: the folder from which it may send; everything here unless another is given.
    func talker(
        _ name: String, in link: RoomLink, home: Home? = nil, share: String? = nil,
        options: [String] = [], shell: String? = nil
    ) async throws -> Talker {
        let talker = try newcomer(
            name, in: link, home: home, share: share, options: options, shell: shell)
        try await talker.next("joined")
        return talker
    }

    /// Starts a client that speaks JSON; it may not get into the room.
    func newcomer(
        _ name: String, in link: RoomLink, home: Home? = nil, share: String? = nil,
        options: [String] = [], shell: String? = nil
    ) throws -> Talker {
        let home = try home ?? self.home(name)
        let program = try Program(
            [
                "listen", link.text, "--json", "--name", name, "--folder", home.received,
                "--share", share ?? path,
            ] + options,
            home: home, shell: shell)
        return Talker(name: name, program: program)
    }

    /// Starts `join` on a terminal and waits until it is in the room.
    func person(_ name: String, in link: RoomLink) async throws -> Person {
        let home = try home(name)
        let program = try Program(
            ["join", link.text, "--name", name, "--folder", home.received], home: home,
            console: .terminal(rows: Person.rows, columns: Person.columns))
        return Person(name: name, program: program, home: home)
    }
}

/// Somebody at a terminal.
struct Person: Sendable {
    static let rows: UInt16 = 50
    static let columns: UInt16 = 100
    let name: String
    let program: Program
    let home: Home

    var screen: Screen { Screen(width: Int(Self.columns), showing: program.output.bytes) }

    /// Types a line, and Return as a terminal sends it.
    func enter(_ line: String) { program.type(line + "\r") }

    /// Waits until some line of the screen is as wanted.
    @discardableResult
    func sees(
        _ what: String, within patience: Duration = .seconds(20), where isIt: (Screen) -> Bool
    ) async throws -> Screen {
        try await program.output.wait(for: "\(name) sees \(what)", within: patience) { bytes, _ in
            let screen = Screen(width: Int(Self.columns), showing: bytes)
            return isIt(screen) ? screen : nil
        }
    }

    /// Waits for a line that holds this text.
    func sees(_ text: String, within patience: Duration = .seconds(20)) async throws {
        try await sees("\"\(text)\"", within: patience) { screen in
            screen.lines.contains { $0.contains(text) }
        }
    }

    /// Says goodbye and waits for the end.
    func quit() async throws -> Int32 {
        enter("/quit")
        return try await program.exitCode()
    }
}
