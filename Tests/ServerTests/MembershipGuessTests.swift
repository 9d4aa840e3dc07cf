import NIOCore
import Testing
import Wire

@testable import Server

@Suite("Who is likely to be a member") struct LikelyMembersTests {
    private let founder = AttachmentID(1)
    private let ann = AttachmentID(2)
    private let bob = AttachmentID(3)
    private let welcome = 1500

    private var room: LikelyMembers {
        var room = LikelyMembers()
        room.committed(founder, epoch: 0)
        return room
    }

    @Test("the author of the log's first commit, and whom a member answers after a commit")
    func admission() {
        var room = room
        #expect(room.contains(founder) && !room.contains(ann))
        #expect(room.answered([ann], by: founder, bytes: welcome) == [ann])
        #expect(room.answered([bob], by: ann, bytes: welcome).isEmpty, "no commit of hers")
        room.committed(ann, epoch: 1)
        #expect(room.answered([bob], by: ann, bytes: welcome) == [bob])
    }

    @Test("a notice lets nobody in, nor does a second answer to one commit")
    func notices() {
        var room = room
        #expect(room.answered([ann], by: founder, bytes: 63).isEmpty)
        #expect(room.answered([ann], by: founder, bytes: welcome) == [ann])
        #expect(room.answered([bob], by: founder, bytes: welcome).isEmpty)
    }

    @Test("whoever has only the link lets nobody in, whatever it commits and answers")
    func strangers() {
        var room = room
        room.committed(ann, epoch: 1)
        #expect(room.answered([bob], by: ann, bytes: welcome).isEmpty)
        #expect(!room.contains(ann) && !room.contains(bob))
    }

    @Test("who is gone is none")
    func gone() {
        var room = room
        room.gone(founder)
        #expect(!room.contains(founder))
        #expect(room.answered([ann], by: founder, bytes: welcome).isEmpty)
    }
}

@Suite("The budget of commits") struct CommitBudgetTests {
    private let start = NIODeadline.now()

    /// How many of an attachment's tries the log takes, from now on and so often.
    private func taken(
        _ budget: inout CommitBudget, by attachments: [AttachmentID], isMember: Bool,
        every interval: TimeAmount, for duration: TimeAmount
    ) -> Int {
        var count = 0
        var now = start
        while now < start + duration {
            for attachment in attachments
            where budget.allows(attachment, isMember: isMember, now: now) {
                budget.committed(attachment, isMember: isMember, now: now)
                count += 1
            }
            now = now + interval
        }
        return count
    }

    @Test("all who have only the link share one commit a second, however many they are")
    func guests() {
        let limits = ServerLimits()
        for count in [1, 500] {
            var budget = CommitBudget(limits: limits, now: start)
            let guests = (0..<count).map { AttachmentID(UInt64(100 + $0)) }
            let taken = taken(
                &budget, by: guests, isMember: false, every: .milliseconds(20),
                for: .seconds(60))
            #expect((60...66).contains(taken))
        }
    }

    @Test("a member has its own, which lets a thousand in at once, and others do not use it up")
    func members() {
        var budget = CommitBudget(limits: ServerLimits(), now: start)
        let flood = taken(
            &budget, by: [AttachmentID(1)], isMember: true, every: .milliseconds(20),
            for: .seconds(60))
        #expect((160...162).contains(flood))
        #expect(budget.allows(AttachmentID(2), isMember: true, now: start) == true)
        let storm = taken(
            &budget, by: [AttachmentID(2)], isMember: true, every: .milliseconds(250),
            for: .seconds(10))
        #expect(storm == 40)
    }
}
