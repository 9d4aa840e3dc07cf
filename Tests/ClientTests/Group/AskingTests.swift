import MLS
import Testing
import Wire

@testable import Client

/// Who asks to be let in where members decide, and how many.
extension GroupTests {
    private func asking(_ seat: Table.Seat) -> [AttachmentID] {
        seat.group.membership?.door.asking.map(\.attachment) ?? []
    }

    private func announcements(_ seat: Table.Seat) -> Int {
        seat.news.count { if case .newcomer = $0 { true } else { false } }
    }

    @Test(
        "however many ask before, the next is told of, and can be let in", .timeLimit(.minutes(1)))
    func manyAsk() throws {
        let table = table(["ann"], needsApproval: true)
        let ann = table.seats[0]
        for number in 1...64 { table.join("mal\(number)") }
        let dora = table.join("dora")
        table.pass(.seconds(30))
        #expect(asking(ann).contains(dora.attachment) && asking(ann).count == 65)
        try table.perform(.admit(dora.attachment), as: ann)
        table.pass(.seconds(20))
        #expect(dora.isInside && asking(ann).count == 64)
    }

    @Test("in a crowd, who knocks once and goes is not told of")
    func comeAndGo() throws {
        let table = table(["ann"], needsApproval: true)
        let ann = table.seats[0]
        for number in 1...200 {
            let seat = table.join("mal\(number)")
            table.pass(.milliseconds(100))
            if number > Door.crowd { table.drop(seat) }
        }
        #expect(announcements(ann) <= Door.crowd + 1)
        let dora = table.join("dora")
        table.pass(.seconds(30))
        #expect(asking(ann).contains(dora.attachment))
    }

    @Test("when all places are taken, one of those before makes room by lot")
    func makesRoom() {
        var door = Door()
        func member(_ number: Int) -> RoomMember {
            RoomMember(
                attachment: AttachmentID(UInt64(number)), name: [0x61],
                identityKey: [UInt8](repeating: 1, count: 32))
        }
        for number in 1...Door.maximumAsking {
            let (isNew, former) = (door.asks(member(number)), door.makeRoom(by: 7))
            #expect(isNew && former == nil)
        }
        let isNew = [1, 0].map { door.asks(member($0)) }
        #expect(isNew == [false, true])
        let former = door.makeRoom(by: UInt64(Door.maximumAsking) + 2)
        #expect(former == member(3))
        #expect(door.asking.count == Door.maximumAsking && door.asking.last == member(0))
    }

    @Test("garbage at the door is answered, so that a server asks who answers")
    func garbageKnock() throws {
        let table = table(["ann"])
        let ann = table.seats[0]
        let keys = ann.group.keys
        let payloads: [[UInt8]] = [
            [], [1, 2, 3], keys.seal([4, 5, 6], "sealed knock"),
            keys.seal([UInt8](repeating: 0, count: 2000), "sealed knock"),
        ]
        for payload in payloads {
            let frame = ServerFrame.Knocked(
                knock: KnockID(7), newcomer: AttachmentID(55), payload: payload)
            let steps = ann.group.knocked(frame, now: table.now)
            let answers = steps.compactMap { step -> DoorAnswer? in
                guard case .answer([KnockID(7)], let payload) = step else { return nil }
                return DoorAnswer(payload, keys: keys)
            }
            guard case .told(let notice)? = answers.first else {
                Issue.record("no answer")
                continue
            }
            #expect(notice.reason == .unsuitable)
        }
    }
}
