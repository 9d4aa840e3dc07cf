import TLSSyntax
import Testing
import Wire

@testable import Client

@Suite("A session")
struct SessionTests {
    private let secret = RoomSecret()
    private let server = ServerKeyHash(ofPublicKey: [1])
    private let log = LogID(number: 1)
    private let me = AttachmentID(10)
    private let other = AttachmentID(20)

    private func session(seed: UInt64 = 1) -> RoomSession {
        RoomSession(
            access: secret.accessKey, agent: "test", group: PlainGroup(setting("Ann")),
            random: SeededGenerator(seed))
    }

    private func setting(_ name: String) -> GroupSetting {
        GroupSetting(
            secret: secret, identity: Identity(), name: Array(name.utf8), wallClock: { 0 },
            random: SeededGenerator(1))
    }

    private func attached(
        _ standing: ServerFrame.Standing = .newcomer, after sequence: UInt64 = 100,
        log: LogID? = nil, attachment: AttachmentID? = nil, roster: [Presence]? = nil
    ) -> ServerFrame {
        .attached(
            ServerFrame.Attached(
                standing: standing, attachment: attachment ?? me, token: ResumeToken(number: 5),
                position: Position(log: log ?? self.log, sequence: sequence), epoch: 0,
                roster: roster ?? [Presence(attachment: other, state: .here)]))
    }

    private var challenge: ServerFrame {
        .challenge(
            ServerFrame.ServerHello(challenge: Challenge(), resumeSeconds: 60, agent: []))
    }

    /// The other member.
    private func peer() -> PlainGroup {
        let peer = PlainGroup(setting("Bob"))
        let attached = ServerFrame.Attached(
            standing: .founder, attachment: other, token: ResumeToken(number: 1),
            position: Position(log: log, sequence: 0), epoch: 0, roster: [])
        _ = peer.attached(attached, now: .zero)
        return peer
    }

    /// What the other member answers to the knock of a newcomer.
    private func answer(to actions: [RoomSession.Action]) -> ServerFrame {
        for case .knock(let payload) in actions.frames {
            let knock = ServerFrame.Knocked(knock: KnockID(1), newcomer: me, payload: payload)
            for case .answer(_, let payload) in peer().knocked(knock, now: .zero) {
                return .answered(ServerFrame.Answered(doorkeeper: other, payload: payload))
            }
        }
        return .unanswered
    }

    /// A session in the room at time zero.
    private func inRoom() -> RoomSession {
        var session = session()
        session.start(now: .zero)
        enter(&session, attached(), now: .zero)
        session.received([answer(to: session.takeActions())], now: .zero)
        for hello in session.takeActions().appends {
            session.received(
                [.appended(ServerFrame.Appended(id: hello.id, sequence: 1, duplicate: true))],
                now: .zero)
        }
        _ = session.takeActions()
        return session
    }

    private func enter(_ session: inout RoomSession, _ frame: ServerFrame, now: Duration) {
        session.connected(to: server, now: now)
        session.received([challenge], now: now)
        session.received([frame], now: now)
    }

    /// Breaks the connection and makes the next one, up to its attach.
    private func reconnect(_ session: inout RoomSession, _ frame: ServerFrame, now: Duration) {
        session.disconnected(.lost, now: now)
        session.tick(now: now + Backoff.cap)
        _ = session.takeActions()
        enter(&session, frame, now: now + Backoff.cap)
    }

    private func say(_ text: String, _ session: inout RoomSession, id: UInt128 = 7) {
        session.enqueue(.text(MessageID(number: id), .said, Array(text.utf8)), now: .zero)
    }

    private func entry(_ sequence: UInt64, from sender: AttachmentID? = nil) throws -> ServerFrame {
        let payload = try peer().seal(Array("\(sequence)".utf8), now: .zero)
        return .entry(
            ServerFrame.Entry(
                sequence: sequence, sender: sender ?? other, kind: .message, payload: payload))
    }

    @Test("does not call a message sent of which a part was refused")
    func tornMessage() throws {
        var session = inRoom()
        say(String(repeating: "x", count: Outbox.partSize + 1), &session)
        let parts = session.takeActions().appends
        #expect(parts.count == 2)
        session.received([.refused(id: parts[0].id, reason: .tooLarge)], now: .zero)
        let appended = ServerFrame.Appended(id: parts[1].id, sequence: 200, duplicate: false)
        session.received([.appended(appended)], now: .zero)
        let told = session.takeActions()
        #expect(
            told.contains { if case .uncertain(MessageID(number: 7)) = $0 { true } else { false } })
        #expect(!told.contains { if case .sent = $0 { true } else { false } })
    }

    @Test("tells of a slow server once")
    func degraded() {
        var session = inRoom()
        session.received(Array(repeating: .degraded, count: 100), now: .zero)
        session.received([.restored, .restored], now: .zero)
        let notices = session.takeActions().count { if case .notice = $0 { true } else { false } }
        #expect(notices == 2)
    }

    @Test("tells once that the server has no room, and once that what waited was sent")
    func fullServer() throws {
        var session = inRoom()
        say("one", &session)
        say("two", &session)
        let first = session.takeActions().appends
        #expect(first.count == 2)
        session.received(first.map { .refused(id: $0.id, reason: .full) }, now: .zero)
        #expect(session.takeActions().notices.count == 1)
        session.tick(now: RoomSession.pauseAfterRefusal)
        let second = session.takeActions().appends
        #expect(second.map(\.payload) == first.map(\.payload))
        session.received([.refused(id: second[1].id, reason: .full)], now: .seconds(1))
        let one = ServerFrame.Appended(id: second[0].id, sequence: 200, duplicate: false)
        session.received([.appended(one)], now: .seconds(1))
        #expect(session.takeActions().notices.isEmpty)
        session.tick(now: .seconds(2))
        let third = try #require(session.takeActions().appends.first)
        let two = ServerFrame.Appended(id: third.id, sequence: 201, duplicate: false)
        session.received([.appended(two)], now: .seconds(2))
        #expect(
            session.takeActions().notices == ["the server has room again; what waited was sent"])
    }

    @Test("says hello, proves that it has the link, knocks, and speaks when it is let in")
    func entering() throws {
        var session = session()
        session.start(now: .zero)
        #expect(session.takeActions().contains { if case .connect = $0 { true } else { false } })
        session.connected(to: server, now: .zero)
        #expect(
            session.takeActions().frames == [.hello(ClientFrame.Hello(agent: Array("test".utf8)))])
        let hello = Challenge()
        session.received(
            [.challenge(ServerFrame.ServerHello(challenge: hello, resumeSeconds: 1, agent: []))],
            now: .zero)
        guard case .attach(let attach) = session.takeActions().frames.first else {
            Issue.record("no attach")
            return
        }
        #expect(attach.resume == nil)
        #expect(attach.proof.isValid(for: .attach, challenge: hello, server: server))
        #expect(attach.proof.room == secret.accessKey.room)
        say("as soon as I can", &session)
        session.received([attached()], now: .zero)
        let knocking = session.takeActions()
        #expect(knocking.frames.count == 1)
        #expect(knocking.appends.isEmpty)
        session.received([answer(to: knocking)], now: .zero)
        let inside = session.takeActions()
        #expect(inside.frames.contains(.ready(true)) && inside.appends.count == 2)
        #expect(inside.contains { if case .news(.entered) = $0 { true } else { false } })
    }

    @Test("says again under the same ids and in order what was not acknowledged")
    func resend() throws {
        var session = inRoom()
        for number in 0..<5 { say("\(number)", &session) }
        let first = session.takeActions().appends
        #expect(first.count == 5)
        session.received(
            [.appended(ServerFrame.Appended(id: first[0].id, sequence: 101, duplicate: false))],
            now: .zero)
        reconnect(&session, attached(.resumed, after: 101), now: .seconds(1))
        // First it hears what it missed.
        let waiting = session.takeActions()
        #expect(waiting.appends.isEmpty)
        session.received(waiting.pongs, now: .seconds(1) + Backoff.cap)
        #expect(session.takeActions().appends == Array(first.dropFirst()))
    }

    @Test("asks to resume after the last entry that it has, acknowledged ones included")
    func position() throws {
        var session = inRoom()
        session.received([try entry(105)], now: .zero)
        say("x", &session)
        let append = try #require(session.takeActions().appends.first)
        session.received(
            [.appended(ServerFrame.Appended(id: append.id, sequence: 108, duplicate: false))],
            now: .zero)
        session.disconnected(.lost, now: .zero)
        session.tick(now: .seconds(15))
        session.connected(to: server, now: .seconds(15))
        session.received([challenge], now: .seconds(15))
        let resume = session.takeActions().frames.lazy.compactMap { frame in
            if case .attach(let attach) = frame { attach.resume } else { nil }
        }.first
        #expect(resume?.after == Position(log: log, sequence: 108) && resume?.attachment == me)
    }

    @Test("passes an entry on once, and its own never")
    func replay() throws {
        var session = inRoom()
        session.received([try entry(101), try entry(103)], now: .zero)
        #expect(session.takeActions().contents == ["101", "103"])
        reconnect(&session, attached(.resumed, after: 103), now: .seconds(1))
        _ = session.takeActions()
        let frames = [try entry(101), try entry(103), try entry(104, from: me), try entry(105)]
        session.received(frames, now: .seconds(20))
        #expect(session.takeActions().contents == ["105"])
        #expect(session.isAttached)
    }

    @Test("seals anew, under fresh ids, for a new attachment")
    func reset() throws {
        var session = inRoom()
        say("once more", &session)
        let old = session.takeActions().appends
        let log = LogID(number: 2)
        reconnect(
            &session, attached(.founder, after: 3, log: log, attachment: AttachmentID(77)),
            now: .seconds(1))
        // What it says waits for the others to be back.
        #expect(session.takeActions().appends.isEmpty)
        session.tick(now: .seconds(16) + RoomSession.regathering)
        let new = session.takeActions().appends
        #expect(new.count == 1 && new[0].id != old[0].id && new[0].payload != old[0].payload)
    }

    @Test("says after a pause what the server did not take, under a fresh id or the same")
    func unavailable() throws {
        for certain in [true, false] {
            var session = inRoom()
            say("x", &session)
            let first = try #require(session.takeActions().appends.first)
            session.received([.unavailable(id: first.id, certain: certain)], now: .zero)
            say("y", &session, id: 8)
            #expect(session.takeActions().appends.isEmpty)
            session.tick(now: RoomSession.pauseAfterRefusal)
            let again = session.takeActions().appends
            #expect(again.count == 2 && again[0].payload == first.payload)
            #expect((again[0].id == first.id) == !certain)
        }
    }

    @Test("keeps what is under way below a bound, and goes on as it is acknowledged")
    func window() throws {
        var session = inRoom()
        say(String(repeating: "x", count: 4 << 20), &session)
        var total = 0
        var appends = session.takeActions().appends
        var sequence: UInt64 = 200
        while !appends.isEmpty {
            #expect(session.outbox.bytesUnderWay < Outbox.window + (64 << 10))
            total += appends.count
            var answers: [ServerFrame] = []
            for append in appends {
                #expect(append.payload.count < FrameLimits.maximumMessage)
                sequence += 1
                answers.append(
                    .appended(
                        ServerFrame.Appended(id: append.id, sequence: sequence, duplicate: false)))
            }
            session.received(answers, now: .zero)
            appends = session.takeActions().appends
        }
        #expect(total == 128)
    }

    @Test("asks a silent connection whether it lives, and gives it up when it says nothing")
    func heartbeat() throws {
        var session = inRoom()
        session.tick(now: .seconds(19))
        #expect(session.takeActions().frames.isEmpty)
        session.tick(now: .seconds(21))
        #expect(session.takeActions().frames == [.ping(1)])
        session.received([.pong(1)], now: .seconds(22))
        session.tick(now: .seconds(60))
        #expect(session.isAttached)
        session.tick(now: .seconds(67))
        #expect(!session.isAttached)
        #expect(session.takeActions().contains { if case .disconnect = $0 { true } else { false } })
    }

    @Test("waits longer after each failure, up to a bound, and first not long")
    func backoff() {
        var backoff = Backoff()
        var random = SeededGenerator(1)
        let pauses = (0..<30).map { _ in backoff.next(using: &random) }
        #expect(pauses[0] <= .milliseconds(250) && pauses[0] >= .milliseconds(125))
        #expect(pauses.allSatisfy { $0 <= Backoff.cap })
        #expect(pauses.suffix(10).allSatisfy { $0 >= Backoff.cap / 2 })
        #expect(Set(pauses.suffix(10)).count == 10)
    }

    @Test("ends a connection on which the server breaks the protocol")
    func violations() throws {
        let known = try entry(101)
        let lies: [[ServerFrame]] = [
            [challenge], [attached()], [.spliced], [known, known],
            [try entry(105), try entry(104)],
            [.appended(ServerFrame.Appended(id: .random(), sequence: 200, duplicate: false))],
            [.conflict(id: .random(), epoch: 1)], [.refused(id: .random(), reason: .tooLarge)],
            [.unavailable(id: .random(), certain: true)],
            [.presence(Presence(attachment: me, state: .gone))],
            [.presence(Presence(attachment: AttachmentID(0), state: .here))],
        ]
        for lie in lies {
            var session = inRoom()
            session.received(lie, now: .zero)
            #expect(!session.isAttached, "\(lie)")
        }
    }

    @Test("does not enter with a roster that cannot be")
    func rosters() {
        let twice = Presence(attachment: other, state: .here)
        let rosters: [[Presence]] = [
            [twice, twice], [Presence(attachment: me, state: .here)],
            [Presence(attachment: AttachmentID(0), state: .here)],
            [Presence(attachment: other, state: .gone)],
        ]
        for roster in rosters {
            var session = session()
            session.start(now: .zero)
            enter(&session, attached(roster: roster), now: .zero)
            #expect(!session.isAttached)
        }
        var session = inRoom()
        reconnect(&session, attached(.resumed, attachment: AttachmentID(11)), now: .zero)
        #expect(!session.isAttached)
    }

    @Test("says how many entries are gone, and goes on behind them")
    func gap() throws {
        var session = inRoom()
        session.received(
            [.gap(ServerFrame.Gap(through: 500, count: 12)), try entry(501)], now: .zero)
        let actions = session.takeActions()
        #expect(actions.contains { if case .missed(12) = $0 { true } else { false } })
        #expect(actions.contents == ["501"])
    }

    @Test("survives any frames in any order")
    func randomFrames() throws {
        var random = SeededGenerator(99)
        var session = inRoom()
        var now = Duration.zero
        let pool: [ServerFrame] = [
            challenge, attached(), attached(.resumed), attached(.founder), try entry(101),
            try entry(.max), try entry(0), .reset(Position(log: LogID(number: 9), sequence: 4)),
            .gap(ServerFrame.Gap(through: 7, count: nil)), .degraded, .restored, .unanswered,
            .appended(ServerFrame.Appended(id: .random(), sequence: 0, duplicate: true)),
            .presence(Presence(attachment: AttachmentID(3), state: .away)), .goodbye(.full),
            .knocked(ServerFrame.Knocked(knock: KnockID(1), newcomer: other, payload: [])),
            .answered(ServerFrame.Answered(doorkeeper: other, payload: [1])), .pong(1), .spliced,
        ]
        for number in 0..<20_000 {
            now += .milliseconds(Int.random(in: 0...500, using: &random))
            if Bool.random(using: &random) { say("\(number)", &session, id: UInt128(number)) }
            session.received([pool[Int.random(in: 0..<pool.count, using: &random)]], now: now)
            session.tick(now: now)
            for action in session.takeActions() {
                if case .disconnect = action { session.disconnected(.lost, now: now) }
                if case .connect = action { session.connected(to: server, now: now) }
            }
            #expect(session.outbox.flights.count <= Outbox.maximumFlights)
        }
        #expect(!session.hasEnded)
    }
}
