import Client
import Foundation
import Terminal
package import Wire

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
    /// The link by which others come in; after a move another one.
    private var link: Link?
    private let acceptsAll: Bool
    private let write: @Sendable (String) -> Bool
    private var people = People()
    private var newcomers: [Newcomer] = []
    private var splitter = LineSplitter()
    /// Offers still to be accepted: only so many transfers are under way at once.
    private var wanted: [OfferNumber] = []
    private var isLeaving = false

    package static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// - Parameters:
    ///   - link: what leads into the room.
    ///   - acceptsAll: takes every offer without being told to.
    ///   - write: writes one line; false when nobody reads any more.
    package init(
        session: any RoomSession, link: Link?, folder: String?, acceptsAll: Bool,
        reader: InputReader,
        write: @escaping @Sendable (String) -> Bool = { Output.write($0) }
    ) {
        self.session = session
        self.folder = folder
        self.link = link
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
        if case .moved(let move) = event { link?.secret = move.secret }
        let time = Timestamp.text(milliseconds: now)
        put(JSONEvent(event, time: time, folder: folder, link: link))
        switch event {
        case .joined(let joined): people.enter(joined)
        case .person(let person, .left), .person(let person, .removed): people.remove(person)
        case .person(let person, _): people.update(person)
        case .newcomer(let newcomer): newcomers.append(newcomer)
        case .decided(let newcomer, _):
            newcomers.removeAll { $0.attachment == newcomer.attachment }
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
                // Its sender would wait for who takes everything, and does not take this. One that
                // was taken back meanwhile needs no answer.
                try? await session.decline(next)
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
            case .say(let text, let isAction):
                let id = try await session.say(text, isAction: isAction)
                // queued {id}: what was said, under which `sent` will follow
                put(JSONEvent("queued", [("id", JSONEvent.id(id))]))
            case .send(let path, let name): try await send(path, to: name)
            case .accept(let number): try await session.accept(OfferNumber(number))
            case .decline(let number): try await session.decline(OfferNumber(number))
            case .cancel(let number): try await session.cancel(OfferNumber(number))
            case .who: await who()
            case .invite:
                // invite {link}
                put(JSONEvent("invite", [("link", link.map { .string($0.text) })]))
            case .name(let name): try await session.rename(to: name)
            case .verify, .remove, .admit, .refuse: try await decide(command)
            case .quit: leave()
            }
        } catch {
            put(.error(error.sentence))
        }
    }

    /// who {people: [person], newcomers: [newcomer], received: [person], missing: [person]}: this
    /// person first; then who asks to be let in, and who has its last message or not yet
    private func who() async {
        let receipts = await session.receipts
        let people = await session.people
        let newcomers = await session.newcomers
        put(
            JSONEvent(
                "who",
                [
                    ("people", .array(people.map(JSONEvent.person))),
                    ("newcomers", .array(newcomers.map(JSONEvent.newcomer))),
                    ("received", .array(receipts.received.map(JSONEvent.person))),
                    ("missing", .array(receipts.missing.map(JSONEvent.person))),
                ]))
    }

    private func decide(_ command: JSONCommand) async throws(ClientRefusal) {
        switch command {
        case .verify(let name, let mark):
            guard let person = find(name) else { return }
            if let mark { return try await session.setVerified(mark, person) }
            let verification = try await session.verification(of: person)
            // verification {person, number}: what both compare
            put(
                JSONEvent(
                    "verification",
                    [
                        ("person", JSONEvent.person(verification.person)),
                        ("number", .string(verification.number)),
                    ]))
        case .remove(let name): if let person = find(name) { try await session.remove(person) }
        case .admit(let name): if let who = findNewcomer(name) { try await session.admit(who) }
        case .refuse(let name): if let who = findNewcomer(name) { try await session.refuse(who) }
        default: break
        }
    }

    /// Somebody here; else an error is put.
    private func find(_ name: String) -> AttachmentID? {
        switch people.find(name) {
        case .one(let found): return found
        case .none: put(.error("nobody here is called \(name)"))
        case .several: put(.error("several are called \(name); add # and the key"))
        }
        return nil
    }

    /// Somebody who asks to be let in, by name, `name#key` or attachment.
    private func findNewcomer(_ name: String) -> AttachmentID? {
        let found = newcomers.filter {
            $0.isMeant(by: name) || String($0.attachment.number) == name
        }
        if found.count == 1 { return found[0].attachment }
        put(
            .error(
                found.isEmpty
                    ? "nobody called \(name) asks to be let in"
                    : "several called \(name) ask to be let in; add # and the key"))
        return nil
    }

    private func send(_ path: String, to name: String?) async throws(ClientRefusal) {
        var person: AttachmentID?
        if let name {
            guard let found = find(name) else { return }
            person = found
        }
        // `offered` follows, when it is.
        _ = try await session.offer(path: path, to: person)
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
