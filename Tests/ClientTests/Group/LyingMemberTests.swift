import MLS
import TLSSyntax
import Testing
import Wire

@testable import Client

/// What somebody who is in the room, and has the link, can do to the others' clients.
@Suite("A member who lies", .serialized)
struct LyingMemberTests {
    typealias Kind = RoomWarning.Kind

    /// A room with ann and bob, and Mallory whose client says what the test wants.
    private func room(needsApproval: Bool = false) throws -> (Storm, StormClient, Membership) {
        let storm = Storm(seed: 3, needsApproval: needsApproval)
        storm.isCalm = true
        for name in ["ann", "bob", "mallory"] {
            storm.join(name)
            storm.advance(.seconds(1))
            storm.admitAll()
            storm.advance(.seconds(3))
        }
        storm.hasLies = true
        let mallory = try #require(storm.clients.last)
        return (storm, mallory, try #require(mallory.group.membership))
    }

    private func honest(_ storm: Storm) -> [StormClient] {
        storm.clients.filter { $0.name != "mallory" }
    }

    private func append(
        _ payload: [UInt8], _ kind: EntryKind, by mallory: StormClient, _ storm: Storm
    ) {
        guard let link = mallory.link else { return }
        let append = ClientFrame.Append(
            id: .random(), kind: kind, epoch: storm.rooms[0].server.epoch, payload: payload)
        storm.say(.append(append), on: link)
        storm.advance(.milliseconds(200))
    }

    private func say(
        _ body: Envelope.Body, claim: LogClaim? = nil, by mallory: StormClient, _ storm: Storm
    ) throws {
        let membership = try #require(mallory.group.membership)
        let sealed = try membership.group.encrypt(Envelope(claim: claim, body: body).encoded)
        append(sealed.bytes, .message, by: mallory, storm)
    }

    /// The others go on in their epoch, hear each other, and were told this of Mallory.
    private func expectUnharmed(
        _ storm: Storm, _ mallory: StormClient, told: Set<Kind>,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let others = honest(storm)
        for client in others {
            #expect(
                Set(client.warnings.map(\.kind)).isSubset(of: told), sourceLocation: location)
            #expect(
                client.warnings.allSatisfy { $0.about == mallory.attachment },
                sourceLocation: location)
            #expect(!client.warnings.isEmpty || told.isEmpty, sourceLocation: location)
            #expect(client.isInside && client.stay == 1, sourceLocation: location)
        }
        let before = others.map(\.heard.count)
        for client in others { storm.sayNext(client) }
        storm.advance(.milliseconds(300))
        for (client, count) in zip(others, before) {
            #expect(client.heard.count >= count + others.count - 1, sourceLocation: location)
        }
        #expect(storm.problems.isEmpty, "\(storm.report)", sourceLocation: location)
    }

    @Test("with sealed garbage is named, and nobody stops")
    func garbage() throws {
        let (storm, mallory, membership) = try room()
        for bytes in [
            [], [9], [1, 0, 200], [1, 1], [1, 0, 5] + [UInt8](repeating: 7, count: 90),
        ] {
            let sealed = try membership.group.encrypt(bytes as [UInt8])
            append(sealed.bytes, .message, by: mallory, storm)
        }
        expectUnharmed(storm, mallory, told: [.unreadable])
    }

    @Test("who claims another log, or one of the future, is named and given no receipt")
    func claims() throws {
        let (storm, mallory, _) = try room()
        for sequence in [UInt64.max, 0, 1_000_000] {
            try say(
                .receipt,
                claim: LogClaim(sequence: sequence, hash: [UInt8](repeating: 1, count: 32)),
                by: mallory, storm)
        }
        expectUnharmed(storm, mallory, told: [.differentConversation])
    }

    @Test("cannot make a commit that breaks the rules", arguments: 0..<6)
    func commits(number: Int) throws {
        let (storm, mallory, membership) = try room()
        let place = try #require(mallory.group.place)
        let ann = try #require(storm.clients[0].attachment)
        var options = CommitOptions()
        options.preSharedKeys = mallory.group.keys.preSharedKeys
        var changes: [Change] = []
        switch number {
        case 0:
            // Without the room's secret.
            changes = [.add(try package(mallory, AttachmentID(99), place.log))]
        case 1:
            // In ann's place.
            changes = [
                .add(try package(mallory, ann, place.log)), .preSharedKey(RoomKeys.pskName),
            ]
        case 2:
            // Of another log.
            changes = [
                .add(try package(mallory, AttachmentID(99), .random())),
                .preSharedKey(RoomKeys.pskName),
            ]
        case 3: changes = [.groupContextExtensions([RoomRules(needsApproval: true).asExtension])]
        case 4:
            changes = [.reInit(ReInit(groupID: [1], cipherSuite: membership.group.cipherSuite))]
        default:
            options.forcesPath = true
            options.identity = MLS.Identity(
                credential: .basic(identity: [0xff, 0xfe]),
                signatureKey: membership.session.signatureKey)
        }
        let commit = try membership.group.commit(changes, options: options)
        append(
            CommitEntry.commit(commit.message.bytes).encoded, .commit, by: mallory, storm)
        expectUnharmed(storm, mallory, told: [.refusedCommit])
        // And others' commits go on as before.
        let bob = storm.clients[1]
        try storm.perform(bob.group.perform(.rename(Array("rob".utf8)), now: storm.now), of: bob)
        storm.advance(.seconds(2))
        let seen = try #require(bob.attachment)
        #expect(
            storm.clients[0].group.membership?.roster[seen]?.name == Array("rob".utf8))
    }

    private func package(
        _ mallory: StormClient, _ attachment: AttachmentID, _ log: LogID
    ) throws -> KeyPackage {
        try KeyPackageBundle(
            suite: mallory.group.suite, identity: mallory.group.makeSession(),
            capabilities: MLSRoomGroup.capabilities,
            leafExtensions: [Placement(log: log, attachment: attachment).asExtension],
            lifetime: 2 * MLSRoomGroup.clockTolerance, environment: mallory.group.packaging
        ).keyPackage
    }

    @Test("with commits that are no commits is named")
    func noCommits() throws {
        let (storm, mallory, membership) = try room()
        append([], .commit, by: mallory, storm)
        append([2, 1, 2, 3], .commit, by: mallory, storm)
        append([9], .commit, by: mallory, storm)
        let words = try membership.group.encrypt([1, 2])
        append(CommitEntry.commit(words.bytes).encoded, .commit, by: mallory, storm)
        expectUnharmed(storm, mallory, told: [.refusedCommit])
    }

    @Test("who founds a second conversation is reported, and the first goes on")
    func secondFounding() throws {
        let (storm, mallory, _) = try room()
        let place = try #require(mallory.group.place)
        let founding = Founding(
            groupID: [1, 2, 3], keys: mallory.group.keys, log: place.log,
            founder: place.attachment)
        append(CommitEntry.founding(founding).encoded, .commit, by: mallory, storm)
        for client in honest(storm) {
            #expect(client.warnings.map(\.kind) == [.secondConversation])
            #expect(client.isInside && client.stay == 1)
        }
    }

    @Test("alone cannot make others believe that they are behind")
    func laterEpoch() throws {
        let (storm, mallory, membership) = try room()
        for _ in 0..<3 {
            guard case .privateMessage(var message) = try membership.group.encrypt([1]) else {
                return
            }
            message.epoch += 5
            append(MLSMessage.privateMessage(message).bytes, .message, by: mallory, storm)
            storm.advance(.seconds(10))
        }
        expectUnharmed(storm, mallory, told: [.unreadable])
    }

    @Test("can ask and decide without end, and takes no more memory than there is for it")
    func flood() throws {
        let (storm, mallory, _) = try room(needsApproval: true)
        for number in UInt64(1)...200 {
            let ghost = RoomMember(
                attachment: AttachmentID(number), name: [UInt8](repeating: 0x41, count: 64),
                identityKey: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32))
            try say(.asks(ghost), by: mallory, storm)
        }
        for client in honest(storm) {
            let door = try #require(client.group.membership?.door)
            #expect(door.asking.count <= Door.maximumAsking)
            #expect(client.isInside && client.warnings.isEmpty)
        }
        // Somebody who is really there is still shown, and comes in.
        let dan = storm.join("dan")
        storm.advance(.seconds(2))
        let who = try #require(dan.attachment)
        #expect(honest(storm).contains { $0.asking.contains { $0.attachment == who } })
        try say(.moves(RoomSecret(), removed: nil), by: mallory, storm)
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    @Test("who takes out everybody is named to each of them")
    func removesAll() throws {
        let (storm, mallory, membership) = try room()
        var options = CommitOptions()
        options.authenticatedData = [1]
        let others = honest(storm).compactMap(\.attachment)
        let leaves = others.compactMap { membership.roster.leaf(of: $0) }
        let commit = try membership.group.commit(leaves.map(Change.remove), options: options)
        append(CommitEntry.commit(commit.message.bytes).encoded, .commit, by: mallory, storm)
        #expect(honest(storm).allSatisfy { $0.end == .removed })
    }
}
