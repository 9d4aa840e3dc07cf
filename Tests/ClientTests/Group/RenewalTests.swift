import MLS
import Testing
import Wire

@testable import Client

/// When members renew their keys.
extension GroupTests {
    @Test("keys are renewed soon after coming in, and an hour later")
    func renewal() {
        let table = table(["ann", "bob", "cleo"])
        let before = table.epoch
        table.pass(.seconds(60))
        #expect(table.epoch >= before + 2)
        let soon = table.epoch
        table.pass(.seconds(7200))
        #expect(table.epoch >= soon + 3)
        expectAgreement(table, ["ann", "bob", "cleo"])
    }

    @Test("in a large room one of four neighbours renews soon, and the others within the hour")
    func renewalInALargeRoom() {
        let table = Table()
        for number in 1...16 { table.join("p\(number)").group.largeRoom = 8 }
        table.pass(.seconds(1))
        let before = table.epoch
        table.pass(.seconds(70))
        #expect(table.epoch == before + 4)
        let keys = table.seats[0].group.membership?.group.members.map(\.leaf.encryptionKey)
        table.pass(.seconds(4600))
        let later = table.seats[0].group.membership?.group.members.map(\.leaf.encryptionKey)
        #expect(Set(keys ?? []).isDisjoint(with: later ?? []) && later?.count == 16)
        expectAgreement(table, table.seats.map(\.name))
    }

    @Test("in a large room nobody renews while others come in, and then they do")
    func renewalWhileManyComeIn() {
        let table = Table()
        for number in 1...9 { table.join("p\(number)").group.largeRoom = 8 }
        table.pass(.seconds(1))
        let before = table.epoch
        for number in 1...10 {
            table.join("q\(number)").group.largeRoom = 8
            table.pass(Duties.quiet - .seconds(1))
        }
        #expect(table.epoch == before + 10)
        table.pass(.seconds(100))
        #expect(table.epoch > before + 10)
        expectAgreement(table, table.seats.map(\.name))
    }

    @Test("they do so, too, when others come in without end")
    func endlessGathering() {
        var duties = Duties(now: .seconds(100), renewal: .seconds(105))
        #expect(duties.endOfGathering == .seconds(100) + Duties.quiet)
        duties.lastArrival = .seconds(200)
        #expect(duties.endOfGathering == .seconds(200) + Duties.quiet)
        duties.lastArrival = .seconds(10_000)
        #expect(duties.endOfGathering == .seconds(100) + Duties.longestGathering)
    }

    @Test("a renewal that is spared in a large room leaves the count of messages as it is")
    func sparedRenewal() throws {
        let table = Table()
        for number in 1...16 { table.join("p\(number)").group.largeRoom = 8 }
        table.pass(.seconds(1))
        for seat in table.seats { seat.group.membership?.sealedCount = Duties.renewalMessages - 2 }
        table.pass(.seconds(70))
        let spared = table.seats.filter { $0.group.membership?.sealedCount != 0 }
        #expect(spared.count == 12)
        let seat = try #require(spared.first)
        #expect(seat.group.membership?.sealedCount == Duties.renewalMessages - 2)
        let before = table.epoch
        for word in ["one", "two"] { try table.say(word, as: seat) }
        table.pass(.seconds(10))
        #expect(table.epoch == before + 1 && seat.group.membership?.sealedCount == 0)
    }

    @Test("who is alone renews after as many messages, too")
    func aloneRenewal() throws {
        let table = table(["ann"])
        let ann = table.seats[0]
        table.pass(.seconds(60))
        #expect(table.epoch == 1)
        ann.group.membership?.sealedCount = Duties.renewalMessages - 1
        try table.say("and on", as: ann)
        table.pass(.seconds(10))
        #expect(table.epoch == 2 && ann.group.membership?.sealedCount == 0)
    }

    /// The payload of the commit among these steps, and under which ticket it is asked for.
    private func commit(in steps: [GroupStep]) -> GroupStep.Ticket? {
        for step in steps {
            if case .append(let ticket, .commit, _, _) = step { return ticket }
        }
        return nil
    }

    @Test("a name is not lost when its commit is refused, and keeps no other commit back")
    func refusedRenaming() throws {
        let table = table(["ann", "bob"])
        let ann = table.seats[0]
        table.pass(.seconds(60))
        var steps = try ann.group.perform(.rename(Array("anna".utf8)), now: table.now)
        for _ in 1...3 {
            let ticket = try #require(commit(in: steps))
            steps = ann.group.settled(ticket, .refused, now: table.now)
            #expect(steps.isEmpty && ann.group.membership?.newName == Array("anna".utf8))
            let due = try #require(ann.group.deadline)
            #expect(due >= table.now + Duties.pause)
            table.now = due
            steps = ann.group.tick(now: table.now)
        }
        table.take(steps, of: ann)
        table.run()
        table.pass(.seconds(60))
        #expect(ann.group.membership?.newName == nil)
        expectAgreement(table, ["anna", "bob"])
    }

    @Test("nor when another commit comes first, or another name is wanted meanwhile")
    func outrunRenaming() throws {
        let table = table(["ann", "bob"])
        let ann = table.seats[0]
        table.pass(.seconds(60))
        let steps = try ann.group.perform(.rename(Array("anna".utf8)), now: table.now)
        let ticket = try #require(commit(in: steps))
        _ = ann.group.settled(ticket, .conflict(epoch: table.epoch), now: table.now)
        _ = try ann.group.perform(.rename(Array("annabel".utf8)), now: table.now)
        table.pass(.seconds(60))
        expectAgreement(table, ["annabel", "bob"])
    }

    @Test("renewals wait until a slow line has had the last large commit, and large ones in a row")
    func pace() {
        let table = table(["ann", "bob"])
        table.pass(.seconds(1))
        for seat in table.seats {
            seat.group.membership?.duties.pay(20 * Duties.pace, now: table.now)
            seat.group.membership?.duties.pay(30 * Duties.pace, now: table.now)
        }
        let before = table.epoch
        table.pass(.seconds(49))
        #expect(table.epoch == before)
        table.pass(.seconds(30))
        #expect(table.epoch == before + 2)
    }

    @Test("no member keeps others from renewing by large commits without end")
    func longestPause() {
        var duties = Duties(now: .zero, renewal: .zero)
        for _ in 1...1000 { duties.pay(1 << 20, now: .seconds(1)) }
        #expect(duties.paidUntil == .seconds(1) + Duties.longestPause)
    }

    @Test("turns are taken from far apart, so that each path finds the keys of those before")
    func turns() {
        #expect((0..<8).map { Duties.turn(of: $0, among: 8) } == [0, 4, 2, 6, 1, 5, 3, 7])
        let turns = (0..<1000).map { Duties.turn(of: $0, among: 1000) }
        #expect(Set(turns).count == 1000 && turns.max() == 1022)
        #expect(Duties.turn(of: 0, among: 1) == 0 && Duties.turn(of: 9, among: 2) < 16)
    }
}
