import MLS
import Testing
import Wire

@testable import Client

/// What a server can do about the record of the log, alone or in league with a member.
extension LyingServerTests {
    /// Entries are gone for one, as the server says.
    private func gap(_ client: StormClient, _ storm: Storm) {
        storm.rooms[0].server.sequence += 1
        let through = storm.rooms[0].server.sequence
        storm.invent([.gap(.init(through: through, count: 1))], to: client)
        storm.advance(.milliseconds(100))
    }

    private func drops(
        from sender: StormClient, for reader: StormClient, _ storm: Storm
    ) -> Storm.Lie {
        { [self] frame, client in
            client === reader && isMessage(frame, of: sender.attachment) ? [] : [frame]
        }
    }

    /// Everybody says a word, and what is owed for it is said, too.
    private func talk(_ storm: Storm) {
        for client in storm.clients {
            storm.sayNext(client)
            storm.advance(.milliseconds(200))
        }
        storm.advance(.seconds(10))
    }

    /// The first of them has no other record than the others.
    private func expectOneRecord(
        _ clients: [StormClient], origin: UInt64? = nil,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let claims = clients.compactMap { $0.group.membership?.record.claim }
        #expect(claims.count == clients.count, sourceLocation: location)
        #expect(Set(claims.map(\.hash)).count == 1, sourceLocation: location)
        if let origin { #expect(claims.first?.origin == origin, sourceLocation: location) }
    }

    /// A fourth member, in league with the server: nothing of her is heard but what the test says.
    private func mallory(_ storm: Storm) throws -> (Envelope.Body, LogClaim?) throws -> Void {
        let mallory = storm.join("mallory")
        storm.advance(.seconds(5))
        let membership = try #require(mallory.group.membership)
        var said: Set<[UInt8]> = []
        storm.upLie = { frame, client in
            guard client === mallory else { return [frame] }
            guard case .append(let append) = frame, said.contains(append.payload) else { return [] }
            return [frame]
        }
        return { body, claim in
            let link = try #require(mallory.link)
            let envelope = Envelope(claim: claim, body: body)
            let payload = try membership.group.encrypt(envelope.encoded).bytes
            said.insert(payload)
            storm.say(
                .append(.init(id: .random(), kind: .message, epoch: 0, payload: payload)), on: link)
            storm.advance(.milliseconds(100))
        }
    }

    @Test(
        "that drops a message is found out, whatever a member in league with it says of the record",
        arguments: 0..<5)
    func dropsInLeague(number: Int) throws {
        let (storm, ann, bob, cleo) = try three()
        let say = try mallory(storm)
        let hash = [UInt8](repeating: 9, count: 32)
        storm.lie = drops(from: ann, for: bob, storm)
        storm.sayNext(ann)
        storm.advance(.milliseconds(100))
        storm.lie = nil
        let last = try #require(ann.position?.sequence)
        switch number {
        case 0: try say(.receipt, nil)
        case 1: try say(.receipt, LogClaim(sequence: last, hash: hash))
        case 2:
            let part = LogClaim.Part(origin: last, since: last)
            try say(.receipt, LogClaim(sequence: last, hash: hash, part: part))
        case 3:
            let part = LogClaim.Part(origin: 1, since: 1)
            try say(.receipt, LogClaim(sequence: last, hash: hash, part: part))
        default:
            for place in (last - 3)...(last + 1) {
                try say(.reminds(LogStart(origin: 0, sequence: place, hash: hash)), nil)
            }
        }
        storm.advance(.seconds(30))
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        storm.sayNext(bob)
        storm.advance(.seconds(8))
        #expect(
            bob.warnings.contains(.init(kind: .differentConversation, about: ann.attachment)))
        for client in [ann, cleo] {
            #expect(
                client.warnings.contains(
                    .init(kind: .differentConversation, about: bob.attachment)))
        }
        #expect([ann, bob, cleo].allSatisfy { $0.stay == 1 })
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    @Test("that drops a message right after it said that others are gone is found out")
    func dropsAfterGap() throws {
        let (storm, ann, bob, cleo) = try three()
        gap(bob, storm)
        storm.sayNext(cleo)
        storm.advance(.milliseconds(100))
        storm.lie = drops(from: ann, for: bob, storm)
        storm.sayNext(ann)
        storm.advance(.milliseconds(100))
        storm.lie = nil
        storm.sayNext(cleo)
        storm.advance(.seconds(12))
        #expect(bob.heard.count == 2)
        #expect(kinds(bob) == [.differentConversation])
    }

    @Test("that says to each in turn that entries are gone leaves them one record")
    func manyGaps() throws {
        let (storm, ann, bob, cleo) = try three()
        for client in [cleo, ann, bob] {
            gap(client, storm)
            storm.sayNext(ann)
            storm.advance(.milliseconds(100))
        }
        #expect(Set(storm.clients.compactMap { $0.group.membership?.record.claim }).count == 3)
        talk(storm)
        talk(storm)
        expectOneRecord([ann, bob, cleo])
        #expect(storm.clients.flatMap(\.warnings) == [])
        #expect(storm.clients.map(\.stay) == [1, 1, 1])
        // It is worth as much as the first one.
        storm.lie = drops(from: ann, for: bob, storm)
        storm.sayNext(ann)
        storm.advance(.milliseconds(100))
        storm.lie = nil
        storm.advance(.seconds(8))
        #expect(kinds(bob) == [.differentConversation])
    }

    @Test("that says so to one leaves them the whole record, and those whom they let in")
    func oneGap() throws {
        let (storm, ann, bob, cleo) = try three()
        gap(bob, storm)
        // Bob alone is asked to let somebody in.
        storm.lie = { frame, client in
            if case .knocked = frame, client !== bob { return [] }
            return [frame]
        }
        let dan = storm.join("dan")
        storm.advance(.seconds(30))
        storm.lie = nil
        #expect(dan.isInside && dan.group.membership?.record.claim?.part != nil)
        talk(storm)
        expectOneRecord([ann, bob, cleo, dan], origin: 0)
        #expect(storm.clients.flatMap(\.warnings) == [])
        #expect(storm.clients.map(\.stay) == [1, 1, 1, 1])
    }

    @Test("whose member pretends to have an older record makes others come in again, and no more")
    func pretendedAge() throws {
        let (storm, ann, bob, cleo) = try three()
        let say = try mallory(storm)
        for client in [ann, bob, cleo] { gap(client, storm) }
        talk(storm)
        let part = LogClaim.Part(origin: 1, since: 1)
        for _ in 0..<3 {
            let last = try #require(ann.position?.sequence)
            let hash = [UInt8](repeating: 9, count: 32)
            try say(.receipt, LogClaim(sequence: last, hash: hash, part: part))
            storm.advance(.seconds(10))
        }
        storm.advance(.seconds(60))
        #expect([ann, bob, cleo].allSatisfy { $0.isInside && (1...3).contains($0.stay) })
        #expect([ann, bob, cleo].contains { $0.stay > 1 })
        talk(storm)
        expectOneRecord([ann, bob, cleo])
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }
}
