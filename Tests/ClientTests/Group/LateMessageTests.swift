import MLS
import Testing
import Wire

@testable import Client

@Suite("A message that comes late")
struct LateMessageTests {
    /// Ann, Bob, Cid and Dan are in; Dan's going ends an epoch.
    private func company() -> (table: Table, ann: Table.Seat, bob: Table.Seat, dan: Table.Seat) {
        let table = Table()
        let seats = ["ann", "bob", "cid", "dan"].map { name in
            let seat = table.join(name)
            table.pass(.milliseconds(300))
            return seat
        }
        table.pass(.seconds(60))
        return (table, seats[0], seats[1], seats[3])
    }

    private func isMissed(_ seat: Table.Seat) -> Bool {
        seat.news.contains { if case .missed = $0 { true } else { false } }
    }

    @Test("is opened by who was away meanwhile, however long its epoch is over by the clock")
    func away() throws {
        let (table, ann, bob, dan) = company()
        let payload = try ann.group.seal(Array("late".utf8), now: table.now)
        table.drop(dan)
        table.pass(.seconds(5))
        table.cut(bob)
        table.pass(.seconds(10))
        table.append(.message, payload, from: ann.attachment)
        table.run()
        table.pass(.seconds(200))
        table.resume(bob)
        table.deliverAll()
        #expect(bob.heard == ["late"] && !isMissed(bob))
    }

    @Test("is said again when others may have dropped its keys, and then nobody is told anything")
    func saidAgain() throws {
        let (table, ann, bob, dan) = company()
        let payload = try ann.group.seal(Array("late".utf8), now: table.now)
        table.drop(dan)
        table.pass(EpochEnds.kept + .seconds(10))
        table.append(.message, payload, from: ann.attachment)
        table.run()
        #expect(ann.sayAgain == 1 && bob.heard.isEmpty)
        try table.say("late", as: ann)
        table.pass(Duties.sayingAgain + .seconds(10))
        #expect(bob.heard == ["late"] && !isMissed(bob) && bob.warnings.isEmpty)
    }

    @Test("and is never said again is told of, whatever else its sender says")
    func neverSaidAgain() throws {
        let (table, ann, bob, dan) = company()
        let payload = try ann.group.seal(Array("late".utf8), now: table.now)
        table.drop(dan)
        table.pass(EpochEnds.kept + .seconds(10))
        // Ann's program never sees it, and so does not know that it came late.
        table.append(.message, payload, from: ann.attachment)
        ann.given = table.log.count
        table.run()
        try table.say("something else", as: ann)
        table.pass(.seconds(30))
        try table.say("and more", as: ann)
        #expect(bob.heard == ["something else", "and more"] && !isMissed(bob))
        table.pass(Duties.sayingAgain)
        #expect(isMissed(bob))
    }

    @Test("and cannot be opened is no receipt")
    func noReceipt() throws {
        let (table, ann, bob, dan) = company()
        let payload = try ann.group.seal(Array("late".utf8), now: table.now)
        table.drop(dan)
        table.pass(EpochEnds.kept + .seconds(10))
        table.append(.message, payload, from: ann.attachment)
        table.run()
        let place = try #require(table.log.last?.sequence)
        table.pass(.seconds(10))
        let lacking = ann.news.compactMap { news -> AttachmentID? in
            guard case .lacks(let member, let places) = news, places.contains(place) else {
                return nil
            }
            return member
        }
        #expect(lacking.contains(bob.attachment))
    }

    @Test("finds no keys when all has been heard for long, nor when one was away for longer")
    func forwardSecrecy() throws {
        for isAway in [false, true] {
            let (table, ann, bob, dan) = company()
            let payload = try ann.group.seal(Array("late".utf8), now: table.now)
            table.drop(dan)
            table.pass(.seconds(5))
            if isAway { table.cut(bob) }
            // Nothing comes but the time.
            let end = table.now + (isAway ? EpochEnds.longest : EpochEnds.kept)
            table.pass(end - table.now)
            if isAway {
                #expect(bob.group.deadline.map { $0 <= table.now } ?? false)
                _ = bob.group.tick(now: table.now)
            }
            #expect(throws: MLSError.self) {
                try bob.group.membership?.group.open(bytes: payload)
            }
        }
    }
}
