import MLS
import Testing
import Wire

@testable import Client

/// What somebody can do who has the link and is not in the group: attach, append to the log, say
/// that they let others in.
extension LyingServerTests {
    /// Appends as somebody who is attached, and says that they would let others in.
    func append(
        _ kind: EntryKind, _ payload: [UInt8], as connection: Int, to storm: Storm
    ) {
        var server = storm.rooms[0].server
        if server.attachment(on: connection) == nil {
            server.attach(connection, resume: nil, now: storm.now)
            server.receive(.ready(true), from: connection, now: storm.now)
        }
        server.receive(
            .append(.init(id: .random(), kind: kind, epoch: server.epoch, payload: payload)),
            from: connection, now: storm.now)
        storm.rooms[0].server = server
        storm.flush(room: 0)
    }

    func message(group: [UInt8], epoch: UInt64, by author: StormClient) throws -> [UInt8] {
        let membership = try #require(author.group.membership)
        let sealed = try membership.group.encrypt([1, 2, 3])
        guard case .privateMessage(var message) = sealed else { throw CancellationError() }
        message.groupID = group
        message.epoch = epoch
        return MLSMessage.privateMessage(message).bytes
    }

    @Test("and outsiders who speak of a later epoch throw nobody out")
    func outsidersEpoch() throws {
        let storm = room(["ann"], needsApproval: true)
        let ann = try person("ann", storm)
        let others = ["bob", "cleo"].map { storm.join($0) }
        storm.becomeQuiet()
        let group = try #require(ann.group.membership).group.groupID
        for round in UInt64(1)...3 {
            for connection in [9001, 9002, 9003] {
                let payload = try message(group: group, epoch: 1000 * round, by: ann)
                append(.message, payload, as: connection, to: storm)
            }
            storm.advance(.seconds(5))
        }
        for client in others + [ann] {
            #expect(client.stay == 1 && client.isInside)
            #expect(kinds(client) == [.outsider])
        }
    }

    @Test("and outsiders do not lead off who made the room and is alone in it")
    func outsidersGroup() throws {
        let storm = room(["ann"])
        storm.hasLies = true
        let ann = try person("ann", storm)
        let payload = try message(group: [1, 2, 3], epoch: 3, by: ann)
        append(.message, payload, as: 9001, to: storm)
        storm.advance(.seconds(10))
        #expect(ann.stay == 1 && ann.isInside)
        #expect(kinds(ann) == [.secondConversation])
    }

    @Test("where members decide, no stranger leads who fell out into another group")
    func strangersGroup() throws {
        let (_, ann, bob, _) = try three()
        let membership = try #require(ann.group.membership)
        let last = LastGroup(membership)
        let (own, other) = (membership.group.groupID, [UInt8](repeating: 1, count: 32))
        #expect(last.leads(to: other, by: [9]), "whoever has the link may let others in")
        let storm = Storm(seed: 1, needsApproval: true)
        let dora = storm.join("dora")
        storm.advance(.seconds(2))
        let strict = LastGroup(try #require(dora.group.membership))
        let strictGroup = try #require(dora.group.membership).group.groupID
        #expect(!strict.leads(to: other, by: [9]))
        #expect(strict.leads(to: strictGroup, by: [9]))
        #expect(strict.leads(to: other, by: dora.identity.publicKey))
        #expect(last.leads(to: own, by: bob.identity.publicKey))
        // Whoever is to be out leads nobody anywhere, and nobody wants oneself out.
        let bobs = try #require(bob.attachment.flatMap { membership.roster[$0] })
        let anns = try #require(ann.attachment.flatMap { membership.roster[$0] })
        #expect(ann.group.mayFollow(bobs, into: own))
        ann.group.want(out: [bobs, anns])
        #expect(!ann.group.mayFollow(bobs, into: own))
        #expect(ann.group.removals == [bobs])
        // Dora falls out of hers.
        _ = dora.group.seekAgain(now: storm.now)
        #expect(!dora.group.mayFollow(bobs, into: other))
        #expect(dora.group.mayFollow(bobs, into: strictGroup))
    }

    @Test("and who is let in twice, by two knocks, is out for a moment and told nothing false")
    func servedTwice() throws {
        let storm = room(["ann", "bob"])
        var held: ServerFrame?
        storm.lie = { frame, client in
            guard client.name == "cleo", case .answered = frame, held == nil else { return [frame] }
            held = frame
            return []
        }
        var knocks = 0
        storm.upLie = { frame, client in
            guard client.name == "cleo", case .knock = frame else { return [frame] }
            knocks += 1
            if knocks == 2, let held { storm.invent([held], to: client) }
            return [frame]
        }
        let cleo = storm.join("cleo")
        storm.advance(.seconds(80))
        #expect(knocks == 2 && cleo.stay == 2 && cleo.isInside)
        #expect(kinds(cleo).isEmpty)
        expectHealed(storm)
    }
}
