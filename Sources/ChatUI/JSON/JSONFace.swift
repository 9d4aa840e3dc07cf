import Client
import Foundation
import Terminal
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The face for programs: one JSON object a line, events out and commands in (`JSONEvent`,
/// `JSONCommand`). Each line is written at once. The end of the input does not end the stay.
package actor JSONFace: Face {
    private let executor = QueueExecutor(label: "chatbox.json")
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    let session: any RoomSession
    let reader: InputReader
    let departure = Departure()
    private let folder: String?
    private let acceptsAll: Bool
    private let write: @Sendable (String) -> Bool
    private var people = People()
    private var splitter = LineSplitter()
    /// Offers still to be accepted: only so many transfers are under way at once.
    private var wanted: [OfferNumber] = []
    private var isLeaving = false

    package static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// - Parameters:
    ///   - acceptsAll: takes every offer without being told to.
    ///   - write: writes one line; false when nobody reads any more.
    package init(
        session: any RoomSession, folder: String?, acceptsAll: Bool, reader: InputReader,
        write: @escaping @Sendable (String) -> Bool = { Output.write($0) }
    ) {
        self.session = session
        self.folder = folder
        self.acceptsAll = acceptsAll
        self.reader = reader
        self.write = write
    }

    /// Stays in the room until it is left; throws why it could not stay, after it was written.
    package func run() async throws {
        do {
            try await stay()
            put(.closed)
        } catch {
            put(.error(Self.sentence(error)))
            put(.closed)
            throw error
        }
    }

    private static func sentence(_ error: any Error) -> String {
        (error as? ClientFailure)?.sentence ?? "the room was lost: \(error)"
    }

    var inputTimeout: Int32? { nil }

    func handle(_ event: ClientEvent) async {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        put(JSONEvent(event, time: Timestamp.text(milliseconds: now), folder: folder))
        switch event {
        case .joined(let joined): people.enter(joined)
        case .person(let person, .left): people.remove(person)
        case .person(let person, _): people.update(person)
        case .offer(let offer) where acceptsAll:
            wanted.append(offer.number)
            await acceptWanted()
        case .transfer(let update):
            wanted.removeAll { $0 == update.number }
            if update.state != .running { await acceptWanted() }
        default: break
        }
    }

    private func acceptWanted() async {
        while let next = wanted.first {
            do throws(ClientRefusal) {
                try await session.accept(next)
            } catch {
                if case .tooManyTransfers = error { return }
                put(.error(error.sentence))
            }
            wanted.removeAll { $0 == next }
        }
    }

    func handle(_ input: InputPoller.Event) async -> Bool {
        switch input {
        case .bytes(let bytes): for line in splitter.feed(bytes) { await take(line) }
        case .end: for line in splitter.finish() { await take(line) }
        case .signal: leave()
        case .quiet: break
        case .woken: return false
        }
        return true
    }

    func roomEnded() { isLeaving = true }

    private func take(_ line: LineSplitter.Line) async {
        guard !isLeaving else { return }
        guard case .text(let text) = line else {
            return put(.error("a line was too long for a command; send files with send"))
        }
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return }
        do throws(JSONCommandError) {
            await perform(try JSONCommand(parsing: text))
        } catch {
            put(.error(error.sentence))
        }
    }

    private func perform(_ command: JSONCommand) async {
        do throws(ClientRefusal) {
            switch command {
            case .say(let text):
                let id = try await session.say(text)
                // queued {id}: what was said, under which `sent` will follow
                put(JSONEvent("queued", [("id", JSONEvent.id(id))]))
            case .send(let path, let name): try await send(path, to: name)
            case .accept(let number): try await session.accept(OfferNumber(number))
            case .decline(let number): try await session.decline(OfferNumber(number))
            case .cancel(let number): try await session.cancel(OfferNumber(number))
            case .who:
                // who {people: [person]}, this person first
                let people = await session.people.map(JSONEvent.person)
                put(JSONEvent("who", [("people", .array(people))]))
            case .quit: leave()
            }
        } catch {
            put(.error(error.sentence))
        }
    }

    private func send(_ path: String, to name: String?) async throws(ClientRefusal) {
        var person: AttachmentID?
        if let name {
            switch people.find(name) {
            case .one(let found): person = found
            case .none: return put(.error("nobody here is called \(name)"))
            case .several: return put(.error("several are called \(name); add # and the key"))
            }
        }
        let number = try await session.offer(path: path, to: person)
        // offered {offer, path}: a file of ours, and its number
        put(
            JSONEvent(
                "offered", [("offer", .integer(number.number)), ("path", .string(path))]))
    }

    private func put(_ event: JSONEvent) {
        if !write(event.line + "\n") { leave() }
    }

    private func leave() {
        guard !isLeaving else { return }
        isLeaving = true
        departure.ask()
    }
}
