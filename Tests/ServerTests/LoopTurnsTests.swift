import NIOCore
import Testing

@testable import Server

@Suite("Turns of an event loop") struct LoopTurnsTests {
    private let share = TimeAmount.milliseconds(5)

    @Test("what was used beyond a share is paid off by turns, and nothing is saved up")
    func debt() {
        var debt = TurnDebt()
        #expect(debt.rest(turn: 0, share: share) == share)
        debt.charge(.milliseconds(12), turn: 0, share: share)
        #expect(debt.rest(turn: 0, share: share) == .milliseconds(-7))
        #expect(debt.rest(turn: 1, share: share) == .milliseconds(-2))
        #expect(debt.rest(turn: 2, share: share) == .zero, "all of it is paid first")
        #expect(debt.rest(turn: 3, share: share) == share)
        debt.charge(.milliseconds(1), turn: 1_000_000, share: share)
        #expect(debt.rest(turn: 1_000_000, share: share) == .milliseconds(4))
        #expect(debt.rest(turn: 1_000_001, share: share) == share)
    }

    @Test("an address that drops its connections still owes what it used")
    func dropped() throws {
        let turns = LoopTurns(share: share)
        let key = AddressKey(try SocketAddress(ipAddress: "192.0.2.1", port: 1))
        let work = turns.enter(key)
        turns.charge(.milliseconds(12), to: work)
        turns.leave(work)
        #expect(turns.rest(for: turns.enter(key)) == .milliseconds(-7))
        let other = AddressKey(try SocketAddress(ipAddress: "192.0.2.2", port: 1))
        #expect(turns.rest(for: turns.enter(other)) == share)
    }
}
