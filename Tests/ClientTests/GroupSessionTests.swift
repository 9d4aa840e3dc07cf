import Testing
import Wire

@testable import Client

@Suite("A session and its group")
struct GroupSessionTests {
    private let secret = RoomSecret()
    private let server = ServerKeyHash(ofPublicKey: [1])
    private let me = AttachmentID(10)
    private let other = AttachmentID(20)
    private let group = StubGroup()

    private func attached(
        _ standing: ServerFrame.Standing, after sequence: UInt64 = 100
    ) -> ServerFrame {
        .attached(
            ServerFrame.Attached(
                standing: standing, attachment: me, token: ResumeToken(number: 5),
                position: Position(log: LogID(number: 1), sequence: sequence), epoch: 0,
                roster: [Presence(attachment: other, state: .here)]))
    }

    private func connect(_ session: inout RoomSession, _ frames: [ServerFrame], now: Duration) {
        session.connected(to: server, now: now)
        let hello = ServerFrame.ServerHello(
            challenge: Challenge(), resumeSeconds: 60, agent: [])
        session.received([.challenge(hello)] + frames, now: now)
    }

    /// A session in the room, at time zero.
    private func inRoom() -> RoomSession {
        var session = RoomSession(
            access: secret.accessKey, agent: "test", group: group, random: SeededGenerator(1))
        session.start(now: .zero)
        connect(&session, [attached(.newcomer)], now: .zero)
        _ = session.takeActions()
        group.told = []
        return session
    }

    /// Breaks the connection, and makes another on which `frames` follow the resumption.
    private func resume(
        _ session: inout RoomSession, after sequence: UInt64 = 100, _ frames: [ServerFrame] = [],
        now: Duration = .seconds(1)
    ) {
        session.disconnected(.lost, now: now)
        session.tick(now: now + Backoff.cap)
        connect(&session, [attached(.resumed, after: sequence)] + frames, now: now + Backoff.cap)
        answerPings(&session, now: now + Backoff.cap)
    }

    /// What was missed has come; returns what the session does then.
    @discardableResult private func answerPings(
        _ session: inout RoomSession, now: Duration
    ) -> [RoomSession.Action] {
        let before = session.takeActions()
        session.received(before.pongs, now: now)
        let after = session.takeActions()
        session.actions = before + after
        return after
    }

    private func say(_ text: String, _ session: inout RoomSession, id: UInt128 = 7) {
        session.enqueue(.text(MessageID(number: id), .said, Array(text.utf8)), now: .zero)
    }

    private func appended(
        _ append: ClientFrame.Append, _ sequence: UInt64, duplicate: Bool = false
    ) -> ServerFrame {
        .appended(
            ServerFrame.Appended(id: append.id, sequence: sequence, duplicate: duplicate))
    }

    private func entry(
        _ sequence: UInt64, from sender: AttachmentID, _ payload: [UInt8] = [1]
    ) -> ServerFrame {
        .entry(
            ServerFrame.Entry(
                sequence: sequence, sender: sender, kind: .message, payload: payload))
    }

    // MARK: Everything passes once, in the order of the log

    @Test("passes others' entries and its own in the order of the log")
    func order() throws {
        var session = inRoom()
        say("a", &session)
        let append = try #require(session.takeActions().appends.first)
        session.received(
            [entry(101, from: other), appended(append, 103), entry(104, from: other)], now: .zero)
        #expect(group.told == ["101", "own 103", "104"])
        #expect(group.entries[1].payload == append.payload && group.entries[1].sender == me)
        #expect(session.takeActions().sent == [103])
    }

    @Test(
        "passes its own entry when a replay brings it, and its later answer settles nothing twice")
    func ownInReplay() throws {
        var session = inRoom()
        say("a", &session)
        let append = try #require(session.takeActions().appends.first)
        resume(
            &session,
            [
                entry(101, from: other), entry(102, from: me, append.payload),
                entry(103, from: other),
            ])
        #expect(group.told == ["detached", "attached resumed", "101", "own 102", "103"])
        #expect(session.takeActions().sent == [102])
        session.received([appended(append, 102, duplicate: true)], now: .seconds(20))
        #expect(group.told.count == 5 && session.takeActions().sent.isEmpty)
        #expect(session.isAttached && session.outbox.isEmpty)
    }

    @Test("passes its own entry where a repeat was answered in its place")
    func duplicateInPlace() throws {
        var session = inRoom()
        say("a", &session)
        let append = try #require(session.takeActions().appends.first)
        resume(&session)
        session.received(
            [appended(append, 105, duplicate: true), entry(106, from: other)], now: .seconds(20))
        #expect(group.told == ["detached", "attached resumed", "own 105", "106"])
        #expect(session.place?.position.sequence == 106)
    }

    @Test("does not call its own what it never said")
    func notOurs() {
        var session = inRoom()
        session.received([entry(101, from: me, [9, 9])], now: .zero)
        #expect(group.told == ["101"])
    }

    @Test("passes nothing twice when a replay overlaps, or an answer is repeated")
    func twice() throws {
        var session = inRoom()
        say("a", &session)
        let append = try #require(session.takeActions().appends.first)
        session.received([entry(101, from: other), appended(append, 102)], now: .zero)
        resume(
            &session, after: 102,
            [entry(101, from: other), entry(102, from: me, append.payload)])
        #expect(group.told == ["101", "own 102", "detached", "attached resumed"])
        // An answer at a place that nothing of ours can have is a lie.
        session.received([appended(append, 110)], now: .seconds(20))
        #expect(!session.isAttached)
    }

    @Test("tells of a gap, a log that began anew, and who is there")
    func told() {
        var session = inRoom()
        session.received(
            [
                .presence(Presence(attachment: other, state: .away)),
                .gap(ServerFrame.Gap(through: 200, count: nil)),
                .reset(Position(log: LogID(number: 2), sequence: 4)), .unanswered,
            ], now: .zero)
        #expect(group.told == ["presence", "gap", "reset", "unanswered"])
    }

    @Test("wakes the group when it wants to be, with a connection or without")
    func ticks() throws {
        var session = inRoom()
        group.deadline = .seconds(3)
        #expect(session.deadline == .seconds(3))
        session.tick(now: .seconds(3))
        #expect(group.told == ["tick"])
        session.disconnected(.lost, now: .seconds(3))
        group.deadline = .seconds(3)
        group.next = [.knock([1])]
        session.tick(now: .seconds(3))
        #expect(group.told == ["tick", "detached", "tick"])
        // What it wants to say then would come before the next connection's first word.
        #expect(
            !session.takeActions().frames.contains { if case .knock = $0 { true } else { false } })
    }

    // MARK: What the group asks for

    @Test("appends what the group asks for, and tells it how that ended after the entry itself")
    func tickets() throws {
        var session = inRoom()
        group.next = [
            .append(GroupStep.Ticket(1), kind: .commit, epoch: 4, payload: [1]),
            .append(GroupStep.Ticket(2), kind: .commit, epoch: 4, payload: [2]),
            .append(GroupStep.Ticket(3), kind: .commit, epoch: 4, payload: [3]),
        ]
        session.received([entry(101, from: other)], now: .zero)
        let appends = session.takeActions().appends
        #expect(appends.map(\.epoch) == [4, 4, 4] && appends.allSatisfy { $0.kind == .commit })
        session.received(
            [
                appended(appends[0], 102), .conflict(id: appends[1].id, epoch: 5),
                .refused(id: appends[2].id, reason: .tooLarge),
            ], now: .zero)
        #expect(
            group.told == [
                "101", "own 102", "settled 1 accepted(sequence: 102)",
                "settled 2 conflict(epoch: 5)", "settled 3 refused",
            ])
    }

    @Test("lets the group speak while people's words wait")
    func paused() throws {
        var session = inRoom()
        say("a", &session)
        let append = try #require(session.takeActions().appends.first)
        session.received([.unavailable(id: append.id, certain: true)], now: .zero)
        say("b", &session, id: 8)
        #expect(session.takeActions().appends.isEmpty)
        group.next = [.append(GroupStep.Ticket(1), kind: .message, epoch: 0, payload: [1])]
        session.received([entry(101, from: other)], now: .zero)
        #expect(session.takeActions().appends.map(\.payload) == [[1]])
    }

    @Test("keeps what people say until the group is ready")
    func notReady() throws {
        var session = inRoom()
        group.isReady = false
        say("a", &session)
        #expect(session.takeActions().appends.isEmpty)
        group.isReady = true
        session.received([entry(101, from: other)], now: .zero)
        #expect(session.takeActions().appends.count == 1)
    }

    @Test("says a part again that nobody can read any more, and calls the message sent only then")
    func sayAgain() throws {
        var session = inRoom()
        say(String(repeating: "x", count: 2 * Outbox.partSize + 1), &session)
        let parts = session.takeActions().appends
        #expect(parts.count == 3)
        session.received([appended(parts[0], 101)], now: .zero)
        group.next = [.sayAgain]
        session.received([appended(parts[1], 102), appended(parts[2], 103)], now: .zero)
        let after = session.takeActions()
        let again = try #require(after.appends.first)
        #expect(after.appends.count == 1 && after.sent.isEmpty && again.id != parts[1].id)
        // Sealed anew, and the same inside.
        #expect(again.payload != parts[1].payload)
        #expect(again.payload.dropLast() == parts[1].payload.dropLast())
        session.received([appended(again, 110)], now: .zero)
        #expect(session.takeActions().sent == [110])
    }

    /// The texts of appends, in order.
    private func texts(_ actions: [RoomSession.Action]) -> [String] {
        actions.appends.compactMap { append in
            guard case .text(let part)? = try? Content.decode(Array(append.payload.dropLast()))
            else { return nil }
            return String(decoding: part.bytes, as: UTF8.self)
        }
    }

    @Test(
        "says again what somebody had not heard of an earlier log, before what waits, and never to others than at first",
        arguments: [true, false])
    func repeats(isForAll: Bool) throws {
        var session = inRoom()
        group.audience = [[1], [2]]
        for (id, text) in ["a", "b"].enumerated() {
            say(text, &session, id: UInt128(id))
            let append = try #require(session.takeActions().appends.first)
            session.received([appended(append, 101 + UInt64(id))], now: .zero)
        }
        session.received([.reset(Position(log: LogID(number: 2), sequence: 4))], now: .zero)
        say("c", &session, id: 9)
        group.present = isForAll ? [[2]] : [[2], [3]]
        group.next = [
            .repeatUnheard(by: [HeardLog(log: LogID(number: 1), since: 0, last: 101)])
        ]
        session.received([entry(5, from: other)], now: .zero)
        session.gathered(now: .zero)
        #expect(texts(session.takeActions()).isEmpty)
        session.tick(now: RoomSession.settling)
        let actions = session.takeActions()
        #expect(texts(actions) == (isForAll ? ["b", "c"] : ["c"]))
        let answers = actions.appends.enumerated().map { appended($1, 6 + UInt64($0)) }
        session.received(answers, now: RoomSession.settling)
        // The person was told of the other when it was said first.
        #expect(session.takeActions().sent == [5 + UInt64(answers.count)])
        #expect(session.outbox.isEmpty)
    }

    @Test("says a part again that a replay shows to have come too late")
    func sayAgainInReplay() throws {
        var session = inRoom()
        say("a", &session)
        let append = try #require(session.takeActions().appends.first)
        session.disconnected(.lost, now: .zero)
        session.tick(now: Backoff.cap)
        connect(&session, [attached(.resumed)], now: Backoff.cap)
        _ = session.takeActions()
        group.next = [.sayAgain]
        session.received([entry(101, from: me, append.payload), .pong(1)], now: Backoff.cap)
        let again = try #require(session.takeActions().appends.first)
        #expect(again.payload != append.payload)
        session.received([appended(append, 101, duplicate: true)], now: Backoff.cap)
        #expect(session.takeActions().sent.isEmpty)
        session.received([appended(again, 102)], now: Backoff.cap)
        #expect(session.takeActions().sent == [102])
    }

    @Test("seals anew, in order, what the server may have forgotten that it has, and knows the old")
    func longBreak() throws {
        var session = inRoom()
        say("a", &session)
        say("b", &session, id: 8)
        let old = session.takeActions().appends
        resume(
            &session, [entry(101, from: me, old[0].payload)],
            now: Outbox.idMemory + .seconds(1))
        #expect(group.told.last == "own 101")
        let new = session.takeActions().appends
        #expect(new.map { $0.payload.dropLast() } == [old[1].payload.dropLast()])
        #expect(new.allSatisfy { $0.payload != old[1].payload && $0.id != old[1].id })
        session.received(
            [entry(102, from: me, old[1].payload)], now: Outbox.idMemory + .seconds(30))
        #expect(group.told.last == "own 102" && session.takeActions().appends.isEmpty)
    }

    // MARK: Going

    @Test("leaves at once when the group is not ready, and says bye when it is")
    func leaving() throws {
        var session = inRoom()
        group.isReady = false
        say("never said", &session)
        session.leave(now: .zero)
        #expect(session.takeActions().frames == [.leave])
        session.received([.goodbye(.left)], now: .zero)
        #expect(session.hasEnded)
        #expect(session.takeActions().contains { if case .notice = $0 { true } else { false } })

        // Without a connection there is nobody to leave; what is queued gets its time.
        var away = inRoom()
        say("said when it is back", &away)
        away.disconnected(.lost, now: .zero)
        away.leave(now: .zero)
        #expect(!away.hasEnded && away.isOver)
        away.tick(now: RoomSession.leaveTimeout)
        #expect(away.hasEnded)

        group.isReady = true
        var other = inRoom()
        other.leave(now: .zero)
        let bye = try #require(other.takeActions().appends.first)
        #expect(bye.payload.dropLast() == Content.bye.encoded[...])
        other.received([appended(bye, 101)], now: .zero)
        #expect(other.takeActions().frames == [.leave])
    }

    @Test("leaves a room that moved, keeps what it had not said, and hears nothing more there")
    func departing() throws {
        var session = inRoom()
        say("before", &session)
        say("unheard", &session, id: 8)
        let appends = session.takeActions().appends
        group.next = [.news(.moved(RoomSecret(), by: other, removed: nil))]
        session.received(
            [
                appended(appends[0], 101), appended(appends[1], 102), entry(103, from: other),
            ], now: .zero)
        #expect(group.told == ["own 101"])
        say("typed meanwhile", &session, id: 9)
        let leaving = session.takeActions()
        #expect(leaving.frames == [.leave] && !session.isOver)
        session.received([.goodbye(.left)], now: .zero)
        let departed = session.takeActions()
        #expect(departed.contains { if case .departed = $0 { true } else { false } })
        #expect(!departed.contains { if case .end = $0 { true } else { false } })
        // It goes on in another room, where those who come are waited for.
        var next = RoomSession(
            access: RoomSecret().accessKey, agent: "test", group: group,
            movedWith: session.outbox, random: SeededGenerator(2))
        next.start(now: .seconds(1))
        next.disconnected(.unreachable("x"), now: .seconds(1))
        #expect(!next.hasEnded)
        next.tick(now: .seconds(2))
        connect(&next, [attached(.founder)], now: .seconds(2))
        #expect(next.takeActions().appends.isEmpty)
        next.gathered(now: .seconds(2))
        next.tick(now: .seconds(2) + RoomSession.settling)
        #expect(next.takeActions().appends.count == 2)
    }

    @Test("ends when it was taken out or turned away, and says so")
    func removed() {
        let bob = RoomMember(attachment: other, name: Array("Bob".utf8), identityKey: [])
        let ends: [(GroupNews, ClientFailure)] = [
            (.removedUs(by: bob), .removed(by: "Bob")), (.turnedAway, .turnedAway(by: "a member")),
        ]
        for (news, failure) in ends {
            var session = inRoom()
            group.next = [.news(news)]
            session.received([entry(101, from: other)], now: .zero)
            #expect(session.takeActions().frames.contains(.leave))
            session.received([entry(102, from: other), .goodbye(.left)], now: .zero)
            #expect(session.hasEnded)
            let told = session.takeActions().compactMap { action -> ClientFailure? in
                if case .end(let failure) = action { failure } else { nil }
            }
            #expect(told == [failure])
        }
    }
}
