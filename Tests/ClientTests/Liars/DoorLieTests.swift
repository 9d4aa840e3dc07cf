import MLS
import TestSupport
import Testing
import Wire

@testable import Client

/// What stands on people's screens when the server lies about who comes in and who is there.
@Suite("On screen, a server that lies about who is there", .oneAtATime, .timeLimit(.minutes(1)))
struct DoorLieTests {
    // MARK: Knocks

    @Test("by answering a knock itself", arguments: [0, 3, 300])
    func answersKnock(size: Int) throws {
        let scene = try Scene("ann")
        scene.hearing { frame, name in
            guard name == "bob", case .knock = frame else { return [frame] }
            let payload = [UInt8](repeating: 1, count: size)
            scene.answer(
                [.answered(.init(doorkeeper: AttachmentID(1), payload: payload))], to: "bob")
            return []
        }
        let bob = scene.join("bob")
        scene.pass(.seconds(5))
        #expect(bob.news() == [Warned.forgedWelcome] && !bob.isInside)
        scene.beHonest()
        scene.pass(.seconds(5))
        #expect(bob.news().first == "-- you are bob, with 1 other here (ann)")
        try scene.expectHealed()
    }

    @Test("by a Welcome of its own making, even with the key of the door")
    func ownWelcome() throws {
        let scene = try Scene("ann")
        let ann = try scene["ann"]
        let keys = RoomKeys(scene.secret)
        let log = try #require(ann.group.honest.place).log
        scene.hearing { frame, name in
            guard name == "bob", case .knock(let payload) = frame, let bob = try? scene["bob"],
                let knock = Knock(payload, keys: keys, log: log, attachment: bob.attachment),
                let answer = try? Self.welcome(to: knock.keyPackage, keys: keys)
            else { return [frame] }
            scene.answer(
                [.answered(.init(doorkeeper: ann.attachment, payload: answer))], to: "bob")
            return []
        }
        let bob = scene.join("bob")
        scene.pass(.seconds(5))
        #expect(bob.news() == [Warned.forgedWelcome] && !bob.isInside)
        scene.beHonest()
        scene.pass(.seconds(5))
        #expect(bob.news().first == "-- you are bob, with 1 other here (ann)")
        #expect(ann.news() == ["-- bob joined, for the first time"])
        try scene.expectHealed()
    }

    /// A group of the server's, with the newcomer in it.
    private static func welcome(to package: KeyPackage, keys: RoomKeys) throws -> [UInt8] {
        let environment = Environment(now: { Scene.start })
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
        let start = LogStart(origin: 0, sequence: 1, hash: [UInt8](repeating: 0, count: 32))
        let briefing = Envelope(
            claim: nil, body: .briefing(.init(start: start, logEpoch: 1)))
        let admission = DoorAnswer.Admission(
            welcome: welcome, ratchetTree: tree,
            briefing: try group.encrypt(briefing.encoded).bytes)
        return DoorAnswer.admitted(admission).sealed(keys)
    }

    @Test("by giving one newcomer another's Welcome")
    func othersWelcome() throws {
        let scene = try Scene("ann")
        let first = OnStage<ServerFrame?>(nil)
        scene.showing { frame, name in
            guard case .answered = frame else { return [frame] }
            if first.value == nil { first.value = frame }
            return first.value.map { [$0] } ?? []
        }
        scene.join("bob")
        scene.pass(.seconds(3))
        let cleo = scene.join("cleo")
        scene.pass(.seconds(3))
        #expect(!cleo.isInside && cleo.news() == [])
        scene.beHonest()
        scene.pass(.seconds(30))
        #expect(cleo.news().first == "-- you are cleo, with 2 others here (ann, bob)")
        try scene.expectHealed()
    }

    @Test("by swapping the knocks of two")
    func swapsKnocks() throws {
        let scene = try Scene("ann")
        let ann = try scene["ann"]
        let knocks = OnStage<[ServerFrame.Knocked]>([])
        scene.showing { frame, _ in
            guard case .knocked(let knocked) = frame else { return [frame] }
            knocks.value.append(knocked)
            guard knocks.value.count == 2 else { return [] }
            let (one, two) = (knocks.value[0], knocks.value[1])
            knocks.value = []
            return [
                .knocked(.init(knock: one.knock, newcomer: one.newcomer, payload: two.payload)),
                .knocked(.init(knock: two.knock, newcomer: two.newcomer, payload: one.payload)),
            ]
        }
        let (bob, cleo) = (scene.join("bob"), scene.join("cleo"))
        scene.pass(.seconds(5))
        #expect(ann.news() == [Warned.forgedKnock])
        #expect(!bob.isInside && !cleo.isInside)
        scene.beHonest()
        scene.pass(.seconds(90))
        #expect(bob.isInside && cleo.isInside)
        try scene.expectHealed()
    }

    @Test("by bringing one in by the decision about another")
    func swapsDecisions() throws {
        let scene = try Scene("ann", needsApproval: true)
        let ann = try scene["ann"]
        let bob = scene.join("bob")
        scene.pass(.seconds(2))
        _ = ann.news()
        scene.showing { frame, name in
            guard case .knocked(var knocked) = frame else { return [frame] }
            knocked.newcomer = bob.attachment
            return [.knocked(knocked)]
        }
        let eve = scene.join("eve")
        try ann.admitAll()
        scene.pass(.seconds(30))
        #expect(bob.isInside && !eve.isInside)
        #expect(
            ann.news() == [
                Warned.forgedKnock, "-- ann let bob#\(bob.keyTag) in",
                "-- bob joined, for the first time",
            ])
        scene.beHonest()
        scene.pass(.seconds(90))
        try ann.admitAll()
        scene.pass(.seconds(90))
        try scene.expectHealed()
    }

    @Test("by knocking itself, without the link and with the key of the door")
    func knocks() throws {
        let scene = try Scene("ann")
        let ann = try scene["ann"]
        let keys = RoomKeys(scene.secret)
        let stranger = Table(secret: RoomSecret())
        var payloads: [[UInt8]] = [[], [1, 2, 3], keys.seal([4, 5, 6], "sealed knock")]
        stranger.eavesdrop = { payloads.append($0) }
        stranger.join("founder")
        stranger.join("ghost")
        for (number, payload) in payloads.enumerated() {
            let knock = ServerFrame.Knocked(
                knock: KnockID(UInt64(number)), newcomer: AttachmentID(102), payload: payload)
            scene.invent([.knocked(knock)], for: ann)
        }
        scene.pass(.seconds(5))
        #expect(payloads.count > 4 && ann.news() == [Warned.forgedKnock])
        #expect(try ann.people() == ["ann"])
        try scene.expectHealed()
    }

    // MARK: Who is there

    @Test("by showing somebody who is not")
    func ghost() throws {
        let scene = try Scene("ann", "bob")
        for player in scene.players {
            let ghosts = (1...50).map {
                Presence(attachment: AttachmentID(9000 + $0), state: .here)
            }
            scene.invent(ghosts.map { .presence($0) }, for: player)
        }
        scene.pass(.seconds(10))
        for player in scene.players {
            #expect(player.news() == [])
            #expect(
                try player.people() == [player.name] + ["ann", "bob"].filter { $0 != player.name })
        }
        try scene.expectHealed()
    }

    @Test("by calling somebody gone who is here")
    func saysGone() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob, cleo) = (try scene["ann"], try scene["bob"], try scene["cleo"])
        for player in [ann, cleo] {
            scene.invent(
                [.presence(Presence(attachment: bob.attachment, state: .gone))], for: player)
        }
        #expect(ann.news() == ["-- bob left"] && cleo.news() == ["-- bob left"])
        for player in [ann, cleo] {
            scene.invent(
                [.presence(Presence(attachment: bob.attachment, state: .here))], for: player)
        }
        scene.pass(.seconds(10))
        #expect(
            bob.news() == [
                Warned.dropped, "-- you are bob, with 2 others here (ann, cleo)", Warned.missed,
            ])
        #expect(ann.news() == ["-- bob is back", "-- bob left", "-- bob joined"])
        try scene.expectHealed()
    }

    @Test("by calling somebody away who is here, and back")
    func saysAway() throws {
        let scene = try Scene("ann", "bob")
        let (ann, bob) = (try scene["ann"], try scene["bob"])
        for state in [Presence.State.away, .here] {
            scene.invent([.presence(Presence(attachment: bob.attachment, state: state))], for: ann)
        }
        #expect(ann.news() == ["-- bob is away", "-- bob is back"])
        try scene.expectHealed()
    }

    @Test("by leaving members out of the list that a newcomer is given")
    func shortList() throws {
        let scene = try Scene("ann", "bob")
        scene.showing { frame, name in
            guard name == "cleo", case .attached(var attached) = frame else { return [frame] }
            attached.roster.removeAll { $0.attachment.number == 1 }
            return [.attached(attached)]
        }
        let cleo = scene.join("cleo")
        scene.pass(.milliseconds(500))
        #expect(cleo.news().first == "-- you are cleo, with 2 others here (ann, bob)")
        scene.beHonest()
        scene.invent(
            [.presence(Presence(attachment: try scene["ann"].attachment, state: .here))], for: cleo)
        scene.pass(.seconds(30))
        try scene.expectHealed()
    }

    @Test("by telling a newcomer that they are the first")
    func founder() throws {
        let scene = try Scene("ann", "bob")
        let ann = try scene["ann"]
        scene.showing { frame, name in
            guard name == "cleo", case .attached(var attached) = frame else { return [frame] }
            attached.standing = .founder
            return [.attached(attached)]
        }
        let cleo = scene.join("cleo")
        scene.pass(.seconds(5))
        #expect(
            cleo.news() == ["-- you are cleo; nobody else is here yet; /help lists the commands"])
        #expect(ann.news() == [Warned.secondConversation])
        try scene.say("is anybody there?", as: cleo)
        #expect(ann.news() == [])
        // The first word from the room that was there tells her.
        try scene.say("I am", as: ann)
        scene.pass(.seconds(5))
        #expect(
            cleo.news() == [
                "cleo: is anybody there?", Warned.secondConversation,
                "-- you are cleo, with 2 others here (ann, bob)", Warned.missed,
            ])
        try scene.expectHealed()
    }
}
