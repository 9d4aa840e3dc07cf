import MLS
import Testing
import Wire

@testable import Client

/// What a server that lies can do, and what people see of it.
///
/// In all of these the storm's own account holds besides: nobody hears what was not said, from
/// another than who said it, out of order, or what was sealed before they came in.
@Suite("A server that lies", .serialized)
struct LyingServerTests {
    typealias Kind = RoomWarning.Kind

    /// A room where these are in, on quick connections.
    private func room(_ names: [String], needsApproval: Bool = false) -> Storm {
        let storm = Storm(seed: 1, needsApproval: needsApproval)
        storm.isCalm = true
        for name in names {
            storm.join(name)
            storm.advance(.seconds(1))
        }
        #expect(storm.clients.allSatisfy { $0.isInside })
        storm.hasLies = true
        return storm
    }

    private func person(_ name: String, _ storm: Storm) throws -> StormClient {
        try #require(storm.clients.first { $0.name == name })
    }

    private func three() throws -> (Storm, StormClient, StormClient, StormClient) {
        let storm = room(["ann", "bob", "cleo"])
        return (
            storm, try person("ann", storm), try person("bob", storm), try person("cleo", storm)
        )
    }

    private func kinds(_ client: StormClient) -> Set<Kind> { Set(client.warnings.map(\.kind)) }

    /// All are in one epoch and hear each other.
    private func expectHealed(_ storm: Storm) {
        storm.lie = nil
        storm.upLie = nil
        storm.becomeQuiet()
        storm.expectRosters()
        storm.callTheRoll()
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    private func isMessage(_ frame: ServerFrame, of sender: AttachmentID?) -> Bool {
        if case .entry(let entry) = frame {
            entry.kind == .message && (sender == nil || entry.sender == sender)
        } else {
            false
        }
    }

    // MARK: Entries

    @Test("that drops a message for one is found out by the next who speaks")
    func drops() throws {
        let (storm, ann, bob, cleo) = try three()
        storm.lie = { [self] frame, client in
            client === bob && isMessage(frame, of: ann.attachment) ? [] : [frame]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        storm.lie = nil
        storm.sayNext(cleo)
        storm.advance(.milliseconds(200))
        #expect(bob.heard.count == 1)
        #expect(bob.warnings.first == .init(kind: .differentConversation, about: cleo.attachment))
        #expect(
            Kind.differentConversation.sentence(about: "cleo", since: "14:02")
                .hasPrefix("the server has shown cleo a different conversation since 14:02"))
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    @Test("that drops a message for one is found out by receipts when nobody speaks")
    func dropsLast() throws {
        let (storm, ann, bob, _) = try three()
        var dropped = false
        storm.lie = { [self] frame, client in
            guard client === bob, !dropped, isMessage(frame, of: ann.attachment) else {
                return [frame]
            }
            dropped = true
            return []
        }
        storm.sayNext(ann)
        storm.advance(.seconds(6))
        #expect(dropped && bob.heard.isEmpty)
        #expect(kinds(bob) == [.differentConversation])
    }

    @Test("that sends a message twice is reported, and it is heard once")
    func repeats() throws {
        let (storm, ann, bob, cleo) = try three()
        var old: ServerFrame.Entry?
        storm.lie = { frame, client in
            if client === bob, case .entry(let entry) = frame, entry.sender == ann.attachment {
                old = entry
            }
            return [frame]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        storm.lie = nil
        var again = try #require(old)
        again.sequence += 1
        storm.invent([.entry(again)], to: bob)
        storm.advance(.milliseconds(200))
        #expect(bob.warnings == [.init(kind: .repeatedEntry, about: ann.attachment)])
        for _ in 0..<2 {
            storm.sayNext(cleo)
            storm.advance(.milliseconds(200))
        }
        #expect(bob.heard.values.allSatisfy { $0 == 1 } && bob.heard.count == 3)
        #expect(kinds(bob) == [.repeatedEntry, .differentConversation])
    }

    @Test("that shows one member another order is found out")
    func reorders() throws {
        let (storm, ann, bob, cleo) = try three()
        var kept: ServerFrame?
        storm.lie = { [self] frame, client in
            guard client === bob, isMessage(frame, of: nil) else { return [frame] }
            if kept == nil, isMessage(frame, of: ann.attachment) {
                kept = frame
                return []
            }
            guard case .entry(var second) = frame, case .entry(var first)? = kept else {
                return [frame]
            }
            kept = nil
            swap(&first.sequence, &second.sequence)
            return [.entry(second), .entry(first)]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(30))
        storm.sayNext(cleo)
        storm.advance(.seconds(6))
        #expect(bob.heard.count == 2)
        #expect(kinds(bob).contains(.differentConversation))
        #expect(kinds(ann).isSubset(of: [.differentConversation]))
    }

    @Test("that withholds a commit from one is found out, and they come in again")
    func withholdsCommit() throws {
        let (storm, ann, bob, cleo) = try three()
        storm.lie = { frame, client in
            if client === bob, case .entry(let entry) = frame, entry.kind == .commit { return [] }
            return [frame]
        }
        try storm.perform(ann.group.perform(.rename(Array("anna".utf8)), now: storm.now), of: ann)
        ann.name = "anna"
        storm.advance(.seconds(1))
        storm.lie = nil
        storm.sayNext(ann)
        storm.sayNext(cleo)
        storm.advance(.seconds(5))
        #expect(bob.heard.isEmpty && bob.stay == 2)
        #expect(kinds(bob).contains(.withheldCommit))
        expectHealed(storm)
    }

    @Test("that withholds a commit from one while only one speaks is found out, too")
    func withholdsCommitOneSpeaks() throws {
        let (storm, ann, bob, _) = try three()
        storm.lie = { frame, client in
            if client === bob, case .entry(let entry) = frame, entry.kind == .commit { return [] }
            return [frame]
        }
        try storm.perform(ann.group.perform(.rename(Array("anna".utf8)), now: storm.now), of: ann)
        ann.name = "anna"
        storm.advance(.seconds(1))
        storm.lie = nil
        storm.sayNext(ann)
        storm.advance(.seconds(8))
        #expect(bob.heard.isEmpty && bob.stay == 2)
        #expect(kinds(bob).contains(.withheldCommit))
        expectHealed(storm)
    }

    @Test("that changes who said something is contradicted by the seal")
    func changesSender() throws {
        let (storm, ann, bob, cleo) = try three()
        storm.lie = { [self] frame, client in
            guard client === bob, isMessage(frame, of: ann.attachment),
                case .entry(var entry) = frame, let cleo = cleo.attachment
            else { return [frame] }
            entry.sender = cleo
            return [.entry(entry)]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        #expect(bob.heard.isEmpty)
        #expect(bob.warnings == [.init(kind: .wrongSender, about: ann.attachment)])
    }

    @Test("that shows one their own words as another's is not believed")
    func echoes() throws {
        let (storm, ann, bob, cleo) = try three()
        var own: [UInt8]?
        storm.upLie = { frame, client in
            if client === ann, case .append(let append) = frame { own = append.payload }
            return [frame]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        let payload = try #require(own)
        let sender = try #require(cleo.attachment)
        let sequence = try #require(ann.position?.sequence) + 1
        storm.invent(
            [
                .entry(
                    .init(sequence: sequence, sender: sender, kind: .message, payload: payload))
            ], to: ann)
        storm.advance(.milliseconds(200))
        #expect(ann.heard.isEmpty && bob.heard.count == 1)
        #expect(ann.warnings == [.init(kind: .repeatedEntry, about: nil)])
    }

    @Test("that makes up entries, or spoils them, is reported; nobody stops")
    func garbage() throws {
        let (storm, ann, bob, cleo) = try three()
        let sender = try #require(cleo.attachment)
        storm.lie = { [self] frame, client in
            guard client === bob, isMessage(frame, of: ann.attachment),
                case .entry(var entry) = frame
            else { return [frame] }
            entry.payload[entry.payload.count - 1] ^= 1
            return [.entry(entry)]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        storm.lie = nil
        #expect(bob.warnings == [.init(kind: .unreadable, about: ann.attachment)])
        let start = try #require(bob.position?.sequence)
        for number in UInt64(1)...200 {
            let payload = (0..<Int(number)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            storm.invent(
                [
                    .entry(
                        .init(
                            sequence: start + number, sender: sender,
                            kind: number % 3 == 0 ? .commit : .message, payload: payload))
                ], to: bob)
        }
        storm.advance(.seconds(1))
        #expect(bob.isInside && bob.heard.isEmpty)
        #expect(
            kinds(bob).isSubset(of: [.unreadable, .refusedCommit, .differentConversation]))
    }

    @Test("that speaks of a later epoch in one member's name throws nobody out")
    func laterEpoch() throws {
        let (storm, ann, bob, cleo) = try three()
        for reader in [ann, bob, cleo] {
            let author = reader === ann ? bob : ann
            guard let group = reader.group.membership?.group.groupID,
                let sender = author.attachment, let last = reader.position?.sequence
            else { return }
            var message = try forge(by: author)
            message.groupID = group
            message.epoch += 7
            storm.invent(
                [
                    .entry(
                        .init(
                            sequence: last + 1, sender: sender, kind: .message,
                            payload: MLSMessage.privateMessage(message).bytes))
                ], to: reader)
        }
        storm.advance(.seconds(10))
        // Each was shown another log, which is told; and some may come in again.
        storm.sayNext(ann)
        storm.advance(.seconds(1))
        expectHealed(storm)
    }

    private func forge(by author: StormClient) throws -> PrivateMessage {
        let membership = try #require(author.group.membership)
        let sealed = try membership.group.encrypt([1, 2, 3])
        guard case .privateMessage(let message) = sealed else { throw CancellationError() }
        return message
    }

    @Test("that says that entries are gone takes no record away for good")
    func gaps() throws {
        let (storm, ann, bob, cleo) = try three()
        for client in storm.clients {
            let through = try #require(client.position?.sequence)
            storm.invent([.gap(.init(through: through, count: 0))], to: client)
        }
        storm.advance(.seconds(40))
        var dropped = false
        storm.lie = { [self] frame, client in
            guard client === bob, !dropped, isMessage(frame, of: ann.attachment) else {
                return [frame]
            }
            dropped = true
            return []
        }
        storm.sayNext(ann)
        storm.advance(.seconds(1))
        storm.sayNext(cleo)
        storm.advance(.seconds(8))
        #expect(dropped && kinds(bob) == [.differentConversation])
    }

    // MARK: The whole room

    @Test("that splits the room in two shows nothing of it while it can keep them apart")
    func partition() throws {
        let storm = room(["ann", "bob", "cleo", "dan"])
        let ann = try person("ann", storm)
        let bob = try person("bob", storm)
        let left: Set<Int> = [ann.number, bob.number]
        let sides = Dictionary(
            uniqueKeysWithValues: storm.clients.compactMap { client in
                client.attachment.map { ($0, left.contains(client.number)) }
            })
        storm.lie = { frame, client in
            guard case .entry(let entry) = frame else { return [frame] }
            return sides[entry.sender] == left.contains(client.number) ? [frame] : []
        }
        for _ in 0..<3 {
            for client in storm.clients { storm.sayNext(client) }
            storm.advance(.seconds(4))
        }
        // It cannot be told from a room where the others are silent.
        #expect(storm.clients.allSatisfy { $0.warnings.isEmpty })
        // But it cannot be undone either: the first word across tells everybody.
        storm.lie = nil
        for client in storm.clients { storm.sayNext(client) }
        storm.advance(.seconds(10))
        #expect(storm.clients.allSatisfy { !$0.warnings.isEmpty })
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    @Test("that shows entries of an earlier life of the room shows nothing of it")
    func oldIncarnation() throws {
        let (storm, ann, bob, cleo) = try three()
        for client in storm.clients { storm.sayNext(client) }
        storm.advance(.seconds(5))
        let old = storm.rooms[0].server.entries
        let heard = bob.heard
        storm.restart(room: 0)
        storm.becomeQuiet()
        let start = try #require(bob.position?.sequence)
        for (index, entry) in old.enumerated() where entry.kind == .message {
            var entry = entry
            entry.sequence = start + UInt64(index) + 1
            storm.invent([.entry(entry)], to: bob)
        }
        storm.advance(.milliseconds(300))
        #expect(bob.heard == heard)
        storm.sayNext(ann)
        storm.advance(.seconds(1))
        storm.sayNext(cleo)
        storm.advance(.seconds(8))
        #expect(kinds(bob).contains(.differentConversation))
    }

    // MARK: The door

    @Test("that answers a knock itself is reported, and the newcomer comes in all the same")
    func answersKnock() throws {
        let storm = room(["ann"])
        var lies = 3
        storm.lie = { frame, _ in
            guard lies > 0, case .answered(var answered) = frame else { return [frame] }
            lies -= 1
            answered.payload = lies == 0 ? [1, 2, 3] : [UInt8](repeating: UInt8(lies), count: 300)
            return [.answered(answered)]
        }
        let bob = storm.join("bob")
        storm.advance(.seconds(30))
        #expect(lies == 0 && bob.isInside)
        #expect(kinds(bob) == [.forgedWelcome])
        expectHealed(storm)
    }

    @Test("that makes a Welcome of its own cannot put the room's secret into it")
    func ownWelcome() throws {
        let storm = room(["ann"])
        var forged = 0
        storm.upLie = { frame, client in
            guard client.name == "bob", case .knock(let payload) = frame, forged < 2,
                let answer = try? Self.welcome(to: payload)
            else { return [frame] }
            forged += 1
            storm.invent([.answered(answer)], to: client)
            return []
        }
        let bob = storm.join("bob")
        storm.advance(.seconds(1))
        #expect(forged == 1 && !bob.isInside)
        #expect(kinds(bob) == [.forgedWelcome])
        storm.advance(.seconds(20))
        #expect(bob.isInside)
        expectHealed(storm)
    }

    /// A group of the server's, with the newcomer in it.
    private static func welcome(to knock: [UInt8]) throws -> ServerFrame.Answered {
        let package = try MLSMessage(bytes: Array(knock.dropFirst(RoomKeys.macSize)))
        guard case .keyPackage(let package) = package else { throw CancellationError() }
        let environment = Environment(now: { 1_800_000_000 })
        let key = try SignaturePrivateKey(for: package.cipherSuite, environment: environment)
        let identity = MLS.Identity(
            credential: .basic(identity: Array("ann".utf8)), signatureKey: key)
        var group = try Group.create(
            suite: package.cipherSuite, identity: identity,
            capabilities: MLSRoomGroup.capabilities,
            extensions: [RoomRules(needsApproval: false).asExtension], environment: environment)
        var options = CommitOptions()
        options.putsTreeInWelcome = false
        let commit = try group.commit([.add(package)], options: options)
        let (welcome, tree) = (commit.welcome?.bytes ?? [], commit.ratchetTree)
        try group.adopt(commit)
        let briefing = Envelope(
            claim: nil, body: .briefing(.init(sequence: 1, hash: nil, logEpoch: 1)))
        let admission = DoorAnswer.Admission(
            welcome: welcome, ratchetTree: tree,
            briefing: try group.encrypt(briefing.encoded).bytes)
        return .init(
            doorkeeper: AttachmentID(1), payload: DoorAnswer.admitted(admission).encoded)
    }

    @Test("that gives a newcomer an old Welcome, or another's, is asked again")
    func wrongWelcome() throws {
        let storm = room(["ann"])
        var answers: [ServerFrame] = []
        storm.lie = { frame, client in
            guard case .answered = frame else { return [frame] }
            answers.append(frame)
            guard client.name != "bob", let old = answers.first, answers.count < 4 else {
                return [frame]
            }
            return [old]
        }
        storm.join("bob")
        storm.advance(.seconds(1))
        let cleo = storm.join("cleo")
        storm.advance(.seconds(1))
        #expect(!cleo.isInside)
        storm.advance(.seconds(15))
        #expect(cleo.isInside && answers.count == 4)
        expectHealed(storm)
    }

    @Test("that swaps knocks, or has none with the link, is turned away at the door")
    func swapsKnocks() throws {
        let storm = room(["ann"])
        let ann = try person("ann", storm)
        storm.lie = { frame, _ in
            guard case .knocked(var knocked) = frame else { return [frame] }
            knocked.newcomer = AttachmentID(knocked.newcomer.number ^ 1)
            return [.knocked(knocked)]
        }
        let bob = storm.join("bob")
        storm.advance(.seconds(3))
        #expect(!bob.isInside && kinds(ann) == [.forgedKnock])
        #expect(ann.group.membership?.group.memberCount == 1)
        expectHealed(storm)
        #expect(bob.isInside)
    }

    @Test("that shows somebody who is not there adds nobody to the room")
    func ghost() throws {
        let (storm, ann, bob, _) = try three()
        let epoch = storm.rooms[0].server.epoch
        for client in storm.clients {
            for number in UInt64(1)...50 {
                storm.invent(
                    [.presence(Presence(attachment: AttachmentID(number), state: .here))],
                    to: client)
            }
        }
        storm.advance(.milliseconds(300))
        #expect(storm.rooms[0].server.epoch == epoch)
        #expect(ann.group.membership?.roster.attachments.count == 3)
        #expect(bob.warnings.isEmpty)
        expectHealed(storm)
    }

    // MARK: Who is there, and what is counted

    @Test("that says of one that they are gone has them taken out, and they say so and come back")
    func saysGone() throws {
        let (storm, ann, bob, cleo) = try three()
        let who = try #require(bob.attachment)
        for client in [ann, cleo] {
            storm.invent([.presence(Presence(attachment: who, state: .gone))], to: client)
        }
        storm.advance(.seconds(600))
        // One lie, never taken back: they are taken out ever more seldom.
        #expect(kinds(bob) == [.droppedWhileHere])
        #expect((3...16).contains(bob.stay))
        #expect(kinds(ann).isEmpty && kinds(cleo).isEmpty)
        // Here and away are a server's word, and cost nothing.
        for client in [ann, cleo] {
            for state in [Presence.State.away, .here] {
                storm.invent([.presence(Presence(attachment: who, state: state))], to: client)
            }
        }
        storm.advance(.seconds(1))
        expectHealed(storm)
    }

    @Test("that answers every commit with a conflict is asked ever more seldom")
    func conflicts() throws {
        let (storm, ann, bob, cleo) = try three()
        var commits = 0
        storm.upLie = { frame, client in
            guard case .append(let append) = frame, append.kind == .commit else { return [frame] }
            commits += 1
            storm.invent(
                [.conflict(id: append.id, epoch: UInt64.random(in: 0 ... .max))], to: client)
            return []
        }
        let steps = storm.rooms[0].server.sequence
        try storm.perform(ann.group.perform(.rename(Array("anna".utf8)), now: storm.now), of: ann)
        ann.name = "anna"
        storm.advance(.seconds(300))
        #expect(commits < 200)
        #expect(storm.rooms[0].server.sequence < steps + 100)
        storm.sayNext(cleo)
        storm.advance(.milliseconds(300))
        #expect(bob.heard.count == 1)
        expectHealed(storm)
    }

    @Test("that names the highest of all epochs stops nobody")
    func highestEpoch() throws {
        let storm = Storm(seed: 2)
        storm.isCalm = true
        storm.hasLies = true
        storm.lie = { frame, _ in
            switch frame {
            case .attached(var attached):
                attached.epoch = .max
                return [.attached(attached)]
            case .conflict(let id, _): return [.conflict(id: id, epoch: .max)]
            default: return [frame]
            }
        }
        storm.join("ann")
        storm.join("bob")
        storm.advance(.seconds(60))
        #expect(storm.problems.isEmpty, "\(storm.report)")
        expectHealed(storm)
    }

    @Test("that floods a newcomer with garbage while it waits leaves no hole behind")
    func floodsNewcomer() throws {
        let storm = room(["ann", "bob"])
        let ann = try person("ann", storm)
        var flooded = false
        storm.lie = { frame, client in
            guard client.name == "cleo", !flooded, case .answered = frame,
                let sender = ann.attachment
            else { return [frame] }
            flooded = true
            let last = storm.rooms[0].server.sequence
            let garbage = (1...UInt64(Seeking.maximumHeld + 1)).map { number in
                ServerFrame.entry(
                    .init(
                        sequence: last + number, sender: sender, kind: .message, payload: [1, 2]))
            }
            return garbage + [frame]
        }
        let cleo = storm.join("cleo")
        storm.advance(.seconds(30))
        #expect(flooded && cleo.isInside && cleo.stay == 1)
        storm.lie = nil
        storm.callTheRoll()
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }
}
