import MLS
import Testing

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
