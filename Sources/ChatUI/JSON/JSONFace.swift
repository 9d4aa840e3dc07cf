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
        switch error {
        case let error as ClientFailure: error.sentence
        case let error as ClientRefusal: error.sentence
        case let error as JSONCommandError: error.sentence
        case let error as Unclear: error.sentence
        default: "the room was lost: \(error)"
        }
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
                put(.error(error.sentence, offer: next))
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
        let text: String
        switch line {
        case .text(let line): text = line
        case .tooLong:
            return put(.error("a line was too long for a command; send files with send"))
        case .notText: return put(.error("a line is not UTF-8, and was passed over"))
        }
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return }
        let request = JSONRequest(parsing: text)
        do {
            try await perform(try request.command.get(), request)
        } catch {
            put(.error(Self.sentence(error), about: request))
        }
    }

    /// Why a command cannot be carried out that is meant for somebody.
    private struct Unclear: Error {
        var sentence: String
    }

    private func perform(_ command: JSONCommand, _ request: JSONRequest) async throws {
        switch command {
        case .say(let text, let isAction):
            let id = try await session.say(text, isAction: isAction)
            // queued {id, for?}: what was said, under which `sent` will follow
            answer(request, "queued", [("id", JSONEvent.id(id))])
        case .send(let path, let name):
            let person = try name.map(find)
            let number = try await session.offer(path: path, to: person)
            // `offered` follows, when it is.
            guard request.id != nil else { return }
            // sending {offer, path, for}: the number that a file of ours has from now on
            answer(
                request, "sending",
                [("offer", .integer(number.number)), ("path", .string(path))])
        case .accept(let number): try await session.accept(OfferNumber(number))
        case .decline(let number): try await session.decline(OfferNumber(number))
        case .cancel(let number): try await session.cancel(OfferNumber(number))
        case .who: await who(request)
        case .invite:
            // invite {link, for?}
            answer(request, "invite", [("link", link.map { .string($0.text) })])
        case .name(let name): try await session.rename(to: name)
        case .verify(let name, let mark?): try await session.setVerified(mark, try find(name))
        case .verify(let name, nil):
            let verification = try await session.verification(of: try find(name))
            // verification {person, number, for?}: what both compare
            answer(
                request, "verification",
                [
                    ("person", JSONEvent.person(verification.person)),
                    ("number", .string(verification.number)),
                ])
        case .remove(let name): try await session.remove(try find(name))
        case .admit(let name): try await session.admit(try findNewcomer(name))
        case .refuse(let name): try await session.refuse(try findNewcomer(name))
        case .quit: leave()
        }
    }

    /// What answers a command has its id as `for`: `id` is a message's.
    private func answer(
        _ request: JSONRequest, _ type: String, _ members: [(String, JSONValue?)]
    ) {
        put(JSONEvent(type, members + [("for", request.id)]))
    }

    /// who {people: [person], newcomers: [newcomer], received: [person], missing: [person], for?}: this
    /// person first; then who asks to be let in, and who has its last message or not yet
    private func who(_ request: JSONRequest) async {
        let receipts = await session.receipts
        let people = await session.people
        let newcomers = await session.newcomers
        answer(
            request, "who",
            [
                ("people", .array(people.map(JSONEvent.person))),
                ("newcomers", .array(newcomers.map(JSONEvent.newcomer))),
                ("received", .array(receipts.received.map(JSONEvent.person))),
                ("missing", .array(receipts.missing.map(JSONEvent.person))),
            ])
    }

    /// Somebody here.
    private func find(_ name: String) throws -> AttachmentID {
        switch people.find(name) {
        case .one(let found): return found
        case .oneself: throw ClientRefusal.yourself
        case .none: throw Unclear(sentence: "nobody here is called \(name)")
        case .several:
            throw Unclear(sentence: "several are called \(name); add # and the key")
        }
    }

    /// Somebody who asks to be let in, by name, `name#key` or attachment.
    private func findNewcomer(_ name: String) throws -> AttachmentID {
        let found = newcomers.filter {
            $0.isMeant(by: name) || String($0.attachment.number) == name
        }
        if found.count == 1 { return found[0].attachment }
        throw Unclear(
            sentence: found.isEmpty
                ? "nobody called \(name) asks to be let in"
                : "several called \(name) ask to be let in; add # and the key")
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
