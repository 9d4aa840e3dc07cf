import MLS
import Wire

@testable import Client

/// People, an honest server and a network between them that delays, cuts and loses, all from one
/// seed, with time moved by hand.
///
/// A connection delivers in order and without holes until it breaks; what was under way then is lost
/// from some place on, either way, and the two ends learn of it at different times.
final class Storm {
    struct Room {
        let secret: RoomSecret
        let needsApproval: Bool
        var server: StormServer
    }

    enum Up {
        case attach(ClientFrame.Resume?)
        case frame(ClientFrame)
        case closed
    }

    enum Down {
        case frame(ServerFrame)
        case closed
    }

    struct Link {
        let client: Int
        let room: Int
        var up: [(at: Duration, what: Up)] = []
        var down: [(at: Duration, what: Down)] = []
        var isBroken = false
        /// How slow it is at most.
        var lag: Duration
    }

    enum Event {
        case up(Int), down(Int), tick(StormClient), connect(StormClient), server(Int)
    }

    /// What the server does with a frame on its way to a client instead of passing it.
    typealias Lie = (ServerFrame, StormClient) -> [ServerFrame]
    /// And on its way from one.
    typealias UpLie = (ClientFrame, StormClient) -> [ClientFrame]

    /// The slowest connection, each way.
    static let longestLag: Duration = .seconds(3)

    let seed: UInt64
    var lie: Lie?
    var upLie: UpLie?
    /// Somebody lies: warnings are no mistake.
    var hasLies = false
    /// Sequences that do not increase end a connection, as they do in a session.
    var isStrict = false
    /// Somebody with the link, who is never let in, does what they can.
    var hasOutsiders = false
    /// Their connections.
    var outsiders: [Int] = []
    /// Every connection is quick.
    var isCalm = false
    var random: SeededGenerator
    var now: Duration = .zero
    var rooms: [Room] = []
    var clients: [StormClient] = []
    var links: [Int: Link] = [:]
    /// Things that happened to anybody: a frame that came, a clock that ran out, a deed.
    var steps = 0
    var ledger = StormLedger()
    var trail: [String] = []
    var problems: [String] = []
    /// Where the members of a group went.
    var destinations: [[UInt8]: RoomSecret] = [:]
    private var lastLink = 0
    private var lastClient = 0
    private var lastSaying = 0
    private var ticksInPlace = 0

    init(seed: UInt64, needsApproval: Bool = false) {
        self.seed = seed
        random = SeededGenerator(seed)
        addRoom(RoomSecret(), needsApproval: needsApproval)
    }

    @discardableResult func addRoom(_ secret: RoomSecret, needsApproval: Bool) -> Int {
        let server = StormServer(random: SeededGenerator(random.next()))
        rooms.append(Room(secret: secret, needsApproval: needsApproval, server: server))
        return rooms.count - 1
    }

    func note(_ words: @autoclosure () -> String) {
        trail.append("\(now) \(words())")
        if trail.count > 120 { trail.removeFirst(60) }
    }

    func fail(_ words: String) {
        note("PROBLEM: \(words)")
        problems.append(words)
    }

    /// What somebody who has to mend it wants to know.
    var report: String {
        "seed \(seed), step \(steps):\n" + problems.joined(separator: "\n")
            + "\nthe last steps:\n" + trail.joined(separator: "\n")
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    func span(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: range, using: &random))
    }

    // MARK: People

    @discardableResult func join(
        _ name: String? = nil, room: Int = 0, identity: Client.Identity = Client.Identity()
    ) -> StormClient {
        lastClient += 1
        let name = name ?? "p\(lastClient)"
        let client = StormClient(
            number: lastClient, identity: identity, name: name, secret: rooms[room].secret,
            room: room, group: MLSRoomGroup(setting(room: room, identity, name)))
        clients.append(client)
        connect(client)
        return client
    }

    private func setting(
        room: Int, _ identity: Client.Identity, _ name: String
    ) -> GroupSetting {
        let clock = StormClock(storm: self)
        return GroupSetting(
            secret: rooms[room].secret, identity: identity, name: Array(name.utf8),
            options: RoomOptions(suite: 1, needsApproval: rooms[room].needsApproval),
            wallClock: { clock.seconds }, random: SeededGenerator(random.next()))
    }

    /// Goes to the room whose secret it was told.
    func move(_ client: StormClient, to secret: RoomSecret) {
        let known = rooms.firstIndex { $0.secret.bytes == secret.bytes }
        let room =
            known ?? addRoom(secret, needsApproval: rooms[client.room].needsApproval)
        if let link = client.link { say(.leave, on: link) }
        client.startAnew()
        // What was said in vain in the old room is not asked for in the new one.
        client.queue = []
        client.link = nil
        client.position = nil
        client.attachment = nil
        client.end = nil
        client.since = nil
        client.asking = []
        client.room = room
        client.owesMoveFrom = nil
        client.secret = secret
        var setting = setting(room: room, client.identity, client.name)
        setting.removals = client.group.removals
        client.group = MLSRoomGroup(setting)
        connect(client)
    }

    func sayNext(_ client: StormClient) {
        let number = lastSaying + 1
        client.own.insert(number)
        let part = Content.TextPart(
            message: MessageID(number: UInt128(number)), index: 0, count: 1,
            bytes: Array("m\(number)".utf8))
        say(Content.text(part).encoded, client)
    }

    func say(_ content: [UInt8], _ client: StormClient) {
        lastSaying += 1
        client.queue.append(.init(id: lastSaying, bytes: content))
        pump(client)
    }

    func connect(_ client: StormClient) {
        client.connectsAt = nil
        lastLink += 1
        links[lastLink] = Link(
            client: client.number, room: client.room,
            lag: isCalm ? .milliseconds(20) : chance(10) ? Self.longestLag : .milliseconds(60))
        client.link = lastLink
        client.isAttached = false
        let resume = client.position.flatMap { position in
            client.attachment.map {
                ClientFrame.Resume(attachment: $0, token: client.token, after: position)
            }
        }
        send(.attach(resume), on: lastLink)
    }

    /// The connection breaks somewhere, for both ends at their own time.
    func cut(_ number: Int) {
        guard var link = links[number], !link.isBroken else { return }
        link.isBroken = true
        link.up.removeLast(Int.random(in: 0...link.up.count, using: &random))
        link.down.removeLast(Int.random(in: 0...link.down.count, using: &random))
        let last = link.up.last?.at ?? now
        link.up.append((max(last, now) + span(0...1500), .closed))
        let lastDown = link.down.last?.at ?? now
        link.down.append((max(lastDown, now) + span(0...1500), .closed))
        links[number] = link
    }

    /// Never comes back, and the server notices in its own time.
    func vanish(_ client: StormClient) {
        if let link = client.link { cut(link) }
        clients.removeAll { $0 === client }
    }

    /// The server's process dies and another takes its place.
    func restart(room: Int) {
        for (number, link) in links where link.room == room {
            links[number]?.isBroken = true
            links[number]?.up = []
            links[number]?.down.append((max(link.down.last?.at ?? now, now), .closed))
        }
        rooms[room].server = StormServer(random: SeededGenerator(random.next()))
    }

    /// The log begins anew, and the server's process lives.
    func reset(room: Int) {
        rooms[room].server.reset()
        flush(room: room)
    }

    // MARK: The network

    private func send(_ what: Up, on number: Int) {
        guard var link = links[number], !link.isBroken else { return }
        link.up.append((max(link.up.last?.at ?? now, now + delay(link)), what))
        links[number] = link
    }

    func say(_ frame: ClientFrame, on number: Int) { send(.frame(frame), on: number) }

    private func delay(_ link: Link) -> Duration {
        let most = Int(link.lag / .milliseconds(1))
        return .milliseconds(Int.random(in: 1...most, using: &random))
    }

    /// The server says something of its own.
    func invent(_ frames: [ServerFrame], to client: StormClient) {
        hasLies = true
        guard let number = client.link, var link = links[number] else { return }
        for frame in frames {
            link.down.append((max(link.down.last?.at ?? now, now + delay(link)), .frame(frame)))
        }
        links[number] = link
    }

    func flush(room: Int) {
        let out = rooms[room].server.out
        rooms[room].server.out = []
        for (number, frame) in out {
            guard var link = links[number], !link.isBroken else { continue }
            var frames = [frame]
            if let lie, let client = clients.first(where: { $0.number == link.client }) {
                frames = lie(frame, client)
            }
            for frame in frames {
                let at = max(link.down.last?.at ?? now, now + delay(link))
                link.down.append((at, .frame(frame)))
            }
            links[number] = link
        }
    }

    // MARK: Time

    /// Lets everything happen that comes due until then.
    func advance(_ span: Duration) {
        let end = now + span
        while problems.isEmpty, let (at, event) = next(), at <= end {
            if at > now { ticksInPlace = 0 }
            now = max(now, at)
            steps += 1
            happen(event)
        }
        now = max(now, end)
        ticksInPlace = 0
    }

    private func next() -> (Duration, Event)? {
        var best: (Duration, Event)?
        func offer(_ at: Duration?, _ event: @autoclosure () -> Event) {
            guard let at, best.map({ at < $0.0 }) ?? true else { return }
            best = (at, event())
        }
        for (number, link) in links.sorted(by: { $0.key < $1.key }) {
            offer(link.up.first?.at, .up(number))
            offer(link.down.first?.at, .down(number))
        }
        for index in rooms.indices { offer(rooms[index].server.deadline, .server(index)) }
        for client in clients {
            offer(client.connectsAt, .connect(client))
            offer(client.group.deadline, .tick(client))
        }
        return best
    }

    private func happen(_ event: Event) {
        switch event {
        case .up(let number): arriveUp(number)
        case .down(let number): arriveDown(number)
        case .connect(let client): connect(client)
        case .server(let room):
            rooms[room].server.tick(now: now)
            flush(room: room)
        case .tick(let client):
            ticksInPlace += 1
            if ticksInPlace > 100 { fail("p\(client.number) asks to be ticked for ever") }
            perform(client.group.tick(now: now), of: client)
        }
    }

    private func arriveUp(_ number: Int) {
        guard var link = links[number], !link.up.isEmpty else { return }
        let what = link.up.removeFirst().what
        links[number] = link
        switch what {
        case .attach(let resume):
            rooms[link.room].server.attach(number, resume: resume, now: now)
        case .frame(let frame):
            let client = clients.first { $0.number == link.client }
            for frame in client.flatMap({ upLie?(frame, $0) }) ?? [frame] {
                rooms[link.room].server.receive(frame, from: number, now: now)
            }
        case .closed: rooms[link.room].server.lost(number, now: now)
        }
        flush(room: link.room)
        forgetIfDone(number)
    }

    private func arriveDown(_ number: Int) {
        guard var link = links[number], !link.down.isEmpty else { return }
        let what = link.down.removeFirst().what
        links[number] = link
        let client = clients.first { $0.number == link.client && $0.link == number }
        switch what {
        case .frame(.goodbye): cut(number)
        case .frame(let frame): if let client { receive(frame, client) }
        case .closed: if let client { disconnected(client) }
        }
        forgetIfDone(number)
    }

    private func forgetIfDone(_ number: Int) {
        guard let link = links[number], link.isBroken, link.up.isEmpty, link.down.isEmpty else {
            return
        }
        links[number] = nil
    }

    private func disconnected(_ client: StormClient) {
        client.link = nil
        perform(client.group.detached(now: now), of: client)
        // Most are back soon; some after the server has forgotten them.
        client.connectsAt = now + (chance(15) ? span(25_000...150_000) : span(10...5000))
    }
}

/// The clock of a storm, in seconds.
final class StormClock: @unchecked Sendable {
    // A storm and its clients live on one thread.
    private weak var storm: Storm?
    init(storm: Storm) { self.storm = storm }
    var seconds: UInt64 {
        1_800_000_000 + UInt64(max(0, (storm?.now ?? .zero) / .seconds(1)))
    }
}
