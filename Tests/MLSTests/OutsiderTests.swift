import TLSSyntax
import Testing

@testable import MLS

@Suite("People outside of a group")
struct OutsiderTests {
    private func info(_ party: Party, tree: Bool = true) throws -> GroupInfo {
        let message = try party.group.groupInfo(includesTree: tree, allowsExternalCommits: true)
        guard case .groupInfo(let info) = try MLSMessage(bytes: message.bytes) else {
            throw MLSError.treeMissing
        }
        return info
    }

    @Test("join by an external commit", arguments: CipherSuite.supported)
    func externalCommit(_ suite: CipherSuite) throws {
        let parties = try makeGroup(3, suite: suite)
        let joiner = try Party("joiner", suite: suite, world: parties[0].world)
        let pending = try Group.joinExternally(
            info(parties[1]), as: joiner.identity, environment: joiner.environment)
        let message = pending.message
        #expect(pending.members.count == 4)
        for party in parties { try party.follow(message) }
        joiner.hold(pending.adopt())
        #expect(agree(parties + [joiner]))
        #expect(try parties[0].read(joiner.group.encrypt([1])) == [1])
        _ = try commit(by: parties[0], to: [parties[1], parties[2], joiner])
        #expect(agree(parties + [joiner]))
    }

    @Test("replace their former appearance, with a key that proves it")
    func resync() throws {
        let parties = try makeGroup(3)
        var options = ExternalJoinOptions()
        options.replaces = LeafIndex(2)
        options.ratchetTree = parties[0].group.ratchetTree
        let name = PreSharedKeyName.resumption(
            .application, groupID: parties[0].groupID, epoch: parties[0].epoch)
        options.preSharedKeyNames = [name]
        options.preSharedKeys.add(
            try #require(parties[2].resumptionKey(parties[2].epoch)),
            groupID: parties[2].groupID, epoch: parties[2].epoch)
        let pending = try Group.joinExternally(
            info(parties[0], tree: false), as: parties[2].identity, options: options,
            environment: parties[2].environment)
        let message = pending.message
        for party in [parties[0], parties[1]] {
            guard case .commit(let verified) = try party.group.open(message) else { continue }
            let staged = try party.group.stage(verified)
            #expect(staged.changes.removed.map(\.index) == [LeafIndex(2)])
            #expect(staged.changes.added.map(\.credential) == [parties[2].identity.credential])
            #expect(staged.changes.preSharedKeys == [name])
            try party.group.adopt(staged)
        }
        parties[2].hold(pending.adopt())
        #expect(agree(parties))
    }

    @Test("cannot join by a GroupInfo without the external key")
    func noExternalKey() throws {
        let parties = try makeGroup(2)
        guard case .groupInfo(let info) = try parties[0].group.groupInfo() else { return }
        #expect(throws: MLSError.externalPubMissing) {
            _ = try Group.joinExternally(
                info, as: parties[1].identity, environment: parties[1].environment)
        }
    }

    @Test("propose as external senders what these may, and nothing else")
    func externalSenders() throws {
        let world = TestWorld()
        let service = try Party("service", world: world)
        let senders = ExternalSenders([
            ExternalSender(
                signatureKey: service.identity.signatureKey.publicKey,
                credential: service.identity.credential)
        ])
        let parties = try makeGroup(3, world: world, extensions: [senders.asExtension])
        let propose = { (proposal: Proposal, index: UInt32) in
            try ExternalProposal.make(
                proposal, groupID: parties[0].groupID, epoch: parties[0].epoch,
                senderIndex: index, signatureKey: service.identity.signatureKey,
                suite: service.suite)
        }
        #expect(throws: MLSError.contentNotAllowedForSender) {
            _ = try propose(.externalInit(kemOutput: []), 0)
        }
        #expect(throws: MLSError.unknownExternalSender) {
            try parties[0].keep(propose(.remove(LeafIndex(2)), 1))
        }
        let removal = try propose(.remove(LeafIndex(2)), 0)
        for party in parties { try party.keep(removal) }
        _ = try commit(by: parties[1], to: [parties[0], parties[2]])
        #expect(parties[2].isRemoved)
        #expect(agree([parties[0], parties[1]]))
    }

    @Test("ask to be added")
    func newMemberProposal() throws {
        let parties = try makeGroup(2)
        let newcomer = try Party("newcomer", world: parties[0].world)
        let bundle = try newcomer.bundle()
        let wish = try ExternalProposal.addMyself(
            bundle, groupID: parties[0].groupID, epoch: parties[0].epoch)
        for party in parties { try party.keep(wish) }
        let (welcome, _) = try commit(by: parties[1], to: [parties[0]])
        try newcomer.join(welcome, with: bundle)
        #expect(agree(parties + [newcomer]))
    }
}

@Suite("A group that follows another")
struct SuccessionTests {
    @Test("reinitializes with another suite and the same members")
    func reinit() throws {
        let parties = try makeGroup(3)
        let suite = CipherSuite.mlkem768X25519AES256GCMSHA384Ed25519
        let reInit = ReInit(groupID: [1, 2], cipherSuite: suite)
        _ = try commit([.reInit(reInit)], by: parties[0], to: [parties[1], parties[2]])
        #expect(throws: MLSError.groupReinitialized) { _ = try parties[0].group.encrypt([1]) }
        #expect(throws: MLSError.groupReinitialized) { _ = try parties[1].group.commit() }
        let bundles = try [0, 2].map { try parties[$0].bundle(suite: suite) }
        let packages = bundles.map(\.keyPackage)
        #expect(throws: MLSError.priorMembersMismatch) {
            _ = try parties[1].group.reinitialize(adding: [packages[0]])
        }
        let pending = try parties[1].group.reinitialize(adding: packages)
        let welcome = pending.welcome
        for (party, bundle) in zip([parties[0], parties[2]], bundles) {
            #expect(throws: MLSError.self) { try party.join(welcome, with: bundle) }
            var options = JoinOptions()
            options.priorGroup = try party.group.prior()
            try party.join(welcome, with: bundle, options: options)
        }
        parties[1].hold(pending.adopt())
        #expect(agree(parties))
        #expect(parties[0].group.cipherSuite == suite)
        #expect(parties[0].groupID == [1, 2])
    }

    @Test("branches off with some of the members")
    func branch() throws {
        let parties = try makeGroup(4)
        let stranger = try Party("stranger", world: parties[0].world)
        #expect(throws: MLSError.priorMembersMismatch) {
            _ = try parties[1].group.branch(adding: [stranger.bundle().keyPackage])
        }
        let bundles = try [2, 3].map { try parties[$0].bundle() }
        let pending = try parties[1].group.branch(adding: bundles.map(\.keyPackage))
        let welcome = pending.welcome
        for (party, bundle) in zip([parties[2], parties[3]], bundles) {
            var options = JoinOptions()
            options.priorGroup = try party.group.prior()
            options.knownGroupIDs = [party.groupID]
            try party.join(welcome, with: bundle, options: options)
        }
        parties[1].hold(pending.adopt())
        #expect(agree([parties[1], parties[2], parties[3]]))
        #expect(parties[1].groupID != parties[0].groupID)
    }
}

@Suite("Saved state")
struct SavedStateTests {
    @Test("goes on where the group stopped", arguments: CipherSuite.supported)
    func restores(_ suite: CipherSuite) throws {
        let parties = try makeGroup(3, suite: suite)
        _ = try commit(by: parties[1], to: [parties[0], parties[2]])
        let early = try parties[0].group.encrypt([1])
        let second = try parties[0].group.encrypt([2])
        #expect(try parties[1].read(second) == [2])
        _ = try commit(by: parties[2], to: [parties[0], parties[1]])
        let update = try parties[1].group.proposeUpdate()
        try parties[0].keep(update)
        let saved = parties[1].group.savedState()
        parties[1].hold(try Group.restore(saved, environment: parties[1].environment))
        #expect(parties[1].group.savedState() == saved)
        try parties[2].keep(update)
        _ = try commit(by: parties[0], to: [parties[1], parties[2]])
        #expect(agree(parties))
        #expect(try parties[1].read(early) == [1])
        #expect(throws: MLSError.messageKeyUsed) { try parties[1].read(second) }
    }

    @Test("is refused when it is cut, longer, or of another version")
    func refuses() throws {
        let parties = try makeGroup(2)
        let saved = parties[0].group.savedState()
        let environment = parties[0].environment
        for count in stride(from: 0, to: saved.count, by: 7) {
            #expect(throws: MLSError.self) {
                _ = try Group.restore(Array(saved.prefix(count)), environment: environment)
            }
        }
        #expect(throws: MLSError.malformed(.trailingBytes)) {
            _ = try Group.restore(saved + [0], environment: environment)
        }
        #expect(throws: MLSError.unknownStateVersion(2)) {
            _ = try Group.restore([0, 2] + saved.dropFirst(2), environment: environment)
        }
    }

    @Test("of a group that was left or closed is restored as such")
    func standing() throws {
        let parties = try makeGroup(3)
        _ = try commit([.remove(LeafIndex(2))], by: parties[0], to: [parties[1], parties[2]])
        let restore = { (party: Party) in
            party.hold(
                try Group.restore(party.group.savedState(), environment: party.environment))
        }
        try restore(parties[2])
        #expect(parties[2].isRemoved)
        _ = try commit(
            [.reInit(ReInit(groupID: [9], cipherSuite: parties[0].suite))], by: parties[0],
            to: [parties[1]])
        try restore(parties[1])
        #expect(parties[1].group.reInit?.groupID == [9])
    }
}
