import MLS
import TestSupport
import Testing
import Wire

@testable import Client

/// What stands on people's screens when a member commits to what the rules forbid, or to what harms
/// the others.
@Suite(
    "On screen, a member who changes the room against its rules", .oneAtATime,
    .timeLimit(.minutes(1)))
struct MemberCommitLieTests {
    /// Somebody to be added.
    private func package(
        _ mallory: Player, at attachment: AttachmentID, of log: LogID? = nil
    ) throws -> KeyPackage {
        let honest = mallory.group.honest
        let place = try #require(honest.place)
        return try KeyPackageBundle(
            suite: honest.suite, identity: honest.makeSession(),
            capabilities: MLSRoomGroup.capabilities,
            leafExtensions: [
                Placement(log: log ?? place.log, attachment: attachment).asExtension
            ], lifetime: 2 * MLSRoomGroup.clockTolerance, environment: honest.packaging
        ).keyPackage
    }

    enum Crime: CaseIterable {
        case addsWithoutSecret, addsInAnothersPlace, addsOfAnotherLog, changesRules, endsGroup
        case losesPassport
    }

    @Test("by a commit that all refuse", arguments: Crime.allCases)
    func refused(crime: Crime) throws {
        let scene = try Scene("mallory", "ann", "bob")
        let (mallory, ann) = (try scene["mallory"], try scene["ann"])
        mallory.isLiar = true
        let membership = try #require(mallory.membership)
        var options = CommitOptions()
        options.preSharedKeys = mallory.group.honest.keys.preSharedKeys
        let psk = Change.preSharedKey(RoomKeys.pskName)
        var changes: [Change] = []
        switch crime {
        case .addsWithoutSecret:
            changes = [.add(try package(mallory, at: AttachmentID(99)))]
        case .addsInAnothersPlace: changes = [.add(try package(mallory, at: ann.attachment)), psk]
        case .addsOfAnotherLog:
            changes = [.add(try package(mallory, at: AttachmentID(99), of: .random())), psk]
        case .changesRules:
            changes = [.groupContextExtensions([RoomRules(needsApproval: true).asExtension])]
        case .endsGroup:
            changes = [.reInit(ReInit(groupID: [1], cipherSuite: membership.group.cipherSuite))]
        case .losesPassport:
            options.forcesPath = true
            options.identity = MLS.Identity(
                credential: .basic(identity: [0xff, 0xfe]),
                signatureKey: membership.session.signatureKey)
        }
        try mallory.commit(changes, options)
        scene.pass(.seconds(10))
        for name in ["ann", "bob"] {
            #expect(try scene[name].news() == [Warned.forbidden("mallory")])
        }
        // Others' changes go on as before.
        try scene["bob"].rename(to: "rob")
        scene.pass(.seconds(3))
        #expect(try scene["ann"].news() == ["-- bob is now rob"])
        try scene.expectHealed()
    }

    @Test("by proposals that nobody commits to, and by a commit from outside")
    func outsiders() throws {
        let scene = try Scene("mallory", "ann", "bob")
        let (mallory, bob) = (try scene["mallory"], try scene["bob"])
        mallory.isLiar = true
        let membership = try #require(mallory.membership)
        let leaf = try #require(membership.roster.leaf(of: bob.attachment))
        let proposal = try membership.group.propose(.remove(leaf))
        try mallory.append(.message, proposal.bytes)
        try mallory.append(.commit, CommitEntry.commit(proposal.bytes).encoded)
        let honest = mallory.group.honest
        guard
            case .groupInfo(let info) = try membership.group.groupInfo(allowsExternalCommits: true)
        else { return }
        var options = ExternalJoinOptions()
        options.capabilities = MLSRoomGroup.capabilities
        options.leafExtensions = [
            Placement(log: try #require(honest.place).log, attachment: AttachmentID(99)).asExtension
        ]
        let joined = try Group.joinExternally(
            info, as: honest.makeSession(), options: options, policy: MLSRoomGroup.policy,
            environment: honest.environment)
        try mallory.append(.commit, CommitEntry.commit(joined.message.bytes).encoded)
        scene.pass(.seconds(10))
        for name in ["ann", "bob"] {
            #expect(
                try scene[name].news() == [
                    Warned.unreadable("mallory"), Warned.forbidden("mallory"),
                ])
        }
        // Her proposal is in nobody's next commit.
        try scene["ann"].rename(to: "anna")
        scene.pass(.seconds(3))
        #expect(bob.news() == ["-- ann is now anna"] && bob.isInside)
        try scene.expectHealed()
    }

    @Test("by letting a newcomer into a group that she has left the others for")
    func ownGroup() throws {
        let scene = try Scene("mallory", "ann", "bob")
        let (mallory, ann, bob) = (try scene["mallory"], try scene["ann"], try scene["bob"])
        mallory.isLiar = true
        var options = CommitOptions()
        options.forcesPath = true
        // The others follow, and she does not.
        try mallory.commit([], options)
        let cleo = scene.join("cleo")
        scene.pass(.seconds(3))
        for player in [cleo, ann, bob] { try scene.say("hello from \(player.name)", as: player) }
        #expect(
            cleo.news() == [
                "-- you are cleo, with 3 others here (mallory, ann, bob)",
                "-- what was said before stays unread; /help lists the commands",
                "cleo: hello from cleo", Warned.unreadable("ann"), Warned.unreadable("bob"),
            ])
        for player in [ann, bob] {
            #expect(
                player.news() == [
                    Warned.twice("mallory"), Warned.outsider,
                    "ann: hello from ann", "bob: hello from bob",
                ])
        }
        // Cleo's new keys put her group ahead of theirs; but they hear each other, and stay.
        scene.pass(.seconds(20))
        try scene.say("hello again", as: cleo)
        scene.pass(.seconds(10))
        for player in [ann, bob] {
            #expect(player.news() == [Warned.unreadable("mallory")])
            #expect(try player.people().contains("ann") && player.people().contains("bob"))
        }
        // She has been told, and joins again; nothing is expected of her former client.
        for player in [mallory, cleo] {
            player.leaveAtOnce()
            player.isLiar = true
        }
        scene.join("cleopatra")
        scene.pass(.seconds(3))
        try scene.expectHealed()
    }

    @Test("by taking somebody out who has not gone")
    func takesOut() throws {
        let scene = try Scene("mallory", "ann", "bob")
        let (mallory, bob) = (try scene["mallory"], try scene["bob"])
        mallory.isLiar = true
        try mallory.takeOut([bob], .sweeping)
        scene.pass(.seconds(10))
        #expect(
            bob.news() == [
                Warned.dropped, "-- you are bob, with 2 others here (mallory, ann)", Warned.missed,
            ])
        #expect(try scene["ann"].news() == ["-- bob left", "-- bob joined"])
        try scene.expectHealed()
    }

    @Test("by taking out everybody by command: each is told by whom")
    func takesOutAll() throws {
        let scene = try Scene("mallory", "ann", "bob")
        let mallory = try scene["mallory"]
        let others = [try scene["ann"], try scene["bob"]]
        try mallory.takeOut(others, .removal([]))
        scene.pass(.seconds(3))
        for player in others {
            #expect(
                player.failure?.sentence
                    == "mallory removed you from the room; ask somebody in it for a new link")
        }
    }
}
