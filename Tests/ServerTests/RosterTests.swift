import NIOCore
import Testing
import Wire

@testable import Server

@Suite("The roster of a room") final class RosterTests {
    private var likely = LikelyMembers()
    private let one = ConnectionID(loop: 0, number: 1)
    private let two = ConnectionID(loop: 1, number: 2)
    private let log = LogID(number: 5)
    private let start = NIODeadline.now()

    private func attach(
        _ roster: inout Roster, _ connection: ConnectionID, resume: ClientFrame.Resume? = nil
    ) throws -> Roster.Arrival {
        let arrival = roster.attach(connection, resume: resume, log: log, keeping: likely)
        return try #require(arrival)
    }

    private func resume(_ arrival: Roster.Arrival, log: LogID? = nil) -> ClientFrame.Resume {
        .init(
            attachment: arrival.attachment, token: arrival.token,
            after: Position(log: log ?? self.log, sequence: 0))
    }

    @Test("the first is the founder, the others are newcomers")
    func standings() throws {
        var roster = Roster(limits: ServerLimits())
        let first = try attach(&roster, one)
        let second = try attach(&roster, two)
        #expect(first.standing == .founder && second.standing == .newcomer)
        #expect(first.attachment != second.attachment && first.attachment.number != 0)
        #expect(
            roster.presences(except: first.attachment) == [
                Presence(attachment: second.attachment, state: .here)
            ])
    }

    @Test("who shows the token resumes the same attachment")
    func resuming() throws {
        var roster = Roster(limits: ServerLimits())
        let first = try attach(&roster, one)
        #expect(roster.lost(one, now: start) == first.attachment)
        #expect(roster.connection(of: first.attachment) == nil)
        let again = try attach(&roster, two, resume: resume(first))
        #expect(again.standing == .resumed && again.attachment == first.attachment)
        #expect(again.token == first.token && again.replaced == nil)
        #expect(roster.expire(now: start + .hours(1)).isEmpty)
    }

    @Test("a resume while the old connection stands replaces it")
    func replacing() throws {
        var roster = Roster(limits: ServerLimits())
        let first = try attach(&roster, one)
        let again = try attach(&roster, two, resume: resume(first))
        #expect(again.replaced == one)
        #expect(roster.lost(one, now: start) == nil, "the old connection has nothing to lose")
        #expect(roster.attachment(on: two) == first.attachment)
    }

    @Test("a wrong token, an unknown attachment or another log make a newcomer")
    func refusedResumes() throws {
        var roster = Roster(limits: ServerLimits())
        let first = try attach(&roster, one)
        var wrongToken = resume(first)
        wrongToken.token = .random()
        var wrongAttachment = resume(first)
        wrongAttachment.attachment = AttachmentID(first.attachment.number &+ 1)
        let wrongLog = resume(first, log: LogID(number: 6))
        for (index, wrong) in [wrongToken, wrongAttachment, wrongLog].enumerated() {
            let connection = ConnectionID(loop: 0, number: UInt64(10 + index))
            let arrival = try attach(&roster, connection, resume: wrong)
            #expect(arrival.standing == .newcomer && arrival.attachment != first.attachment)
        }
    }

    @Test("who is away for too long is gone, and a room without anybody is over")
    func expiry() throws {
        var limits = ServerLimits()
        limits.resumeTime = .seconds(120)
        var roster = Roster(limits: limits)
        let first = try attach(&roster, one)
        _ = roster.participant(on: one)
        _ = roster.lost(one, now: start)
        #expect(roster.expire(now: start + .seconds(119)).isEmpty && !roster.isEmpty)
        #expect(roster.expire(now: start + .seconds(120)) == [first.attachment])
        #expect(roster.isEmpty)
        let late = try attach(&roster, two, resume: resume(first))
        #expect(late.standing == .founder)
    }

    @Test("who leaves cannot resume")
    func leaving() throws {
        var roster = Roster(limits: ServerLimits())
        let first = try attach(&roster, one)
        #expect(roster.leave(one) == first.attachment)
        #expect(roster.isEmpty && roster.leave(one) == nil)
    }

    @Test("a full room takes nobody more, but lets resume")
    func full() throws {
        var limits = ServerLimits()
        limits.membersPerRoom = 1
        var roster = Roster(limits: limits)
        let first = try attach(&roster, one)
        #expect(roster.attach(two, resume: nil, log: log, keeping: likely) == nil)
        let again = roster.attach(two, resume: resume(first), log: log, keeping: likely)
        #expect(again?.standing == .resumed)
    }

    @Test("who never took part and breaks off is gone after some seconds")
    func idle() throws {
        var roster = Roster(limits: ServerLimits())
        let idle = try attach(&roster, one)
        let active = try attach(&roster, two)
        #expect(roster.participant(on: two) == active.attachment)
        _ = roster.lost(one, now: start)
        _ = roster.lost(two, now: start)
        let soon = start + ServerLimits().idleResumeTime
        #expect(roster.expire(now: soon) == [idle.attachment])
        #expect(roster.expire(now: start + .seconds(119)).isEmpty)
        let third = ConnectionID(loop: 0, number: 3)
        let again = try attach(&roster, third, resume: resume(active))
        #expect(again.standing == .resumed)
        _ = roster.lost(third, now: soon)
        #expect(roster.expire(now: soon + .seconds(119)).isEmpty, "it took part before")
    }

    @Test("those who are away make place in a full room, members last")
    func dismissed() throws {
        var limits = ServerLimits()
        limits.membersPerRoom = 3
        var roster = Roster(limits: limits)
        var away: [Roster.Arrival] = []
        for number in 0..<3 {
            let connection = ConnectionID(loop: 0, number: UInt64(10 + number))
            away.append(try attach(&roster, connection))
            _ = roster.participant(on: connection)
            _ = roster.lost(connection, now: start + .seconds(Int64(number)))
        }
        likely.committed(away[0].attachment, epoch: 0)
        #expect(try attach(&roster, one).dismissed == away[1].attachment)
        #expect(try attach(&roster, two).dismissed == away[2].attachment)
        let third = ConnectionID(loop: 0, number: 3)
        #expect(roster.attach(third, resume: nil, log: log, keeping: likely) == nil)
        #expect(try attach(&roster, third, resume: resume(away[0])).standing == .resumed)
    }
}
