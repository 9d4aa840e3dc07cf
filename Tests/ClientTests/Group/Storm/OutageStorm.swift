import Wire

@testable import Client

/// People with whole sessions, groups and conversations at an honest server, whose lines fall silent
/// and whose programs stand still, so that neither side notices at once, while the keys of the room
/// change. Time is moved by hand, and all chance comes from one seed.
///
/// A silent line holds what is under way in both directions, as a network does: it comes when the
/// line is heard again, also after its client has given it up. A program that stands still has
/// frames, keys that were pressed and timers waiting for it, and sees them in any order.
final class OutageStorm {
    enum Up {
        case frame(ClientFrame)
        case closed
    }

    enum Down {
        case frame(ServerFrame)
        case closed
    }

    struct Line {
        let person: OutagePerson
        var up: [(at: Duration, what: Up)] = []
        var down: [(at: Duration, what: Down)] = []
        var isClosedByServer = false
        /// When the server had the last whole frame.
        var lastWord: Duration
    }

    private enum Event {
        case up(Int), down(Int), timeout(Int), server
        case tick(OutagePerson), input(OutagePerson), connect(OutagePerson)
    }

    /// A server gives up who says nothing for so long.
    private static let serverPatience: Duration = .seconds(60)
    private static let serverKey = ServerKeyHash(ofPublicKey: [1])

    let seed: UInt64
    var random: SeededGenerator
    private(set) var now: Duration = .zero
    private(set) var people: [OutagePerson] = []
    /// What was said, in the order in which it was typed.
    private(set) var words: [OutageWord] = []
    private(set) var problems: [String] = []
    private let secret = RoomSecret()
    private var server: StormServer
    private var lines: [Int: Line] = [:]
    private var lastLine = 0
    private var trail: [String] = []

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed)
        server = StormServer(random: SeededGenerator(seed &+ 1))
        server.resumeTime = .seconds(120)
    }

    func note(_ words: @autoclosure () -> String) {
        trail.append("\(now) \(words())")
        if trail.count > 200 { trail.removeFirst(100) }
    }

    func fail(_ words: String) { problems.append(words) }

    var report: String {
        "seed \(seed):\n" + problems.joined(separator: "\n") + "\nthe last deeds:\n"
            + trail.joined(separator: "\n")
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    func span(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: range, using: &random))
    }

    // MARK: What happens to people

    @discardableResult func join() -> OutagePerson {
        let number = people.count + 1
        let identity = Client.Identity()
        let group = MLSRoomGroup(
            GroupSetting(
                secret: secret, identity: identity, name: Array("p\(number)".utf8),
                options: RoomOptions(suite: 1), wallClock: { 1_800_000_000 },
                random: SeededGenerator(random.next())))
        let person = OutagePerson(
            number: number, run: random.next(),
            session: RoomSession(
                access: secret.accessKey, agent: "test", group: group,
                random: SeededGenerator(random.next())),
            conversation: Conversation(
                me: Person(
                    attachment: AttachmentID(0), name: "p\(number)", keyTag: identity.keyTag)))
        people.append(person)
        note("p\(number) joins")
        person.session.start(now: now)
        carryOut(person)
        return person
    }

    /// What they type waits while their program stands still.
    func type(_ count: Int, _ person: OutagePerson) {
        note("p\(person.number) types \(count)")
        person.inputs.append((now, count))
    }

    func silence(_ person: OutagePerson, for span: Duration) {
        note("p\(person.number) is cut off for \(span)")
        person.silentUntil = max(person.silentUntil, now + span)
    }

    func freeze(_ person: OutagePerson, for span: Duration) {
        note("p\(person.number) stands still for \(span)")
        person.frozenUntil = max(person.frozenUntil, now + span)
    }

    /// The connection breaks, and both ends know.
    func cut(_ person: OutagePerson) {
        guard let number = person.line, lines[number]?.isClosedByServer == false else { return }
        note("p\(person.number) loses a connection")
        server.lost(number, now: now)
        closeByServer(number)
        flush()
    }

    func leave(_ person: OutagePerson) {
        note("p\(person.number) leaves")
        person.session.leave(now: now)
        carryOut(person)
    }

    /// A change of the room's keys.
    func rename(_ person: OutagePerson) {
        try? person.session.perform(.rename(Array("q\(random.next() % 1000)".utf8)), now: now)
        carryOut(person)
    }

    // MARK: Time

    func advance(_ span: Duration) {
        let end = now + span
        var turns = 0
        while problems.isEmpty {
            let due = next()
            guard let at = due.at, at <= end, let event = due.events.randomElement(using: &random)
            else { break }
            turns = at > now ? 0 : turns + 1
            if turns > 5000 { return fail("time stands still") }
            now = max(now, at)
            happen(event)
        }
        now = max(now, end)
    }

    /// What comes first; of several at one time, any.
    private func next() -> (at: Duration?, events: [Event]) {
        var best: (at: Duration?, events: [Event]) = (nil, [])
        func offer(_ given: Duration?, _ event: Event) {
            guard let given else { return }
            let at = max(given, now)
            guard let least = best.at, at >= least else {
                best = (at, [event])
                return
            }
            if at == least { best.events.append(event) }
        }
        offer(server.deadline, .server)
        for (number, line) in lines.sorted(by: { $0.key < $1.key }) {
            let person = line.person
            offer(line.up.first.map { max($0.at, person.silentUntil) }, .up(number))
            offer(line.down.first.map { max($0.at, person.heardAt) }, .down(number))
            if !line.isClosedByServer {
                offer(line.lastWord + Self.serverPatience, .timeout(number))
            }
        }
        for person in people where !person.hasEnded {
            offer(person.connectsAt.map { max($0, person.heardAt) }, .connect(person))
            offer(person.session.deadline.map { max($0, person.frozenUntil) }, .tick(person))
            offer(person.inputs.first.map { max($0.at, person.frozenUntil) }, .input(person))
        }
        return best
    }

    private func happen(_ event: Event) {
        switch event {
        case .server: server.tick(now: now)
        case .timeout(let number):
            server.lost(number, now: now)
            send(.frame(.goodbye(.timeout)), on: number)
            closeByServer(number)
        case .up(let number): arriveUp(number)
        case .down(let number): arriveDown(number)
        case .tick(let person):
            person.session.tick(now: now)
            carryOut(person)
        case .connect(let person): connect(person)
        case .input(let person): say(person.inputs.removeFirst().count, person)
        }
        flush()
    }

    // MARK: The network

    private func connect(_ person: OutagePerson) {
        person.connectsAt = nil
        lastLine += 1
        lines[lastLine] = Line(person: person, lastWord: now)
        person.line = lastLine
        person.session.connected(to: Self.serverKey, now: now)
        carryOut(person)
    }

    private func send(_ what: Up, from person: OutagePerson) {
        guard let number = person.line else { return }
        let last = lines[number]?.up.last?.at ?? now
        lines[number]?.up.append((max(last, now + span(1...60)), what))
    }

    private func send(_ what: Down, on number: Int) {
        guard let line = lines[number], !line.isClosedByServer else { return }
        lines[number]?.down.append((max(line.down.last?.at ?? now, now + span(1...60)), what))
    }

    private func closeByServer(_ number: Int) {
        send(.closed, on: number)
        lines[number]?.isClosedByServer = true
        lines[number]?.up = []
        forgetIfOver(number)
    }

    private func forgetIfOver(_ number: Int) {
        guard let line = lines[number], line.isClosedByServer, line.person.line != number else {
            return
        }
        lines[number] = nil
    }

    private func flush() {
        let out = server.out
        server.out = []
        for (number, frame) in out {
            send(.frame(frame), on: number)
            if case .goodbye = frame { closeByServer(number) }
        }
    }

    private func arriveUp(_ number: Int) {
        guard var line = lines[number], !line.up.isEmpty else { return }
        let what = line.up.removeFirst().what
        lines[number] = line
        guard !line.isClosedByServer else { return }
        lines[number]?.lastWord = now
        switch what {
        case .closed:
            server.lost(number, now: now)
            closeByServer(number)
        case .frame(.hello):
            let hello = ServerFrame.ServerHello(
                challenge: Challenge(), resumeSeconds: 120, agent: [])
            send(.frame(.challenge(hello)), on: number)
        case .frame(.attach(let attach)):
            server.attach(number, resume: attach.resume, now: now)
        case .frame(.ping(let ping)):
            flush()
            send(.frame(.pong(ping)), on: number)
        case .frame(let frame): server.receive(frame, from: number, now: now)
        }
    }

    /// Some or all of the frames that have come are read at once.
    private func arriveDown(_ number: Int) {
        guard let person = lines[number]?.person else { return }
        var frames: [ServerFrame] = []
        while let (at, what) = lines[number]?.down.first, at <= now, frames.isEmpty || chance(80) {
            guard case .frame(let frame) = what else { break }
            lines[number]?.down.removeFirst()
            frames.append(frame)
        }
        guard person.line == number else {
            lines[number]?.down = []
            return forgetIfOver(number)
        }
        if frames.isEmpty {
            lines[number]?.down.removeFirst()
            person.line = nil
            forgetIfOver(number)
            person.session.disconnected(.lost, now: now)
        } else {
            person.session.received(frames, now: now)
        }
        carryOut(person)
    }

    // MARK: What sessions want

    private func say(_ count: Int, _ person: OutagePerson) {
        for _ in 0..<count {
            person.saidCount += 1
            let id = MessageID(number: UInt128(person.run) << 64 | UInt128(person.saidCount))
            words.append(OutageWord(id: id, person: person, among: people))
            person.session.enqueue(.text(id, .said, Array("\(words.count)".utf8)), now: now)
            carryOut(person)
        }
    }

    func carryOut(_ person: OutagePerson) {
        while !person.hasEnded {
            let actions = person.session.takeActions()
            guard !actions.isEmpty else { return }
            for action in actions {
                switch action {
                case .connect: person.connectsAt = now + span(1...60)
                case .disconnect:
                    person.connectsAt = nil
                    if let number = person.line { closeByClient(number) }
                    person.line = nil
                    person.session.disconnected(.lost, now: now)
                case .send(let frame): send(.frame(frame), from: person)
                case .end:
                    person.hasEnded = true
                    if let number = person.line { closeByClient(number) }
                default: person.show(action, now: now)
                }
            }
        }
    }

    /// What was under way goes on its way still.
    private func closeByClient(_ number: Int) {
        guard let line = lines[number] else { return }
        lines[number]?.up.append((max(line.up.last?.at ?? now, now), .closed))
    }
}
