import MLS
import Testing
import Wire

@testable import Client

/// What a server that lies can do about who comes in, who is there, and what is counted.
extension LyingServerTests {
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
                let answer = try? Self.welcome(to: payload, keys: RoomKeys(client.secret))
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

    /// A group of the server's, with the newcomer in it. Even if it knew the key of the door.
    private static func welcome(
        to knock: [UInt8], keys: RoomKeys
    ) throws -> ServerFrame.Answered {
        let opened = keys.open(knock, "sealed knock") ?? []
        let head = RoomKeys.macSize + MemoryLayout<UInt64>.size
        let package = try MLSMessage(bytes: Array(opened.dropFirst(head)))
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
            doorkeeper: AttachmentID(1), payload: DoorAnswer.admitted(admission).sealed(keys))
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

    @Test("that asks a second doorkeeper about a knock that was served has nobody let in twice")
    func asksTwice() throws {
        let storm = room(["ann", "bob"])
        var knock: ServerFrame?
        storm.lie = { frame, _ in
            if case .knocked = frame { knock = frame }
            return [frame]
        }
        let cleo = storm.join("cleo")
        storm.advance(.seconds(1))
        #expect(cleo.isInside)
        let epoch = storm.rooms[0].server.epoch
        for client in storm.clients { storm.invent([try #require(knock)], to: client) }
        storm.advance(.seconds(1))
        #expect(storm.rooms[0].server.epoch == epoch && cleo.stay == 1)
        expectHealed(storm)
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
