import NIOCore
import Testing
import Wire

@testable import Server

@Suite("Doorkeeping") struct DoorkeepingTests {
    private let newcomer = AttachmentID(1)
    private let first = AttachmentID(10)
    private let second = AttachmentID(20)
    private let start = NIODeadline.now()

    private func make(ready: [AttachmentID]) -> Doorkeeping {
        var doorkeeping = Doorkeeping(limits: ServerLimits())
        for member in ready { _ = doorkeeping.setReady(true, member, isMember: false, now: start) }
        return doorkeeping
    }

    private func knocked(_ id: UInt64, _ payload: [UInt8] = [1]) -> ServerFrame.Knocked {
        .init(knock: KnockID(id), newcomer: newcomer, payload: payload)
    }

    @Test("with nobody ready a knock is unanswered at once")
    func nobody() {
        var doorkeeping = make(ready: [])
        #expect(doorkeeping.knock([1], from: newcomer, now: start) == [.unanswered(newcomer)])
    }

    @Test("a newcomer does not let itself in")
    func notItself() {
        var doorkeeping = make(ready: [newcomer])
        #expect(doorkeeping.knock([1], from: newcomer, now: start) == [.unanswered(newcomer)])
    }

    @Test("a knock goes to one member and its answer back")
    func answer() {
        var doorkeeping = make(ready: [first, second])
        #expect(
            doorkeeping.knock([1], from: newcomer, now: start) == [.pass(knocked(1), to: first)])
        let answer = ClientFrame.Answer(knocks: [KnockID(1), KnockID(77)], payload: [9])
        #expect(
            doorkeeping.answer(answer, from: second, now: start).isEmpty,
            "only who was asked may answer")
        #expect(
            doorkeeping.answer(answer, from: first, now: start) == [
                .answer(.init(doorkeeper: first, payload: [9]), to: [newcomer])
            ])
        #expect(doorkeeping.answer(answer, from: first, now: start).isEmpty, "once")
        #expect(doorkeeping.sweep(now: start + .hours(1)).isEmpty)
    }

    @Test("one answer serves several newcomers")
    func batch() {
        var doorkeeping = make(ready: [first])
        let other = AttachmentID(2)
        _ = doorkeeping.knock([1], from: newcomer, now: start)
        _ = doorkeeping.knock([1], from: other, now: start)
        let answer = ClientFrame.Answer(knocks: [KnockID(1), KnockID(2)], payload: [9])
        #expect(
            doorkeeping.answer(answer, from: first, now: start) == [
                .answer(.init(doorkeeper: first, payload: [9]), to: [newcomer, other])
            ])
    }

    private func asked(_ actions: [Doorkeeping.Action]) -> [AttachmentID] {
        actions.map { action in
            if case .pass(_, let member) = action { member } else { newcomer }
        }
    }

    @Test("one member is asked for all, until it is silent")
    func oneForAll() {
        var doorkeeping = make(ready: [first, second])
        let others = [AttachmentID(2), AttachmentID(3), AttachmentID(4)]
        let knocks = others.flatMap { doorkeeping.knock([], from: $0, now: start) }
        #expect(asked(knocks) == [first, first, first])
        let late = doorkeeping.sweep(now: start + .seconds(5))
        #expect(asked(late) == [second, second, second])
        let next = doorkeeping.knock([], from: AttachmentID(5), now: start + .seconds(5))
        #expect(asked(next) == [second])
    }

    @Test("who knocks again after an answer is sent to somebody else")
    func uselessAnswer() {
        var doorkeeping = make(ready: [first, second])
        _ = doorkeeping.knock([], from: newcomer, now: start)
        _ = doorkeeping.answer(.init(knocks: [KnockID(1)], payload: []), from: first, now: start)
        #expect(asked(doorkeeping.knock([], from: newcomer, now: start)) == [second])
        _ = doorkeeping.answer(.init(knocks: [KnockID(2)], payload: []), from: second, now: start)
        #expect(asked(doorkeeping.knock([], from: newcomer, now: start)) == [first])
    }

    @Test("a silent doorkeeper is passed over, then nobody answers; a late answer still counts")
    func silence() {
        var doorkeeping = make(ready: [first, second])
        _ = doorkeeping.knock([1], from: newcomer, now: start)
        #expect(doorkeeping.sweep(now: start + .seconds(4)).isEmpty)
        #expect(
            doorkeeping.sweep(now: start + .seconds(5)) == [.pass(knocked(1), to: second)])
        #expect(doorkeeping.sweep(now: start + .seconds(10)) == [.unanswered(newcomer)])
        #expect(doorkeeping.sweep(now: start + .seconds(20)).isEmpty)
        let late = ClientFrame.Answer(knocks: [KnockID(1)], payload: [])
        #expect(doorkeeping.answer(late, from: first, now: start).count == 1)
        #expect(doorkeeping.answer(late, from: second, now: start).isEmpty, "once")
    }

    @Test("a doorkeeper that answers others is busy, not silent, but not for ever")
    func busy() {
        var doorkeeping = make(ready: [first, second])
        _ = doorkeeping.knock([1], from: newcomer, now: start)
        for seconds in stride(from: 4, to: 60, by: 4) {
            let now = start + .seconds(Int64(seconds))
            let other = AttachmentID(UInt64(100 + seconds))
            let knocks = doorkeeping.knock([], from: other, now: now)
            guard case .pass(let knocked, to: first)? = knocks.first else {
                Issue.record("asked somebody else after \(seconds) s")
                return
            }
            let answer = ClientFrame.Answer(knocks: [knocked.knock], payload: [])
            #expect(doorkeeping.answer(answer, from: first, now: now).count == 1)
            #expect(doorkeeping.sweep(now: now + .seconds(3)).isEmpty)
        }
        #expect(
            doorkeeping.sweep(now: start + .seconds(60)) == [.pass(knocked(1), to: second)])
    }

    @Test("an answer to an earlier knock is passed on, and nobody else is asked then")
    func earlierKnock() {
        var doorkeeping = make(ready: [first, second])
        _ = doorkeeping.knock([1], from: newcomer, now: start)
        #expect(asked(doorkeeping.knock([2], from: newcomer, now: start)) == [second])
        let answer = ClientFrame.Answer(knocks: [KnockID(1), KnockID(2)], payload: [])
        #expect(
            doorkeeping.answer(answer, from: first, now: start) == [
                .answer(.init(doorkeeper: first, payload: []), to: [newcomer])
            ], "the later knock is not the first one's to answer")
        #expect(doorkeeping.sweep(now: start + .hours(1)).isEmpty)
        let other = ClientFrame.Answer(knocks: [KnockID(2)], payload: [])
        #expect(doorkeeping.answer(other, from: second, now: start).count == 1)
    }

    @Test("who lets others in waits for no answer, and nobody is asked about them")
    func inside() {
        var doorkeeping = make(ready: [first, second])
        _ = doorkeeping.knock([1], from: newcomer, now: start)
        _ = doorkeeping.setReady(true, newcomer, isMember: false, now: start)
        #expect(doorkeeping.sweep(now: start + .hours(1)).isEmpty)
        let answer = ClientFrame.Answer(knocks: [KnockID(1)], payload: [])
        #expect(doorkeeping.answer(answer, from: first, now: start).isEmpty)
    }

    @Test("of many knocks the oldest cannot be answered any more, nor those of who went")
    func forgotten() {
        var limits = ServerLimits()
        limits.knocksPerMinute = 1000
        limits.knockBytesPerRoom = 10
        var doorkeeping = Doorkeeping(limits: limits)
        _ = doorkeeping.setReady(true, first, isMember: false, now: start)
        for _ in 0..<1000 {
            let actions = doorkeeping.knock([1, 2, 3], from: newcomer, now: start)
            #expect(asked(actions) == [first], "earlier ones take no room")
        }
        func answer(_ id: UInt64) -> Int {
            let answer = ClientFrame.Answer(knocks: [KnockID(id)], payload: [])
            return doorkeeping.answer(answer, from: first, now: start).count
        }
        #expect(answer(1) == 0)
        #expect(answer(996) == 0)
        #expect(answer(997) == 1)
        _ = doorkeeping.lost(newcomer, forGood: false, now: start)
        #expect(answer(1000) == 0)
    }

    @Test("no more members are asked than the limit says")
    func tries() {
        var doorkeeping = make(ready: (10..<30).map { AttachmentID($0) })
        _ = doorkeeping.knock([1], from: newcomer, now: start)
        var asked = 1
        var time = start
        while true {
            time = time + .seconds(5)
            guard case .pass? = doorkeeping.sweep(now: time).first else { break }
            asked += 1
        }
        #expect(asked == ServerLimits().knockTries)
    }

    @Test("a doorkeeper that breaks off, leaves or is no longer ready is passed over at once")
    func lostDoorkeeper() {
        for forGood in [true, false] {
            var doorkeeping = make(ready: [first, second])
            _ = doorkeeping.knock([1], from: newcomer, now: start)
            #expect(
                doorkeeping.lost(first, forGood: forGood, now: start) == [
                    .pass(knocked(1), to: second)
                ])
        }
        var doorkeeping = make(ready: [first, second])
        _ = doorkeeping.knock([1], from: newcomer, now: start)
        #expect(
            doorkeeping.setReady(false, first, isMember: false, now: start) == [
                .pass(knocked(1), to: second)
            ])
    }

    @Test("who was ready is ready again after a resume, and not after leaving")
    func readyAgain() {
        var doorkeeping = make(ready: [first])
        _ = doorkeeping.lost(first, forGood: false, now: start)
        #expect(doorkeeping.knock([1], from: newcomer, now: start) == [.unanswered(newcomer)])
        doorkeeping.returned(first, isMember: false)
        #expect(
            doorkeeping.knock([1], from: newcomer, now: start) == [.pass(knocked(2), to: first)])
        _ = doorkeeping.lost(first, forGood: true, now: start)
        doorkeeping.returned(first, isMember: false)
        #expect(doorkeeping.knock([1], from: newcomer, now: start) == [.unanswered(newcomer)])
    }

    @Test("knocks of one attachment are few, and those of a room small, at a time")
    func limits() {
        var limits = ServerLimits()
        limits.knocksPerMinute = 2
        limits.knockBytesPerRoom = 10
        var doorkeeping = Doorkeeping(limits: limits)
        _ = doorkeeping.setReady(true, first, isMember: false, now: start)
        let large = [UInt8](repeating: 0, count: 8)
        func isPassed(_ newcomer: UInt64, at time: NIODeadline) -> Bool {
            let actions = doorkeeping.knock(large, from: AttachmentID(newcomer), now: time)
            if case .pass? = actions.first { return true }
            return false
        }
        #expect(isPassed(1, at: start))
        #expect(isPassed(1, at: start), "a second knock takes the place of the first")
        #expect(!isPassed(1, at: start), "two a minute")
        #expect(isPassed(1, at: start + .minutes(1)))
        #expect(
            doorkeeping.knock(large, from: AttachmentID(2), now: start).first
                == .unanswered(AttachmentID(1)),
            "eight of ten bytes are taken by one that has waited longer")
    }

    @Test("knocks that only fill the room keep nobody out")
    func fullRoom() {
        var doorkeeping = Doorkeeping(limits: ServerLimits())
        _ = doorkeeping.setReady(true, first, isMember: true, now: start)
        let large = [UInt8](repeating: 0, count: 16_384)
        // As many as one address can have connections, and more: 16 MiB in a minute.
        for number in 0..<1024 {
            _ = doorkeeping.knock(large, from: AttachmentID(UInt64(1000 + number)), now: start)
        }
        let actions = doorkeeping.knock([1], from: newcomer, now: start)
        guard case .pass(let knocked, to: first)? = actions.last else {
            Issue.record("not passed")
            return
        }
        let answer = ClientFrame.Answer(knocks: [knocked.knock], payload: [])
        #expect(doorkeeping.answer(answer, from: first, now: start).count == 1)
    }

    @Test("members are asked before those who have only the link, in whichever order they came")
    func membersFirst() {
        var doorkeeping = make(ready: (100..<130).map { AttachmentID($0) })
        _ = doorkeeping.setReady(true, first, isMember: true, now: start)
        #expect(asked(doorkeeping.knock([], from: newcomer, now: start)) == [first])
        doorkeeping.promote(AttachmentID(129))
        _ = doorkeeping.lost(first, forGood: false, now: start)
        #expect(asked(doorkeeping.knock([], from: newcomer, now: start)) == [AttachmentID(129)])
        doorkeeping.returned(first, isMember: true)
        _ = doorkeeping.setReady(false, AttachmentID(129), isMember: true, now: start)
        #expect(asked(doorkeeping.knock([], from: newcomer, now: start)) == [first])
    }

    @Test("garbage that a member does not answer costs it nothing")
    func garbage() {
        var doorkeeping = make(ready: (100..<130).map { AttachmentID($0) })
        for member in [first, second] {
            _ = doorkeeping.setReady(true, member, isMember: true, now: start)
        }
        for second in 0..<120 {
            let now = start + .seconds(Int64(second))
            for knocker in 0..<2 {
                let attachment = AttachmentID(UInt64(1000 + (second * 2 + knocker) % 60))
                _ = doorkeeping.knock([9], from: attachment, now: now)
            }
            _ = doorkeeping.sweep(now: now)
        }
        let knock = doorkeeping.knock([], from: newcomer, now: start + .seconds(120))
        #expect(asked(knock) == [first])
    }

    @Test("a member that is silent to somebody whom another lets in is asked last")
    func silentMember() {
        var doorkeeping = Doorkeeping(limits: ServerLimits())
        for member in [first, second] {
            _ = doorkeeping.setReady(true, member, isMember: true, now: start)
        }
        _ = doorkeeping.knock([], from: newcomer, now: start)
        let late = start + .seconds(5)
        #expect(asked(doorkeeping.sweep(now: late)) == [second])
        #expect(asked(doorkeeping.knock([], from: AttachmentID(2), now: late)) == [first])
        let answer = ClientFrame.Answer(knocks: [KnockID(1)], payload: [])
        #expect(doorkeeping.answer(answer, from: second, now: late).count == 1)
        #expect(asked(doorkeeping.knock([], from: AttachmentID(3), now: late)) == [second])
    }

    @Test("when two members are silent a guest is asked, one that has answered before others")
    func guestsInTheEnd() {
        let guests = (100..<130).map { AttachmentID($0) }
        var doorkeeping = make(ready: guests)
        _ = doorkeeping.knock([], from: AttachmentID(2), now: start)
        _ = doorkeeping.lost(guests[0], forGood: false, now: start)
        let answer = ClientFrame.Answer(knocks: [KnockID(1)], payload: [])
        #expect(doorkeeping.answer(answer, from: guests[1], now: start).count == 1)
        for member in [3, 4, 5] {
            _ = doorkeeping.setReady(
                true, AttachmentID(UInt64(member)), isMember: true, now: start)
        }
        #expect(asked(doorkeeping.knock([], from: newcomer, now: start)) == [AttachmentID(3)])
        #expect(asked(doorkeeping.sweep(now: start + .seconds(5))) == [AttachmentID(4)])
        #expect(asked(doorkeeping.sweep(now: start + .seconds(10))) == [guests[1]])
    }

    @Test("who says again and again that it is not ready makes no work")
    func notReady() {
        var doorkeeping = make(ready: [first])
        for number in 0..<5000 {
            _ = doorkeeping.knock([1], from: AttachmentID(UInt64(1000 + number)), now: start)
        }
        let clock = ContinuousClock()
        let time = clock.measure {
            for _ in 0..<2000 {
                _ = doorkeeping.setReady(false, second, isMember: false, now: start)
            }
        }
        // To look at each of 5,000 knocks 2,000 times takes seconds.
        #expect(time < .milliseconds(500))
    }
}
