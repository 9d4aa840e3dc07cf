import Testing
import Wire

@testable import Client

@Suite("What was lost with a log") struct LogMemoryTests {
    private let old = LogID(number: 1)
    private let new = LogID(number: 2)
    private let bob = AttachmentID(2)
    private let delay = Duration.milliseconds(20)

    private func text(_ number: UInt128, part: UInt32 = 0, of count: UInt32 = 1)
        -> Content.TextPart
    {
        Content.TextPart(
            message: MessageID(number: number), index: part, count: count, bytes: [1])
    }

    /// A member that came into the old log at 10, and heard messages 1, 2, … at 11, 12, …
    private func member(heard count: UInt64) -> LogMemory {
        var memory = LogMemory(cameFromElsewhere: false)
        memory.enter(old, at: 10)
        for number in 0..<count {
            memory.heard(text(UInt128(number) + 1), at: 11 + number)
        }
        return memory
    }

    /// What a member of the old log says of it in the new one, in which it came in at 5.
    private func heard(_ last: UInt64, since: UInt64 = 10) -> [HeardLog] {
        [
            HeardLog(log: old, since: since, last: last),
            HeardLog(log: new, since: 5, last: 0),
        ]
    }

    @Test("members that had heard the same say nothing and are told nothing")
    func same() {
        var founder = member(heard: 3)
        founder.enter(new, at: 1)
        #expect(founder.briefed([], delay: delay, now: .zero).isEmpty)
        var other = member(heard: 3)
        other.enter(new, at: 5)
        #expect(other.briefed(founder.briefing, delay: delay, now: .zero).isEmpty)
        #expect(other.deadline == nil)
    }

    @Test("the first to come back learns that it had heard less, and which messages came after")
    func founder() {
        var founder = member(heard: 3)
        founder.enter(new, at: 1)
        _ = founder.briefed([], delay: delay, now: .zero)
        // The founder says what it had heard when somebody tells it of more.
        var other = member(heard: 5)
        other.enter(new, at: 5)
        let effects = other.briefed(founder.briefing, delay: delay, now: .zero)
        #expect(
            effects == [.sayAgain(unheardBy: [HeardLog(log: old, since: 0, last: 13)])])
        let due = other.tick(now: delay)
        let recount = Recount(
            log: old, after: 13, through: 15, isComplete: true,
            messages: [MessageID(number: 4), MessageID(number: 5)])
        #expect(due == [.state(heard(15)), .recount(recount)])

        #expect(founder.stated(heard(15), by: bob, delay: delay, now: .zero).isEmpty)
        founder.recounted(recount)
        // One is said again, the other not.
        founder.heard(text(4), at: 20)
        #expect(founder.tick(now: LogMemory.patience - delay).count == 1)
        #expect(founder.tick(now: LogMemory.patience) == [.missed(1)])
        #expect(founder.deadline == nil)
    }

    @Test("what is said again in time is not missed", arguments: [true, false])
    func saidAgain(isRecountedFirst: Bool) {
        var founder = member(heard: 3)
        founder.enter(new, at: 1)
        let recount = Recount(
            log: old, after: 13, through: 14, isComplete: true, messages: [MessageID(number: 4)])
        _ = founder.stated(heard(14), by: bob, delay: delay, now: .zero)
        if isRecountedFirst { founder.recounted(recount) }
        founder.heard(text(4, part: 0, of: 2), at: 20)
        founder.heard(text(4, part: 1, of: 2), at: 21)
        if !isRecountedFirst { founder.recounted(recount) }
        #expect(
            founder.tick(now: delay) == [
                .state([
                    HeardLog(log: old, since: 10, last: 13), HeardLog(log: new, since: 1, last: 0),
                ])
            ])
        #expect(founder.deadline == nil)
    }

    @Test("the number is not known when nobody tells it, or not all of it", arguments: [0, 1])
    func uncounted(recounts: Int) {
        var founder = member(heard: 3)
        founder.enter(new, at: 1)
        _ = founder.stated(heard(14), by: bob, delay: delay, now: .zero)
        if recounts > 0 {
            founder.recounted(
                Recount(log: old, after: 13, through: 14, isComplete: false, messages: []))
        }
        _ = founder.tick(now: delay)
        #expect(founder.tick(now: LogMemory.patience) == [.missed(nil)])
        // Once for what was lost.
        _ = founder.stated(heard(14), by: AttachmentID(3), delay: delay, now: .seconds(60))
        #expect(founder.tick(now: .seconds(200)).isEmpty)
    }

    @Test("a member that comes back late is told of what was said in the new log before")
    func late() {
        var early = member(heard: 3)
        early.enter(new, at: 1)
        early.heard(text(7), at: 3)
        var late = member(heard: 3)
        late.enter(new, at: 5)
        #expect(late.briefed(early.briefing, delay: delay, now: .zero).isEmpty)
        #expect(late.tick(now: delay) == [.state(heard(13))])
        #expect(
            early.stated(heard(13), by: bob, delay: delay, now: .zero)
                == [.sayAgain(unheardBy: heard(13))])
        let recount = Recount(
            log: new, after: 0, through: 3, isComplete: true, messages: [MessageID(number: 7)])
        #expect(early.tick(now: delay) == [.recount(recount)])
        late.recounted(recount)
        #expect(late.tick(now: LogMemory.patience) == [.missed(1)])
    }

    @Test("a log between, in which a member was not, counts; one before its first does not")
    func between() {
        let third = LogID(number: 3)
        var steady = member(heard: 3)
        steady.enter(new, at: 1)
        steady.heard(text(7), at: 3)
        steady.enter(third, at: 1)
        #expect(steady.briefing.map(\.log) == [old, new])
        var absent = member(heard: 3)
        absent.enter(third, at: 5)
        _ = absent.briefed(steady.briefing, delay: delay, now: .zero)
        #expect(
            absent.tick(now: delay) == [
                .state([
                    HeardLog(log: old, since: 10, last: 13), HeardLog(log: new, since: 0, last: 0),
                    HeardLog(log: third, since: 5, last: 0),
                ])
            ])
        var young = LogMemory(cameFromElsewhere: false)
        young.enter(new, at: 2)
        young.heard(text(7), at: 3)
        young.enter(third, at: 5)
        #expect(young.briefed(steady.briefing, delay: delay, now: .zero).isEmpty)
        #expect(young.deadline == nil)
    }

    @Test("a newcomer, and what was said before somebody came into the old log, are no loss")
    func newcomer() {
        var newcomer = LogMemory(cameFromElsewhere: false)
        newcomer.enter(new, at: 5)
        #expect(newcomer.briefed(member(heard: 9).briefing, delay: delay, now: .zero).isEmpty)
        #expect(newcomer.deadline == nil)
        // Somebody who came in after the last message had heard none, and lost none.
        var other = member(heard: 3)
        other.enter(new, at: 1)
        #expect(other.stated(heard(0, since: 15), by: bob, delay: delay, now: .zero).isEmpty)
        #expect(other.deadline == nil)
    }

    @Test("one of many says what others would say, too")
    func oneOfMany() {
        var one = member(heard: 5)
        one.enter(new, at: 5)
        let behind = [LogSpan(log: old, lowest: 13, highest: 13)]
        _ = one.briefed(behind, delay: delay, now: .zero)
        _ = one.stated(heard(15), by: bob, delay: delay, now: .zero)
        one.recounted(
            Recount(log: old, after: 13, through: 15, isComplete: true, messages: []))
        #expect(one.tick(now: .seconds(100)).isEmpty)
    }

    @Test("own messages are known, and what was sealed and landed counts as heard")
    func own() {
        var author = member(heard: 3)
        author.sealed(text(8), into: [1, 2, 3])
        author.sealed(text(9), into: [4, 5, 6])
        author.landed([1, 2, 3], at: 14)
        author.enter(new, at: 5)
        #expect(author.briefed([], delay: delay, now: .zero).isEmpty)
        #expect(author.tick(now: delay) == [.state(heard(14))])
        // Another heard the one whose acknowledgement was lost.
        _ = author.stated(heard(15), by: bob, delay: delay, now: .zero)
        author.recounted(
            Recount(
                log: old, after: 14, through: 15, isComplete: true,
                messages: [MessageID(number: 9)]))
        #expect(!author.tick(now: LogMemory.patience).contains(.missed(1)))
    }

    @Test("a member is listened to once, and what it says is bounded")
    func bounded() {
        var one = member(heard: 3)
        one.enter(new, at: 1)
        #expect(!one.stated(heard(11), by: bob, delay: delay, now: .zero).isEmpty)
        #expect(one.stated(heard(11), by: bob, delay: delay, now: .zero).isEmpty)
        let many = (10..<1000).map { HeardLog(log: LogID(number: $0), since: 0, last: .max) }
        _ = one.stated(many, by: AttachmentID(9), delay: delay, now: .zero)
        #expect(one.briefing.count <= LogMemory.maximumLogs + 1)
        var busy = member(heard: UInt64(LogMemory.maximumMessages) + 5)
        busy.enter(new, at: 1)
        _ = busy.stated(heard(11), by: bob, delay: delay, now: .zero)
        guard case .recount(let recount)? = busy.tick(now: delay).first else {
            Issue.record("no recount")
            return
        }
        #expect(!recount.isComplete && recount.messages.count == LogMemory.maximumMessages)
    }
}
