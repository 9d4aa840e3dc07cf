import Testing
import Wire

@testable import Client

@Suite("Members after the server was started again") struct GroupRestartTests {
    /// One message of one part.
    private func text(_ number: UInt128) -> [UInt8] {
        Content.text(
            Content.TextPart(
                message: MessageID(number: number), index: 0, count: 1,
                bytes: Array("\(number)".utf8))
        ).encoded
    }

    /// Four of whom the first did not get the last messages.
    private func oneBehind(_ lost: Int) throws -> Table {
        let table = Table()
        for name in ["xia", "ben", "cat", "dan"] { table.join(name) }
        table.pass(.seconds(20))
        for number in 1...3 { try table.say(text(UInt128(number)), as: table.seats[1]) }
        let xia = table.seats[0]
        table.filter = { seat, logged in seat === xia ? nil : logged }
        for number in 0..<lost {
            try table.say(text(UInt128(10 + number)), as: table.seats[1 + number % 3])
        }
        table.filter = { $1 }
        return table
    }

    private func missed(_ seat: Table.Seat) -> [Int?] {
        seat.news.compactMap { if case .lost(let count) = $0 { .some(count) } else { nil } }
    }

    @Test("the first to come back is told what it lost, and nobody else is told anything")
    func founderIsTold() throws {
        let table = try oneBehind(5)
        let (xia, others) = (table.seats[0], Array(table.seats.dropFirst()))
        table.restart()
        table.pass(LogMemory.patience + .seconds(5))
        #expect(missed(xia) == [5])
        for seat in others {
            #expect(missed(seat).isEmpty && seat.names == xia.names)
            // Each is asked to say again what it said after that.
            let last = try #require(seat.unheard.first?.first)
            #expect(
                xia.group.memory.briefing.contains { $0.log == last.log && $0.lowest == last.last })
        }
        #expect(table.seats.allSatisfy { $0.warnings.isEmpty })
    }

    @Test("a later one is told what it lost, by the first", arguments: [1, 2, 3])
    func laterIsTold(place: Int) throws {
        let table = try oneBehind(4)
        let xia = table.seats.remove(at: 0)
        table.seats.insert(xia, at: place)
        table.restart()
        table.pass(LogMemory.patience + .seconds(5))
        #expect(missed(xia) == [4])
        for seat in table.seats where seat !== xia { #expect(missed(seat).isEmpty) }
    }

    @Test("nobody who lost nothing says or is told anything", arguments: [true, false])
    func nothingLost(isReset: Bool) throws {
        let table = try oneBehind(0)
        if isReset { table.reset() } else { table.restart() }
        table.pass(.seconds(3))
        #expect(table.log.allSatisfy { $0.kind == .commit })
        table.pass(LogMemory.patience)
        for seat in table.seats { #expect(missed(seat).isEmpty && seat.isInside) }
    }

    @Test("what is said again is not missed")
    func saidAgain() throws {
        let table = try oneBehind(3)
        let (xia, others) = (table.seats[0], Array(table.seats.dropFirst()))
        table.restart()
        table.pass(.seconds(1))
        for (number, seat) in others.enumerated() {
            #expect(!seat.unheard.isEmpty)
            try table.say(text(UInt128(10 + number)), as: seat)
        }
        table.pass(LogMemory.patience + .seconds(5))
        for seat in table.seats { #expect(missed(seat).isEmpty, "\(seat.name)") }
        #expect(xia.heard.count == 6)
    }

    @Test("who comes back when something was said in the new log hears of that")
    func lateReturn() throws {
        let table = try oneBehind(0)
        let dan = table.seats.remove(at: 3)
        table.restart()
        table.pass(.seconds(20))
        try table.say(text(30), as: table.seats[0])
        try table.say(text(31), as: table.seats[1])
        table.comeBack(dan)
        table.pass(LogMemory.patience + .seconds(5))
        #expect(missed(dan) == [2])
        #expect(!table.seats[0].unheard.isEmpty && !table.seats[1].unheard.isEmpty)
        for seat in table.seats where seat !== dan { #expect(missed(seat).isEmpty) }
    }

    @Test("a stranger who comes in is told nothing, and what it says of earlier logs is not heeded")
    func stranger() throws {
        let table = try oneBehind(0)
        table.restart()
        let eve = table.join("eve")
        table.pass(.seconds(2))
        let membership = try #require(eve.group.membership)
        let former = try #require(table.seats[0].group.memory.briefing.first?.log)
        let lie = eve.group.speak(
            .states([HeardLog(log: former, since: 0, last: 1)]), membership)
        table.take(lie, of: eve)
        table.run()
        table.pass(LogMemory.patience + .seconds(5))
        for seat in table.seats { #expect(missed(seat).isEmpty && seat.unheard.isEmpty) }
    }

    @Test("what was sealed before somebody came back, and comes after, is said again")
    func sealedBefore() throws {
        let table = try oneBehind(0)
        let dan = table.seats.remove(at: 3)
        table.restart()
        table.pass(.seconds(20))
        let author = table.seats[0]
        let payload = try author.group.seal(text(30), now: table.now)
        table.comeBack(dan)
        table.pass(.seconds(1))
        #expect(dan.isInside && author.sayAgain == 0)
        table.append(.message, payload, from: author.attachment)
        table.run()
        #expect(author.sayAgain == 1)
        // A newcomer has no claim to it.
        let newcomer = try author.group.seal(text(31), now: table.now)
        table.join("eve")
        table.pass(.seconds(1))
        table.append(.message, newcomer, from: author.attachment)
        table.run()
        #expect(author.sayAgain == 1)
    }

    @Test("those who are told of are the members, and those who were in and are waited for")
    func audience() throws {
        let table = try oneBehind(0)
        let dan = table.seats.remove(at: 3)
        table.restart()
        table.pass(.seconds(1))
        let group = table.seats[0].group
        #expect(group.present == Set(table.seats.map(\.identity.publicKey)))
        #expect(group.audience == group.present.union([dan.identity.publicKey]))
        let eve = table.join("eve")
        table.pass(.seconds(1))
        #expect(group.audience.contains(eve.identity.publicKey))
    }
}
