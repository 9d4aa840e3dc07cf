import MLS
import Testing
import Wire

@testable import Client

@Suite("A room's group")
struct GroupTests {
    /// A table where these are in, one after the other.
    func table(
        _ names: [String], suite: CipherSuite = .x25519AES128GCMSHA256Ed25519,
        needsApproval: Bool = false
    ) -> Table {
        let table = Table(suite: suite, needsApproval: needsApproval)
        for name in names {
            table.join(name)
            table.pass(.milliseconds(300))
        }
        return table
    }

    func expectAgreement(_ table: Table, _ names: [String]) {
        let first = table.seats[0].epochAuthenticator
        for seat in table.seats {
            #expect(seat.isInside)
            #expect(seat.names == names.sorted())
            #expect(seat.epochAuthenticator == first)
        }
    }

    @Test("the first is in at once; others knock and are let in")
    func letsIn() throws {
        let table = table(["ann", "bob", "cleo"])
        expectAgreement(table, ["ann", "bob", "cleo"])
        let bob = table.seats[1]
        try table.say("hello", as: bob)
        #expect(table.seats.allSatisfy { $0 === bob || $0.heard == ["hello"] })
        #expect(table.seats.allSatisfy { $0.warnings.isEmpty })
    }

    @Test("the default suite lets in just so", .timeLimit(.minutes(1)))
    func postQuantum() throws {
        let table = table(["ann", "bob", "cleo"], suite: .mlkem768X25519AES256GCMSHA384Ed25519)
        expectAgreement(table, ["ann", "bob", "cleo"])
        try table.say("hello", as: table.seats[2])
        #expect(table.seats.dropLast().allSatisfy { $0.heard == ["hello"] })
    }

    @Test("a crowd comes in by one commit")
    func batch() {
        let table = table(["ann"])
        for number in 1...20 { table.join("p\(number)") }
        table.pass(.seconds(1))
        #expect(table.seats.count == 21 && table.seats.allSatisfy { $0.isInside })
        #expect(table.epoch == 2)
    }

    @Test("who comes late reads nothing of before, even when given the log")
    func lateJoiner() throws {
        let table = table(["ann", "bob"])
        let early = try table.say("secret", as: table.seats[0])
        let late = table.join("late")
        table.pass(.milliseconds(300))
        let steps = late.group.entry(
            LogEntry(
                sequence: early.sequence, sender: early.sender, kind: .message,
                payload: early.payload, isOwn: false), now: table.now)
        table.take(steps, of: late)
        table.run()
        #expect(late.isInside && late.heard.isEmpty)
    }

    @Test("who says goodbye and who vanishes is taken out by the next commit")
    func leaving() throws {
        let table = table(["ann", "bob", "cleo", "dan"])
        let (bob, dan) = (table.seats[1], table.seats[3])
        try table.say(Content.bye.encoded, as: bob)
        table.drop(bob)
        table.drop(dan)
        table.pass(.seconds(3))
        expectAgreement(table, ["ann", "cleo"])
        #expect(bob.group.membership?.group.epoch != table.seats[0].group.membership?.group.epoch)
    }

    @Test("who was removed is told, cannot read on, and the room moves on without them")
    func removal() throws {
        let table = table(["ann", "bob", "cleo"])
        let (ann, bob, cleo) = (table.seats[0], table.seats[1], table.seats[2])
        try table.perform(.remove(bob.attachment), as: ann)
        table.pass(.seconds(1))
        guard case .removedUs(let by)? = bob.news.last else {
            Issue.record("bob was told: \(bob.news)")
            return
        }
        #expect(by.name == Array("ann".utf8))
        for seat in [ann, cleo] {
            guard case .moved(_, let mover, let removed)? = seat.news.last else {
                Issue.record("\(seat.name) did not move")
                return
            }
            #expect(mover == ann.attachment && removed?.name == Array("bob".utf8))
        }
        #expect(!bob.news.contains { if case .moved = $0 { true } else { false } })
    }

    @Test("who fell behind comes in anew and is told")
    func withheldCommit() throws {
        let table = table(["ann", "bob", "cleo"])
        let bob = table.seats[1]
        table.filter = { seat, logged in
            seat === bob && logged.kind == .commit ? nil : logged
        }
        table.join("dan")
        table.pass(.milliseconds(300))
        table.filter = { $1 }
        try table.say("hello", as: table.seats[0])
        table.pass(.seconds(8))
        #expect(bob.warnings == [.withheldCommit])
        expectAgreement(table, ["ann", "bob", "cleo", "dan"])
        try table.say("again", as: table.seats[0])
        #expect(bob.heard == ["again"])
    }

    @Test("who comes back under another attachment replaces the old leaf")
    func returning() throws {
        let table = table(["ann", "bob", "cleo"])
        let bob = table.seats[1]
        table.comeBack(bob)
        table.pass(.seconds(3))
        expectAgreement(table, ["ann", "bob", "cleo"])
        try table.say("back", as: bob)
        #expect(table.seats.dropLast().allSatisfy { $0.heard.last == "back" })
    }

    @Test("one person may be in twice")
    func twice() {
        let identity = Client.Identity()
        let table = Table()
        table.join("ann", identity: identity)
        table.pass(.milliseconds(100))
        table.join("ann", identity: identity)
        table.pass(.milliseconds(300))
        expectAgreement(table, ["ann", "ann"])
    }

    @Test("another name is told to all")
    func renaming() throws {
        let table = table(["ann", "bob"])
        try table.perform(.rename(Array("eve".utf8)), as: table.seats[1])
        table.pass(.seconds(1))
        expectAgreement(table, ["ann", "eve"])
    }

    @Test("where members decide, a newcomer waits until one admits them")
    func approval() throws {
        let table = table(["ann"], needsApproval: true)
        let bob = table.join("bob")
        table.pass(.seconds(1))
        #expect(!bob.isInside)
        let ann = table.seats[0]
        #expect(ann.group.membership?.door.asking.map(\.attachment) == [bob.attachment])
        try table.perform(.admit(bob.attachment), as: ann)
        table.pass(.seconds(2))
        #expect(bob.isInside)
        let eve = table.join("eve")
        table.pass(.seconds(1))
        try table.perform(.refuse(eve.attachment), as: bob)
        table.pass(.seconds(8))
        #expect(!eve.isInside)
        #expect(eve.news.contains { if case .turnedAway = $0 { true } else { false } })
    }

    @Test("who is let in comes in soon, however much was said while they waited")
    func approvalInABusyRoom() throws {
        let table = table(["ann"], needsApproval: true)
        let ann = table.seats[0]
        let bob = table.join("bob")
        for _ in 1...60 {
            try table.say("and so on", as: ann)
            table.pass(.milliseconds(500))
        }
        try table.perform(.admit(bob.attachment), as: ann)
        table.pass(.seconds(9))
        #expect(bob.isInside)
    }

    @Test("who moved along from another room is let in without asking")
    func companions() {
        let table = Table(needsApproval: true)
        let bob = Client.Identity()
        table.join("ann", companions: [bob.publicKey])
        table.pass(.milliseconds(300))
        let seat = table.join("bob", identity: bob)
        let stranger = table.join("eve")
        table.pass(.seconds(1))
        #expect(seat.isInside && !stranger.isInside)
    }

    @Test("without the link nobody comes in")
    func withoutLink() {
        let table = table(["ann"])
        let eve = table.join("eve", secret: RoomSecret())
        table.pass(.seconds(30))
        #expect(!eve.isInside)
        #expect(table.seats[0].warnings.contains(.forgedKnock))
    }

    @Test("a message that was dropped for one is found out by the next who speaks")
    func dropped() throws {
        let table = table(["ann", "bob", "cleo"])
        let bob = table.seats[1]
        table.filter = { seat, logged in seat === bob && logged.kind == .message ? nil : logged }
        try table.say("hidden", as: table.seats[0])
        table.filter = { $1 }
        try table.say("shown", as: table.seats[2])
        #expect(bob.heard == ["shown"])
        #expect(bob.warnings == [.differentConversation])
    }

    @Test("a connection that broke goes on where it was")
    func resuming() throws {
        let table = table(["ann", "bob", "cleo"])
        let bob = table.seats[1]
        table.cut(bob)
        try table.say("meanwhile", as: table.seats[0])
        table.join("dan")
        table.pass(.seconds(1))
        table.resume(bob)
        try table.say("after", as: table.seats[0])
        table.pass(.seconds(1))
        #expect(bob.heard == ["meanwhile", "after"] && bob.warnings.isEmpty)
        expectAgreement(table, ["ann", "bob", "cleo", "dan"])
    }

    @Test("receipts say who has what")
    func receipts() throws {
        let table = table(["ann", "bob", "cleo"])
        let logged = try table.say("hello", as: table.seats[0])
        table.pass(.seconds(5))
        let who = table.seats[0].news.compactMap { news -> AttachmentID? in
            guard case .received(let by, _, let through) = news, through >= logged.sequence else {
                return nil
            }
            return by
        }
        #expect(Set(who) == Set(table.seats[1...].map(\.attachment)))
    }
}

extension GroupTests {
    @Test("who founded a second group alone comes back to the first when it speaks again")
    func healing() throws {
        let table = table(["ann"])
        let ann = table.seats[0]
        // The server asks nobody, as when ann's line was dead.
        ann.isReady = false
        let bob = table.join("bob")
        table.pass(.seconds(10))
        #expect(bob.isInside && bob.names == ["bob"])
        #expect(ann.warnings == [.secondConversation])
        ann.isReady = true
        try table.say("anybody?", as: ann)
        table.pass(.seconds(3))
        expectAgreement(table, ["ann", "bob"])
    }

    @Test("clocks may differ by weeks")
    func clocks() {
        let table = Table()
        for (name, days) in [("ann", 0), ("bob", 20), ("cleo", -25)] {
            table.clockOffset = Int64(days) * 86400
            table.join(name)
            table.pass(.milliseconds(300))
        }
        expectAgreement(table, ["ann", "bob", "cleo"])
    }

    @Test(
        "a clock that is wrong by more is said to be, on both sides",
        arguments: [-100, -40, 40, 400])
    func wrongClock(days: Int) throws {
        let table = Table()
        let ann = table.join("ann")
        table.pass(.milliseconds(300))
        table.clockOffset = Int64(days) * 86400
        let bob = table.join("bob")
        table.pass(.seconds(1))
        #expect(!bob.isInside)
        let outside = bob.news.compactMap { if case .outside(let why) = $0 { why } else { nil } }
        #expect(outside.last == .otherClock)
        #expect(ann.warnings.contains(.otherClock) && bob.warnings.isEmpty)
    }
}
