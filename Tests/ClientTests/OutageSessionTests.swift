import Testing
import Wire

@testable import Client

@Suite("A session whose line fails")
struct OutageSessionTests {
    private let server = ServerKeyHash(ofPublicKey: [1])
    private let me = AttachmentID(10)
    private let other = AttachmentID(20)
    private let group = StubGroup()

    private func attached(_ standing: ServerFrame.Standing) -> ServerFrame {
        .attached(
            ServerFrame.Attached(
                standing: standing, attachment: me, token: ResumeToken(number: 5),
                position: Position(log: LogID(number: 1), sequence: 100), epoch: 0,
                roster: [Presence(attachment: other, state: .here)]))
    }

    private func connect(_ session: inout RoomSession, _ frames: [ServerFrame], now: Duration) {
        session.connected(to: server, now: now)
        let hello = ServerFrame.ServerHello(challenge: Challenge(), resumeSeconds: 60, agent: [])
        session.received([.challenge(hello)] + frames, now: now)
    }

    /// A session in the room, at time zero.
    private func inRoom() -> RoomSession {
        var session = RoomSession(
            access: RoomSecret().accessKey, agent: "test", group: group,
            random: SeededGenerator(1))
        session.start(now: .zero)
        connect(&session, [attached(.newcomer)], now: .zero)
        _ = session.takeActions()
        group.told = []
        return session
    }

    /// Breaks the connection; the next one resumes at the time that is returned.
    private func resume(
        _ session: inout RoomSession, _ frames: [ServerFrame] = [], now: Duration
    ) -> Duration {
        session.disconnected(.lost, now: now)
        session.tick(now: now + Backoff.cap)
        connect(&session, [attached(.resumed)] + frames, now: now + Backoff.cap)
        return now + Backoff.cap
    }

    private func say(_ text: String, _ session: inout RoomSession, now: Duration) {
        session.enqueue(
            .text(MessageID(number: UInt128(group.sealed + 100)), .said, Array(text.utf8)),
            now: now)
    }

    private func entry(_ sequence: UInt64, from sender: AttachmentID, _ payload: [UInt8] = [1])
        -> ServerFrame
    {
        .entry(
            ServerFrame.Entry(
                sequence: sequence, sender: sender, kind: .message, payload: payload))
    }

    private func appended(_ append: ClientFrame.Append, _ sequence: UInt64) -> ServerFrame {
        .appended(ServerFrame.Appended(id: append.id, sequence: sequence, duplicate: false))
    }

    /// What is said, without what the stub puts on at the end of each seal.
    private func words(_ actions: [RoomSession.Action]) -> [String] {
        actions.appends.map { append in
            guard case .text(let part)? = try? Content.decode(Array(append.payload.dropLast()))
            else { return "?" }
            return String(decoding: part.bytes, as: UTF8.self)
        }
    }

    @Test("says nothing after a resume before it has heard what it missed")
    func replayFirst() {
        var session = inRoom()
        let now = resume(&session, now: .seconds(1))
        say("a", &session, now: now)
        group.deadline = now
        session.tick(now: now)
        session.received([entry(101, from: other)], now: now)
        let waiting = session.takeActions()
        #expect(waiting.appends.isEmpty && !group.told.contains("tick"))
        session.received(waiting.pongs, now: now)
        #expect(words(session.takeActions()) == ["a"])
        session.tick(now: now)
        #expect(group.told.last == "tick")
    }

    @Test("seals anew, in order and first, what it said in an epoch that was over in the replay")
    func sealsAnew() throws {
        var session = inRoom()
        say("1", &session, now: .seconds(1))
        say("2", &session, now: .seconds(1))
        let old = session.takeActions().appends
        // It came into the log before the connection broke, and the answer was lost.
        let now = resume(
            &session, [entry(101, from: me, old[0].payload), entry(102, from: other)],
            now: .seconds(2))
        group.epoch = 1
        say("3", &session, now: now)
        let waiting = session.takeActions()
        #expect(waiting.sent == [101] && waiting.appends.isEmpty)
        session.received(waiting.pongs, now: now)
        let after = session.takeActions()
        #expect(words(after) == ["2", "3"])
        let again = try #require(after.appends.first)
        #expect(again.payload != old[1].payload && again.id != old[1].id)
    }

    @Test("seals nothing on a line that was silent for too long before that has answered")
    func staleLine() {
        let silence = Keepalive.staleAfter + .seconds(1)
        // What is typed is read before the timer runs, as after a process stood still.
        var session = inRoom()
        say("a", &session, now: silence)
        say("b", &session, now: silence)
        let asked = session.takeActions()
        #expect(asked.appends.isEmpty && asked.pongs.count == 1)
        // Something from before says nothing about now.
        session.received([entry(101, from: other)], now: silence)
        #expect(session.takeActions().appends.isEmpty)
        session.received(asked.pongs, now: silence)
        #expect(words(session.takeActions()) == ["a", "b"])
        // A line that lives is asked every 20 s, and delays nobody.
        var lively = inRoom()
        lively.tick(now: Keepalive.pingAfter)
        lively.received(lively.takeActions().pongs, now: Keepalive.pingAfter + .seconds(1))
        say("a", &lively, now: Keepalive.pingAfter * 2)
        #expect(words(lively.takeActions()) == ["a"])
    }

    @Test("lets a slow line speak when it has answered once, however late")
    func slowLine() {
        var session = inRoom()
        say("a", &session, now: .seconds(30))
        let asked = session.takeActions().pongs
        say("b", &session, now: .seconds(70))
        session.received(asked, now: .seconds(70))
        #expect(words(session.takeActions()) == ["a", "b"])
    }

    @Test("lets nothing overtake what may have to be said again")
    func order() throws {
        var session = inRoom()
        say("1", &session, now: .seconds(1))
        let first = session.takeActions().appends
        group.epoch = 20
        group.firstReadable = 4
        say("2", &session, now: .seconds(2))
        #expect(session.takeActions().appends.isEmpty)
        group.next = [.sayAgain]
        session.received([appended(try #require(first.first), 101)], now: .seconds(3))
        let after = session.takeActions()
        #expect(words(after) == ["1", "2"] && after.sent.isEmpty)
    }

    @Test("tells the group up to when it has heard everything, by what was answered")
    func heardThrough() throws {
        var session = inRoom()
        session.tick(now: .seconds(20))
        say("a", &session, now: .seconds(22))
        let actions = session.takeActions()
        session.received([entry(101, from: other)], now: .seconds(30))
        #expect(group.heardThrough == .zero)
        session.received(actions.pongs, now: .seconds(30))
        #expect(group.heardThrough == .seconds(20))
        session.received([appended(try #require(actions.appends.first), 102)], now: .seconds(31))
        #expect(group.heardThrough == .seconds(22))
        // Nobody asked for these.
        session.received([.pong(1), .pong(77)], now: .seconds(40))
        #expect(group.heardThrough == .seconds(22))
    }
}
