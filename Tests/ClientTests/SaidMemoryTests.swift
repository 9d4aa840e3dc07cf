import Testing
import Wire

@testable import Client

@Suite("What is said again after a log was lost") struct SaidMemoryTests {
    private let log = LogID(number: 1)
    private let next = LogID(number: 2)
    private let ann: [UInt8] = [1]
    private let bob: [UInt8] = [2]

    private func decided(_ id: UInt128, at place: UInt64, _ bytes: [UInt8] = [9]) -> Outbox.Decided
    {
        Outbox.Decided(
            message: MessageID(number: id), places: [place], isWhole: true, style: .said,
            bytes: bytes)
    }

    private func memory(of count: UInt64 = 3) -> SaidMemory {
        var said = SaidMemory()
        for number in 1...count {
            said.keep(
                decided(UInt128(number), at: 10 * number), in: log, audience: [ann, bob],
                now: .zero)
        }
        return said
    }

    private func unheard(
        _ said: inout SaidMemory, _ heard: [HeardLog], now: Duration = .zero
    ) -> [UInt128] {
        said.takeUnheard(by: heard, in: next, now: now).map(\.id.number)
    }

    @Test("what stands after the place that somebody had heard, in order")
    func after() {
        var said = memory()
        #expect(unheard(&said, [HeardLog(log: log, since: 0, last: 10)]) == [2, 3])
        #expect(unheard(&said, [HeardLog(log: log, since: 0, last: 30)]).isEmpty)
        #expect(unheard(&said, [HeardLog(log: next, since: 5, last: 0)]).isEmpty)
    }

    @Test("not what they hear in the new log, and again for those who come in later")
    func again() {
        var said = memory()
        let behind = HeardLog(log: log, since: 0, last: 20)
        said.keep(decided(3, at: 7), in: next, audience: [], now: .zero)
        #expect(unheard(&said, [behind, HeardLog(log: next, since: 5, last: 0)]).isEmpty)
        #expect(unheard(&said, [behind, HeardLog(log: next, since: 9, last: 0)]) == [3])
        // Nobody has it said without end.
        for _ in 0..<SaidMemory.maximumRepeats { _ = unheard(&said, [behind]) }
        #expect(unheard(&said, [behind]).isEmpty)
    }

    @Test("only to those who were there, or were waited for")
    func audience() {
        let said = memory()
        #expect(said.isFor([ann, bob], MessageID(number: 1)))
        #expect(said.isFor([bob], MessageID(number: 1)))
        #expect(!said.isFor([bob, [3]], MessageID(number: 1)))
        #expect(!said.isFor([], MessageID(number: 99)))
    }

    @Test("not for longer than servers would have had it, and no more than is bounded")
    func bounds() {
        var said = memory()
        let all = [HeardLog(log: log, since: 0, last: 0)]
        #expect(unheard(&said, all, now: SaidMemory.time + .seconds(1)).isEmpty)
        said = memory(of: UInt64(SaidMemory.maximumMessages) + 7)
        #expect(unheard(&said, all).count == SaidMemory.maximumMessages)
        let large = [UInt8](repeating: 1, count: SaidMemory.maximumBytes)
        said.keep(decided(1000, at: 9000, large), in: log, audience: [], now: .zero)
        #expect(unheard(&said, all) == [1000])
        said.keep(decided(1001, at: 9001, large + [1]), in: log, audience: [], now: .zero)
        #expect(unheard(&said, all) == [1000])
    }
}
