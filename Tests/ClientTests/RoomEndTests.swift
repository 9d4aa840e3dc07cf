import Testing
import Wire

@testable import Client

@Suite("A session whose room ends, or whose server is gone") struct RoomEndTests {
    private let group = StubGroup()
    private let server = ServerKeyHash(ofPublicKey: [1])

    /// A session in the room, at time zero.
    private func inRoom(patience: Duration? = nil) -> RoomSession {
        var session = RoomSession(
            access: RoomSecret().accessKey, agent: "test", group: group, patience: patience,
            random: SeededGenerator(1))
        session.start(now: .zero)
        attach(&session, .newcomer, now: .zero)
        _ = session.takeActions()
        return session
    }

    private func attach(
        _ session: inout RoomSession, _ standing: ServerFrame.Standing, now: Duration
    ) {
        session.connected(to: server, now: now)
        let hello = ServerFrame.ServerHello(
            challenge: Challenge(), resumeSeconds: 60, agent: [])
        let attached = ServerFrame.Attached(
            standing: standing, attachment: AttachmentID(10), token: ResumeToken(number: 5),
            position: Position(log: LogID(number: 1), sequence: 100), epoch: 0, roster: [])
        session.received([.challenge(hello), .attached(attached)], now: now)
    }

    private func failure(_ session: inout RoomSession) -> ClientFailure? {
        for case .end(let failure) in session.takeActions() { return failure }
        return nil
    }

    @Test(
        "ends when somebody closed the room and the server stops, or is not there any more",
        arguments: [ConnectionError.goodbye(.shuttingDown), .unreachable("host")])
    func closed(error: ConnectionError) {
        var session = inRoom()
        session.closes("ann", now: .zero)
        session.disconnected(.lost, now: .seconds(1))
        #expect(failure(&session) == nil)
        session.tick(now: .seconds(2))
        session.disconnected(error, now: .seconds(2))
        #expect(failure(&session) == .closed(by: "ann"))
    }

    @Test("goes on when the server does, whatever a member said")
    func liar() {
        var session = inRoom()
        session.closes("ann", now: .zero)
        session.disconnected(.lost, now: .seconds(1))
        session.tick(now: .seconds(2))
        attach(&session, .resumed, now: .seconds(2))
        session.disconnected(.goodbye(.shuttingDown), now: .seconds(3))
        #expect(failure(&session) == nil && !session.hasEnded)
        session = inRoom()
        session.closes("ann", now: .zero)
        session.disconnected(.goodbye(.shuttingDown), now: RoomSession.closingTimeout)
        #expect(!session.hasEnded)
    }

    @Test(
        "says once that nobody answers, and gives up only when it is told to", arguments: [60, nil])
    func unreachable(seconds: Int?) {
        var session = inRoom(patience: seconds.map { .seconds($0) })
        var now = Duration.seconds(5)
        session.disconnected(.lost, now: now)
        var told: [Duration] = []
        var end: ClientFailure?
        while now < .seconds(200), end == nil, let deadline = session.deadline {
            now = max(now, deadline)
            session.tick(now: now)
            for action in session.takeActions() {
                if case .connection(.unreachable) = action { told.append(now) }
                if case .connect = action { session.disconnected(.unreachable("host"), now: now) }
                if case .end(let failure) = action { end = failure }
            }
            if session.hasEnded { end = end ?? failure(&session) }
        }
        #expect(told == [.seconds(5) + RoomSession.unreachableAfter])
        #expect(end == (seconds == nil ? nil : .gaveUp(after: .seconds(60))))
        #expect(session.hasEnded == (seconds != nil))
    }

    @Test("of whoever hosts the room says that it ends, and then goodbye")
    func host() {
        var session = inRoom()
        session.leave(closesRoom: true, now: .zero)
        let contents = session.takeActions().appends.map { append in
            try? Content.decode(Array(append.payload.dropLast()))
        }
        #expect(contents == [.closes, .bye])
    }
}
