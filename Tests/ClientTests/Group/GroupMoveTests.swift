import MLS
import Testing
import Wire

@testable import Client

@Suite("A room's move away from somebody")
struct GroupMoveTests {
    private func table(
        _ names: [String], needsApproval: Bool = false
    ) throws -> Table {
        let table = Table(needsApproval: needsApproval)
        for name in names {
            let seat = table.join(name)
            table.pass(.milliseconds(300))
            guard needsApproval, !seat.isInside else { continue }
            try table.perform(.admit(seat.attachment), as: table.seats[0])
            table.pass(.seconds(2))
        }
        #expect(table.seats.allSatisfy { $0.isInside })
        return table
    }

    private func member(_ seat: Table.Seat) -> RoomMember {
        RoomMember(
            attachment: seat.attachment, name: Array(seat.name.utf8),
            identityKey: seat.identity.publicKey)
    }

    private func expectOneMove(_ seats: [Table.Seat], by mover: Table.Seat? = nil) {
        let moves = seats.map(\.moves)
        #expect(moves.allSatisfy { $0.count == 1 }, "\(moves)")
        #expect(Set(moves.compactMap(\.first?.secret)).count == 1)
        guard let mover else { return }
        #expect(moves.allSatisfy { $0.first?.mover == mover.attachment })
    }

    // MARK: Who moves it

    @Test("is made by the next member when the remover dies before it")
    func dyingRemover() throws {
        let table = try table(["ann", "bob", "cleo", "dan"])
        let (ann, bob) = (table.seats[0], table.seats[1])
        let (cleo, dan) = (table.seats[2], table.seats[3])
        try table.perform(.remove(bob.attachment), as: ann)
        #expect(bob.isRemoved && cleo.moves.isEmpty)
        table.drop(ann)
        table.pass(.seconds(5))
        expectOneMove([cleo, dan], by: cleo)
        #expect(cleo.moves.first?.removed == "bob" && bob.moves.isEmpty)
    }

    @Test("is the first in the log when the remover's word comes late")
    func lateRemover() throws {
        let table = try table(["ann", "bob", "cleo", "dan"])
        let (ann, bob, cleo) = (table.seats[0], table.seats[1], table.seats[2])
        try table.perform(.remove(bob.attachment), as: ann)
        // Said, and on its way for very long.
        let late = ann.group.tick(now: table.now + Duties.moving)
        table.cut(ann)
        table.pass(.seconds(10))
        expectOneMove([cleo, table.seats[3]], by: cleo)
        table.resume(ann)
        table.deliverAll()
        table.take(late, of: ann)
        table.run()
        expectOneMove([ann, cleo, table.seats[3]], by: cleo)
    }

    @Test("leaves behind who came to the door meanwhile")
    func closedDoor() throws {
        let table = try table(["ann", "bob", "cleo"])
        let (ann, bob, cleo) = (table.seats[0], table.seats[1], table.seats[2])
        let waiting = table.join("eve")
        try table.perform(.remove(bob.attachment), as: ann)
        let late = table.join("bob again")
        table.drop(ann)
        table.pass(.seconds(10))
        expectOneMove([cleo], by: cleo)
        #expect(late.moves.isEmpty && !late.isInside && waiting.moves.isEmpty)
        #expect(cleo.warnings.isEmpty)
    }

    // MARK: Two removals

    @Test("is one, of all that were wanted at the same moment")
    func twoRemovals() throws {
        let table = try table(["ann", "bob", "cleo", "dan", "eve"])
        let (ann, bob, cleo) = (table.seats[0], table.seats[1], table.seats[2])
        let (dan, eve) = (table.seats[3], table.seats[4])
        let first = try ann.group.perform(.remove(bob.attachment), now: table.now)
        let second = try cleo.group.perform(.remove(dan.attachment), now: table.now)
        table.take(first, of: ann)
        table.take(second, of: cleo)
        table.run()
        table.pass(.seconds(5))
        #expect(bob.isRemoved && dan.isRemoved && bob.moves.isEmpty && dan.moves.isEmpty)
        expectOneMove([ann, cleo, eve], by: cleo)
        #expect(cleo.group.removals.isEmpty)
    }

    @Test("does not go where somebody was told to go who was taken out since")
    func staleWord() throws {
        let table = try table(["ann", "bob", "cleo", "dan"])
        let (ann, bob) = (table.seats[0], table.seats[1])
        let (cleo, dan) = (table.seats[2], table.seats[3])
        try table.perform(.remove(bob.attachment), as: ann)
        // Sealed for all who stay, dan among them, and on its way.
        let stale = ann.group.tick(now: table.now + Duties.moving)
        try table.perform(.remove(dan.attachment), as: cleo)
        table.take(stale, of: ann)
        table.run()
        #expect(dan.isRemoved && ann.moves.isEmpty && cleo.moves.isEmpty)
        table.pass(.seconds(10))
        expectOneMove([ann, cleo])
        #expect(dan.moves.isEmpty)
    }

    @Test("takes a wish along that came too late for it, and fulfils it in the new room")
    func wishSurvives() throws {
        let old = try table(["ann", "bob", "cleo", "dan"])
        let (ann, bob) = (old.seats[0], old.seats[1])
        let (cleo, dan) = (old.seats[2], old.seats[3])
        old.cut(cleo)
        try old.perform(.remove(dan.attachment), as: cleo)
        try old.perform(.remove(bob.attachment), as: ann)
        old.pass(.seconds(2))
        old.resume(cleo)
        old.deliverAll()
        expectOneMove([ann, cleo, dan])
        #expect(cleo.group.removals.map(\.name) == [Array("dan".utf8)])

        let new = Table()
        new.join("ann", identity: ann.identity)
        new.pass(.milliseconds(300))
        let again = new.join("cleo", identity: cleo.identity, removals: cleo.group.removals)
        new.pass(.milliseconds(300))
        let unwanted = new.join("dan", identity: dan.identity)
        new.pass(.seconds(2))
        #expect(again.moves.isEmpty)
        new.pass(Duties.removingAnew + .seconds(10))
        #expect(unwanted.isRemoved || unwanted.isTurnedAway)
        #expect(unwanted.moves.isEmpty)
        expectOneMove([new.seats[0], again])
    }

    @Test("is made too when who is to be left behind has just gone")
    func alreadyGone() throws {
        let table = try table(["ann", "bob", "cleo"])
        let (ann, bob, cleo) = (table.seats[0], table.seats[1], table.seats[2])
        table.cut(ann)
        try table.perform(.remove(bob.attachment), as: ann)
        try table.say(Content.bye.encoded, as: bob)
        table.drop(bob)
        table.pass(.seconds(8))
        table.resume(ann)
        table.deliverAll()
        table.pass(.seconds(2))
        expectOneMove([ann, cleo], by: ann)
        #expect(ann.moves.first?.removed == "bob")
    }

    // MARK: A log that begins anew

    @Test("is made though the log begins anew before it", arguments: [true, false])
    func resetBeforeMove(isRestart: Bool) throws {
        let table = try table(["ann", "bob", "cleo", "dan"])
        let (ann, bob) = (table.seats[0], table.seats[1])
        try table.perform(.remove(bob.attachment), as: ann)
        #expect(bob.isRemoved)
        table.drop(bob)
        isRestart ? table.restart() : table.reset()
        table.pass(.seconds(5))
        let back = table.join("bob", identity: bob.identity)
        table.pass(Duties.removingAnew + .seconds(10))
        let stayed = [ann, table.seats[1], table.seats[2]]
        expectOneMove(stayed)
        #expect(back.moves.isEmpty && (back.isRemoved || back.isTurnedAway))
    }

    @Test("lets those in without asking who were in before", arguments: [true, false])
    func membersComeBack(isRestart: Bool) throws {
        let table = try table(["ann", "bob", "cleo"], needsApproval: true)
        let stranger = table.join("eve")
        table.pass(.seconds(1))
        for seat in table.seats { seat.news = [] }
        isRestart ? table.restart() : table.reset()
        table.pass(.seconds(3))
        for seat in table.seats.prefix(3) {
            #expect(seat.names == ["ann", "bob", "cleo"])
            #expect(seat.asked.allSatisfy { $0 == "eve" } && seat.warnings.isEmpty)
        }
        #expect(!stranger.isInside)
        // Who goes after that is a stranger again.
        let bob = table.seats[1]
        table.drop(bob)
        table.pass(.seconds(3))
        let again = table.join("bob", identity: bob.identity)
        table.pass(.seconds(3))
        #expect(!again.isInside && table.seats[0].asked.contains("bob"))
    }

    @Test("lets those in whom the doorkeeper does not know, and the member who let it in does")
    func awaited() throws {
        let table = try table(["ann", "bob"], needsApproval: true)
        let (ann, bob) = (table.seats[0], table.seats[1])
        table.cut(bob)
        table.restart()
        let back = table.seats[1]
        table.drop(back)
        table.pass(.seconds(2))
        let cleo = table.join("cleo")
        table.pass(.seconds(1))
        try table.perform(.admit(cleo.attachment), as: ann)
        table.pass(.seconds(2))
        #expect(cleo.isInside)
        ann.isReady = false
        let again = table.join("bob", identity: bob.identity)
        table.pass(.seconds(2))
        #expect(again.isInside && cleo.asked.isEmpty)
    }

    // MARK: The door

    @Test("who comes in is told at once of those who ask")
    func briefedOfAsking() throws {
        let table = try table(["ann"], needsApproval: true)
        let ann = table.seats[0]
        let bob = table.join("bob")
        let cleo = table.join("cleo")
        table.pass(.seconds(1))
        try table.perform(.admit(cleo.attachment), as: ann)
        while !cleo.isInside { table.pass(.milliseconds(50)) }
        #expect(cleo.asked == ["bob"])
        try table.perform(.admit(bob.attachment), as: cleo)
        table.pass(.seconds(9))
        #expect(bob.isInside)
    }

    // MARK: Those whom the server calls gone

    @Test("who is heard is not taken out because the server calls them gone")
    func notGone() throws {
        let table = try table(["ann", "bob", "cleo"])
        let (ann, bob) = (table.seats[0], table.seats[1])
        let gone = Presence(attachment: bob.attachment, state: .gone)
        for _ in 0..<10 {
            try table.say("still here", as: bob)
            table.pass(.seconds(5))
            table.take(ann.group.presence(gone, now: table.now), of: ann)
        }
        #expect(bob.isInside && bob.warnings.isEmpty)
        #expect(ann.names == ["ann", "bob", "cleo"])
        // Who says goodbye goes at once.
        try table.say(Content.bye.encoded, as: bob)
        table.drop(bob)
        table.pass(.seconds(5))
        #expect(ann.names == ["ann", "cleo"])
    }
}

extension Table.Seat {
    /// Where it was told to go.
    fileprivate var moves: [(secret: [UInt8], mover: AttachmentID, removed: String)] {
        news.compactMap { news in
            guard case .moved(let secret, let mover, let removed) = news else { return nil }
            return (secret.bytes, mover, String(decoding: removed?.name ?? [], as: UTF8.self))
        }
    }

    fileprivate var isRemoved: Bool {
        news.contains { if case .removedUs = $0 { true } else { false } }
    }

    fileprivate var isTurnedAway: Bool {
        news.contains { if case .turnedAway = $0 { true } else { false } }
    }

    /// Names of those of whom it was told that they ask.
    fileprivate var asked: [String] {
        news.compactMap { news in
            guard case .newcomer(let member) = news else { return nil }
            return String(decoding: member.name, as: UTF8.self)
        }
    }
}
