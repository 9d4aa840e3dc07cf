import TLSSyntax
import Testing

@testable import MLS

@Suite("A group")
struct GroupTests {
    @Test("talks in every suite, the post-quantum one too", arguments: CipherSuite.supported)
    func talks(_ suite: CipherSuite) throws {
        let parties = try makeGroup(3, suite: suite)
        #expect(agree(parties))
        let message = try parties[1].group.encrypt([1, 2, 3], authenticatedData: [9])
        for reader in [parties[0], parties[2]] {
            guard case .application(let read) = try reader.group.open(message) else {
                Issue.record("not application data")
                continue
            }
            #expect(read.data == [1, 2, 3])
            #expect(read.authenticatedData == [9])
            #expect(read.sender.index == LeafIndex(1))
        }
        _ = try commit([], by: parties[2], to: [parties[0], parties[1]])
        _ = try commit([.remove(LeafIndex(1))], by: parties[0], to: [parties[1], parties[2]])
        #expect(parties[1].isRemoved)
        #expect(agree([parties[0], parties[2]]))
    }

    @Test("refuses suites 4 and 6 by name", arguments: [UInt16(4), 6, 0, 0x0A0A])
    func refusesSuites(_ number: UInt16) throws {
        let suite = CipherSuite(rawValue: number)
        #expect(throws: MLSError.unsupportedCipherSuite(suite)) {
            try SignaturePrivateKey(for: suite, environment: .test())
        }
    }

    @Test("takes a commit of proposals by reference, from several members")
    func byReference() throws {
        let parties = try makeGroup(4)
        let newcomer = try Party("newcomer", world: parties[0].world)
        let bundle = try newcomer.bundle()
        let update = try parties[1].group.proposeUpdate()
        let add = try parties[2].group.propose(.add(bundle.keyPackage))
        let remove = try parties[3].group.propose(.remove(LeafIndex(2)))
        for (index, party) in parties.enumerated() {
            if index != 1 { try party.keep(update) }
            if index != 2 { try party.keep(add) }
            if index != 3 { try party.keep(remove) }
        }
        #expect(throws: MLSError.proposalsPending) { try parties[0].group.encrypt([1]) }
        let (welcome, _) = try commit(by: parties[0], to: Array(parties.dropFirst()))
        try newcomer.join(welcome, with: bundle)
        #expect(parties[2].isRemoved)
        #expect(agree([parties[0], parties[1], parties[3], newcomer]))
        #expect(try newcomer.read(parties[1].group.encrypt([5])) == [5])
    }

    @Test("does not change by a commit until it is adopted")
    func pendingIsAValue() throws {
        let parties = try makeGroup(3)
        let epoch = parties[0].group.epoch
        do {
            let dropped = try parties[0].group.commit()
            #expect(dropped.changes.updated.count == 1)
        }
        #expect(parties[0].group.epoch == epoch)
        let late = try parties[0].group.commit()
        _ = try commit(by: parties[1], to: [parties[0], parties[2]])
        #expect(agree(parties))
        do {
            try parties[0].group.adopt(late)
            Issue.record("a commit of a past epoch was adopted")
        } catch {
            #expect(error == .staleCommit)
        }
    }

    @Test("reads late messages of past epochs for as long as the policy says")
    func pastEpochs() throws {
        let world = TestWorld()
        let policy = GroupPolicy(pastEpochs: PastEpochPolicy(count: 2, seconds: 60))
        let parties = try makeGroup(2, world: world, policy: policy)
        let early = try (0..<3).map { try parties[1].group.encrypt([UInt8($0)]) }
        _ = try commit(by: parties[0], to: [parties[1]])
        #expect(try parties[0].read(early[1]) == [1])
        #expect(throws: MLSError.messageKeyUsed) { try parties[0].read(early[1]) }
        _ = try commit(by: parties[0], to: [parties[1]])
        #expect(try parties[0].read(early[0]) == [0])
        world.advance(61)
        let epoch = parties[0].group.epoch
        #expect(throws: MLSError.wrongEpoch(epoch - 2)) { try parties[0].read(early[2]) }
        #expect(!parties[0].hasPastEpochs)
    }

    @Test("keeps no more past epochs than the policy says")
    func pastEpochCount() throws {
        let policy = GroupPolicy(pastEpochs: PastEpochPolicy(count: 1, seconds: 60))
        let parties = try makeGroup(2, policy: policy)
        let early = try parties[1].group.encrypt([1])
        _ = try commit(by: parties[0], to: [parties[1]])
        _ = try commit(by: parties[0], to: [parties[1]])
        let epoch = parties[0].group.epoch
        #expect(throws: MLSError.wrongEpoch(epoch - 2)) { try parties[0].read(early) }
    }

    @Test("forgets past epochs when it is told to")
    func forgetsEpochs() throws {
        let policy = GroupPolicy(pastEpochs: PastEpochPolicy(count: 4, seconds: .max))
        let parties = try makeGroup(2, policy: policy)
        let early = try parties[1].group.encrypt([1])
        _ = try commit(by: parties[0], to: [parties[1]])
        let late = try parties[1].group.encrypt([2])
        _ = try commit(by: parties[0], to: [parties[1]])
        let epoch = parties[0].group.epoch
        parties[0].group.forgetEpochs(before: epoch - 1)
        #expect(throws: MLSError.wrongEpoch(epoch - 2)) { try parties[0].read(early) }
        #expect(try parties[0].read(late) == [2])
    }

    @Test("exports the same secret at all members and another for every label and epoch")
    func exporter() throws {
        let parties = try makeGroup(2)
        let export = { (party: Party, label: String) in
            try party.group.export(label: label, context: [1], length: 40)
        }
        let first = try export(parties[0], "a")
        #expect(first.count == 40)
        #expect(try export(parties[1], "a") == first)
        #expect(try export(parties[1], "b") != first)
        _ = try commit(by: parties[0], to: [parties[1]])
        #expect(try export(parties[1], "a") != first)
        #expect(try export(parties[0], "a") == export(parties[1], "a"))
    }

    @Test("renews identity, capabilities and extensions with a path")
    func renewsIdentity() throws {
        let parties = try makeGroup(2)
        var options = CommitOptions()
        options.identity = Identity(
            credential: .basic(identity: [7]),
            signatureKey: try SignaturePrivateKey(
                for: parties[0].suite, environment: parties[0].environment))
        let type = ExtensionType(rawValue: 0xFF01)
        options.capabilities = Capabilities(extensions: [type])
        options.leafExtensions = [Extension(type: type, data: [1])]
        _ = try commit(by: parties[0], to: [parties[1]], options: options)
        let leaf = try #require(parties[1].member(at: 0))
        #expect(leaf.credential == .basic(identity: [7]))
        #expect(leaf.extensions[type] == [1])
        #expect(try parties[1].read(parties[0].group.encrypt([3])) == [3])
    }

    @Test("pads private messages", arguments: [PaddingPolicy.none, .multiple(of: 512), .padme])
    func padding(_ policy: PaddingPolicy) throws {
        let parties = try makeGroup(2, policy: GroupPolicy(padding: policy))
        for size in [0, 1, 100, 1000] {
            let data = [UInt8](repeating: 7, count: size)
            let message = try parties[0].group.encrypt(data)
            #expect(try parties[1].read(message) == data)
            guard case .privateMessage(let sealed) = message else { continue }
            if policy == .multiple(of: 512) { #expect((sealed.ciphertext.count - 16) % 512 == 0) }
        }
    }

    @Test("brings in external and resumption keys, also for newcomers")
    func preSharedKeys() throws {
        let parties = try makeGroup(2)
        let newcomer = try Party("newcomer", world: parties[0].world)
        let bundle = try newcomer.bundle()
        let keys = PreSharedKeys(external: [[1]: Secret([1, 2, 3])])
        var options = CommitOptions()
        options.preSharedKeys = keys
        let epoch = parties[0].group.epoch
        let resumption = PreSharedKeyName.resumption(
            .application, groupID: parties[0].group.groupID, epoch: epoch)
        let resumed = try #require(parties[0].resumptionKey(epoch))
        let changes: [Change] = [
            .add(bundle.keyPackage), .preSharedKey(.external(id: [1])), .preSharedKey(resumption),
        ]
        let (welcome, _) = try commit(
            changes, by: parties[0], to: [parties[1]], options: options, preSharedKeys: keys)
        var joining = JoinOptions()
        joining.preSharedKeys = keys
        #expect(throws: MLSError.unknownPreSharedKey(resumption)) {
            try newcomer.join(welcome, with: bundle, options: joining)
        }
        joining.preSharedKeys.add(resumed, groupID: parties[0].group.groupID, epoch: epoch)
        try newcomer.join(welcome, with: bundle, options: joining)
        #expect(agree(parties + [newcomer]))
    }

    @Test("gives its tree inside the Welcome or beside it")
    func treeBeside() throws {
        let parties = try makeGroup(3)
        let newcomer = try Party("newcomer", world: parties[0].world)
        let bundle = try newcomer.bundle()
        var options = CommitOptions()
        options.putsTreeInWelcome = false
        options.forcesPath = true
        let (welcome, tree) = try commit(
            [.add(bundle.keyPackage)], by: parties[0], to: [parties[1], parties[2]],
            options: options)
        #expect(throws: MLSError.treeMissing) { try newcomer.join(welcome, with: bundle) }
        var joining = JoinOptions()
        joining.ratchetTree = tree
        try newcomer.join(welcome, with: bundle, options: joining)
        #expect(agree(parties + [newcomer]))
        _ = try commit(by: newcomer, to: parties)
        #expect(agree(parties + [newcomer]))
    }

    @Test("replaces its extensions, as far as all members support them")
    func groupContextExtensions() throws {
        let type = ExtensionType(rawValue: 0xFF02)
        let parties = try makeGroup(2, capabilities: Capabilities(extensions: [type]))
        let extensions = Extensions([
            Extension(type: type, data: [4]),
            RequiredCapabilities(extensionTypes: [type]).asExtension,
        ])
        _ = try commit(
            [.groupContextExtensions(extensions)], by: parties[0], to: [parties[1]])
        #expect(parties[1].group.context.extensions == extensions)
        let stranger = try Party("stranger", world: parties[0].world)
        #expect(throws: MLSError.groupExtensionNotSupported) {
            _ = try parties[0].group.commit([.add(stranger.bundle().keyPackage)])
        }
    }
}
