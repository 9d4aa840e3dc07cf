import MLS
import Testing
import Wire

@testable import Client

/// What can be done, by words of a later epoch, to members who have lost nothing; and that who has
/// lost track comes in again without leaving first.
extension LyingServerTests {
    private static let farEpoch: UInt64 = 1 << 63

    /// Members who say nothing but what they are told to say, and let nobody in.
    private func silence(_ liars: [StormClient], _ storm: Storm) -> ([UInt8], StormClient) -> Void {
        var said: Set<[UInt8]> = []
        storm.upLie = { frame, client in
            guard liars.contains(where: { $0 === client }) else { return [frame] }
            if case .append(let append) = frame, said.contains(append.payload) { return [frame] }
            return []
        }
        return { payload, liar in
            said.insert(payload)
            guard let link = liar.link else { return }
            storm.say(
                .append(.init(id: .random(), kind: .message, epoch: 0, payload: payload)), on: link)
        }
    }

    private func groupID(_ client: StormClient) throws -> [UInt8] {
        try #require(client.group.membership).group.groupID
    }

    /// Each says a word a second, and all the others hear it.
    private func expectTalk(_ clients: [StormClient], _ storm: Storm, rounds: Int = 3) {
        let before = clients.map { $0.heard.count }
        for _ in 0..<rounds {
            for client in clients { storm.sayNext(client) }
            storm.advance(.seconds(1))
        }
        for (client, count) in zip(clients, before) {
            #expect(client.heard.count - count == rounds * (clients.count - 1))
        }
    }

    @Test(
        "two strangers who speak of a later epoch, and a third who stays away or ready, stop nobody",
        arguments: [false, true])
    func strangers(isReady: Bool) throws {
        let storm = room(["ann", "bob", "cleo"])
        let group = try groupID(storm.clients[0])
        let ann = try person("ann", storm)
        for connection in [9001, 9002, 9003] {
            append(.message, [1], as: connection, to: storm)
        }
        for connection in [9001, 9002] {
            let payload = try message(group: group, epoch: Self.farEpoch, by: ann)
            append(.message, payload, as: connection, to: storm)
        }
        for connection in [9001, 9002] {
            storm.rooms[0].server.leave(connection, now: storm.now)
        }
        if !isReady {
            storm.rooms[0].server.resumeTime = .seconds(3600)
            storm.rooms[0].server.lost(9003, now: storm.now)
        }
        storm.flush(room: 0)
        for _ in 0..<3 { expectTalk(storm.clients, storm) }
        storm.advance(.seconds(30))
        let dan = storm.join("dan")
        storm.advance(.seconds(15))
        #expect(dan.isInside)
        expectTalk(storm.clients, storm)
        for client in storm.clients {
            #expect(client.stay == 1 && kinds(client).isSubset(of: [.outsider]))
        }
    }

    @Test("two who were let in and speak of a later epoch throw nobody out")
    func twoMembers() throws {
        let storm = room(["ann", "bob", "mal", "mob"])
        let liars = try [person("mal", storm), person("mob", storm)]
        let honest = try [person("ann", storm), person("bob", storm)]
        let group = try groupID(honest[0])
        let say = silence(liars, storm)
        for round in UInt64(0)..<6 {
            for liar in liars {
                say(try message(group: group, epoch: Self.farEpoch + round, by: liar), liar)
            }
            expectTalk(honest, storm, rounds: 5)
        }
        for client in honest {
            #expect(client.stay == 1 && client.isInside)
            #expect(kinds(client).isSubset(of: [.unreadable]))
        }
        // Nor do they keep others from coming in.
        let dan = storm.join("dan")
        storm.advance(.seconds(15))
        #expect(dan.isInside && dan.names.contains("bob"))
    }

    @Test("whom nobody else hears stays, says what it wants, and lets others in")
    func alone() throws {
        let storm = room(["ann", "mal", "mob"])
        let liars = try [person("mal", storm), person("mob", storm)]
        let ann = try person("ann", storm)
        let say = silence(liars, storm)
        for round in UInt64(0)..<12 {
            for liar in liars {
                let payload = try message(
                    group: groupID(ann), epoch: Self.farEpoch + round, by: liar)
                say(payload, liar)
            }
            storm.sayNext(ann)
            storm.advance(.seconds(5))
        }
        #expect(ann.stay == 1 && ann.isInside && ann.queue.isEmpty)
        let dan = storm.join("dan")
        storm.advance(.seconds(20))
        #expect(dan.isInside)
        expectTalk([ann, dan], storm)
    }

    @Test("from whom a commit was withheld goes on speaking until it is let in again")
    func speaksOn() throws {
        let (storm, ann, bob, cleo) = try three()
        storm.lie = { frame, client in
            guard client === bob, case .entry(let entry) = frame, entry.kind == .commit else {
                return [frame]
            }
            return []
        }
        try storm.perform(ann.group.perform(.rename(Array("anna".utf8)), now: storm.now), of: ann)
        ann.name = "anna"
        storm.advance(.seconds(1))
        storm.lie = nil
        storm.sayNext(ann)
        storm.advance(.seconds(2))
        // Nobody lets him in for a while.
        var isShut = true
        storm.upLie = { frame, client in
            if isShut, client === bob, case .knock = frame { return [] }
            return [frame]
        }
        storm.advance(.seconds(3))
        #expect(bob.isInside && bob.stay == 1 && kinds(bob) == [.withheldCommit])
        storm.sayNext(bob)
        storm.advance(.milliseconds(500))
        #expect(ann.heard.count == 1 && cleo.heard.count == 2)
        isShut = false
        storm.advance(.seconds(70))
        #expect(bob.stay == 2 && kinds(bob) == [.withheldCommit])
        expectHealed(storm)
    }

    @Test("who has a gap does not leave for what somebody says who is not in")
    func gapAndStranger() throws {
        let (storm, ann, bob, cleo) = try three()
        storm.rooms[0].server.sequence += 1
        let through = storm.rooms[0].server.sequence
        storm.invent([.gap(.init(through: through, count: 1))], to: bob)
        storm.advance(.milliseconds(100))
        for connection in [9001, 9002, 9003] {
            let payload = try message(group: groupID(bob), epoch: Self.farEpoch, by: ann)
            append(.message, payload, as: connection, to: storm)
        }
        expectTalk([ann, bob, cleo], storm, rounds: 10)
        #expect(bob.stay == 1 && bob.isInside)
        #expect(bob.group.membership?.missedAfter == nil)
    }

    @Test(
        "a Welcome leads on only in the same group, later, and from somebody known, or from the last"
    )
    func leadsOn() throws {
        let (storm, _, bob, _) = try three()
        let membership = try #require(bob.group.membership)
        var context = membership.group.context
        let ann = try #require(
            membership.roster.members.values.first { $0.name == Array("ann".utf8) })
        let stranger = RoomMember(
            attachment: AttachmentID(9), name: [0x65], identityKey: [UInt8](repeating: 9, count: 32)
        )
        #expect(bob.group.leadsOn(to: context, by: ann), "outside every Welcome does")
        _ = bob.group.rejoin(because: .leftBehind, now: storm.now)
        #expect(!bob.group.leadsOn(to: context, by: ann))
        context.epoch += 1
        #expect(bob.group.leadsOn(to: context, by: ann))
        #expect(!bob.group.leadsOn(to: context, by: stranger))
        bob.group.seeking?.knocksLeft = 0
        #expect(!bob.group.leadsOn(to: context, by: stranger))
        for member in membership.roster.attachments { bob.group.presences[member] = .away }
        #expect(bob.group.leadsOn(to: context, by: stranger), "all whom he knew are gone")
        context.groupID = [1]
        #expect(!bob.group.leadsOn(to: context, by: ann))
        bob.group.stayInside()
        #expect(bob.group.seeking == nil && bob.isInside)
    }

    @Test("what outsiders write is told of in one way, whatever it is")
    func garbage() throws {
        let storm = room(["ann", "bob"])
        let ann = try person("ann", storm)
        var entries: [(EntryKind, [UInt8])] = []
        storm.lie = { frame, _ in
            if case .entry(let entry) = frame { entries.append((entry.kind, entry.payload)) }
            return [frame]
        }
        storm.sayNext(ann)
        try storm.perform(ann.group.perform(.rename(Array("anna".utf8)), now: storm.now), of: ann)
        storm.advance(.seconds(2))
        storm.lie = nil
        let group = try groupID(ann)
        var payloads: [(EntryKind, [UInt8])] =
            entries + [
                (.message, []), (.message, [1, 2, 3]), (.commit, []), (.commit, [2]),
                (.commit, CommitEntry.commit([1]).encoded),
            ]
        for epoch in [0, ann.group.membership?.group.epoch ?? 0, 1000, Self.farEpoch] {
            var payload = try message(group: group, epoch: epoch, by: ann)
            payload[payload.count - 1] ^= 1
            payloads += [(.message, payload), (.commit, CommitEntry.commit(payload).encoded)]
        }
        for (number, (kind, payload)) in payloads.enumerated() {
            append(kind, payload, as: 9001 + number, to: storm)
        }
        storm.advance(.seconds(10))
        for client in storm.clients { #expect(kinds(client) == [.outsider] && client.stay == 1) }
    }
}

extension StormClient {
    /// Names of everybody in the group, as this one sees it.
    var names: Set<String> {
        let members = group.membership.map { Array($0.roster.members.values) } ?? []
        return Set(members.map { String(decoding: $0.name, as: UTF8.self) })
    }
}
