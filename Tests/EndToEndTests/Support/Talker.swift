import Foundation
import Synchronization

/// A client that speaks JSON: `chatbox listen LINK --json`, with what it said so far.
final class Talker: Sendable {
    let name: String
    let program: Program

    private struct Parsed {
        /// Bytes of the output that were read.
        var offset = 0
        var events: [JSON] = []
        /// Events that a story has taken.
        var taken: Set<Int> = []
        /// All events before this one are taken.
        var front = 0
    }

    private let parsed = Mutex(Parsed())

    init(name: String, program: Program) {
        self.name = name
        self.program = program
    }

    /// Everything that it said, in order.
    var events: [JSON] {
        get throws {
            try parse(program.output.bytes)
            return parsed.withLock { $0.events }
        }
    }

    // MARK: What it is told

    func tell(_ command: JSON) throws {
        program.type(try command.line + "\n")
    }

    func say(_ text: String) throws { try tell(["type": "say", "text": .string(text)]) }

    /// - Parameter name: the one person that a file is offered to; nil for the room.
    func send(_ path: String, to name: String? = nil) throws {
        var command: [String: JSON] = ["type": "send", "path": .string(path)]
        if let name { command["to"] = .string(name) }
        try tell(.object(command))
    }

    func accept(_ offer: JSON) throws { try tell(["type": "accept", "offer": offer["offer"]]) }

    /// Says goodbye and waits for the end.
    func quit() async throws -> Int32 {
        try tell(["type": "quit"])
        return try await program.exitCode()
    }

    // MARK: What it says

    /// Waits for an event of this type that `isIt` knows, and takes the first that nobody took.
    @discardableResult
    func next(
        _ type: String, within patience: Duration = .seconds(20),
        where isIt: (JSON) -> Bool = { _ in true }
    ) async throws -> JSON {
        let what = "\(name) waits for \"\(type)\""
        do {
            return try await program.output.wait(for: what, within: patience) { bytes, _ in
                try parse(bytes)
                return take { $0["type"].string == type && isIt($0) }
            }
        } catch let error as Unmet {
            throw Unmet("\(error)\nstandard error:\n\(program.errors.text.suffix(1500))")
        }
    }

    /// Waits until `enough` is true of everything that it said.
    func wait(
        for what: String, within patience: Duration, until enough: ([JSON]) -> Bool
    ) async throws {
        try await program.output.wait(for: "\(name): \(what)", within: patience) { bytes, _ in
            try parse(bytes)
            return parsed.withLock { enough($0.events) } ? () : nil
        }
    }

    /// Waits for a message with this text.
    @discardableResult
    func hears(_ text: String, within patience: Duration = .seconds(20)) async throws -> JSON {
        try await next("message", within: patience) { $0["text"].string == text }
    }

    /// Waits until a transfer of this file is completed, and fails when it fails.
    @discardableResult
    func completes(
        _ offer: JSON, direction: String = "receiving", within patience: Duration
    ) async throws -> JSON {
        let end = try await next("transfer", within: patience) {
            $0["offer"] == offer && $0["direction"].string == direction
                && ["completed", "failed", "cancelled", "declined"].contains($0["state"].string)
        }
        guard end["state"].string == "completed" else { throw Unmet("\(name): \(try end.line)") }
        return end
    }

    private func take(_ isIt: (JSON) -> Bool) -> JSON? {
        parsed.withLock { parsed in
            for index in parsed.front..<parsed.events.count
            where !parsed.taken.contains(index) && isIt(parsed.events[index]) {
                parsed.taken.insert(index)
                while parsed.taken.remove(parsed.front) != nil { parsed.front += 1 }
                return parsed.events[index]
            }
            return nil
        }
    }

    /// Reads the whole lines that were not read before.
    private func parse(_ bytes: [UInt8]) throws {
        try parsed.withLock { parsed in
            while let end = bytes[parsed.offset...].firstIndex(of: 0x0a) {
                let line = bytes[parsed.offset..<end]
                parsed.offset = end + 1
                do {
                    parsed.events.append(try JSONDecoder().decode(JSON.self, from: Data(line)))
                } catch {
                    throw Unmet("\(name) wrote a line that is no JSON", Array(line))
                }
            }
        }
    }
}
