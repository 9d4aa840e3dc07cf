import TLSSyntax
import Testing

@testable import MLS

/// What a program needs that ends and begins again, and what an application seals for one member.
@Suite("Groups that outlive a program")
struct StaysTests {
    @Test(
        "a published key package opens its Welcome after a restart",
        arguments: CipherSuite.supported)
    func bundles(_ suite: CipherSuite) throws {
        let parties = try makeGroup(1, suite: suite)
        let newcomer = try Party("newcomer", suite: suite, world: parties[0].world)
        let saved = try newcomer.bundle().savedState()
        let bundle = try KeyPackageBundle.restore(saved)
        #expect(bundle.savedState() == saved)
        #expect(try bundle.keyPackage.reference() == bundle.keyPackage.reference(Suite(suite)))
        let (welcome, _) = try commit([.add(bundle.keyPackage)], by: parties[0], to: [])
        try newcomer.join(welcome, with: bundle)
        #expect(agree([parties[0], newcomer]))
        for count in stride(from: 0, to: saved.count, by: 97) {
            #expect(throws: MLSError.self) {
                try KeyPackageBundle.restore(Array(saved.prefix(count)))
            }
        }
        var changed = saved
        changed[saved.count - 1] ^= 1
        #expect(throws: MLSError.invalidPrivateKey) { try KeyPackageBundle.restore(changed) }
    }

    @Test("key packages live for a year at most")
    func lifetimes() throws {
        let party = try Party("party", world: TestWorld())
        let year: UInt64 = 365 * 24 * 3600
        try party.bundle(lifetime: year).keyPackage.validate(now: party.environment.now())
        for lifetime in [year + 1, .max] {
            #expect(throws: MLSError.lifetimeTooLong) { try party.bundle(lifetime: lifetime) }
        }
    }

    @Test(
        "a restored group skips the generations that were reserved",
        arguments: [RatchetKind.application, .handshake])
    func generations(_ kind: RatchetKind) throws {
        var policy = GroupPolicy()
        policy.encryptsHandshakes = true
        let parties = try makeGroup(2, policy: policy)
        let reserved = try parties[0].group.nextGeneration(kind) + 64
        let saved = parties[0].group.savedState()
        // Sent after the state was kept; the program then crashed.
        let sent = try parties[0].group.encrypt([1])
        let proposed = try parties[0].group.propose(.remove(LeafIndex(1)))
        parties[0].hold(
            try Group.restore(saved, policy: policy, environment: parties[0].environment))
        try parties[0].group.skipGenerations(kind, to: reserved)
        try parties[0].group.skipGenerations(kind, to: 3)
        #expect(try parties[0].group.nextGeneration(kind) == reserved)
        switch kind {
        case .application:
            let later = try parties[0].group.encrypt([2])
            #expect(try parties[1].read(later) == [2])
            #expect(try parties[1].read(sent) == [1])
        case .handshake:
            try parties[1].keep(try parties[0].group.propose(.remove(LeafIndex(1))))
            try parties[1].keep(proposed)
        }
        #expect(try parties[0].group.nextGeneration(kind) == reserved + 1)
    }

    @Test("kept proposals are listed, and dropped by reference")
    func proposals() throws {
        let parties = try makeGroup(3)
        try parties[0].keep(try parties[1].group.propose(.remove(LeafIndex(2))))
        try parties[0].keep(try parties[2].group.proposeUpdate())
        let kept = parties[0].group.keptProposals
        #expect(kept.map(\.sender) == [.member(LeafIndex(1)), .member(LeafIndex(2))])
        #expect(kept.first?.proposal == .remove(LeafIndex(2)))
        parties[0].group.dropProposal(reference: try #require(kept.first).reference)
        parties[0].group.dropProposal(reference: [1, 2, 3])
        #expect(parties[0].group.keptProposals == Array(kept.dropFirst()))
        let commit = try parties[0].group.commit()
        #expect(commit.changes.removed.isEmpty)
    }

    @Test(
        "one member alone opens what was sealed to its leaf, in this epoch",
        arguments: CipherSuite.supported)
    func sealing(_ suite: CipherSuite) throws {
        let parties = try makeGroup(3, suite: suite)
        let sealed = try parties[0].group.encrypt(
            [1, 2], to: LeafIndex(1), label: "file", context: [3])
        let sent = try HPKECiphertext(tlsEncoded: sealed.tlsEncoded)
        #expect(try parties[1].group.decrypt(sent, label: "file", context: [3]) == [1, 2])
        for (party, label, context) in [
            (parties[2], "file", [3]), (parties[1], "other", [3]), (parties[1], "file", [4]),
        ] as [(Party, String, [UInt8])] {
            #expect(throws: MLSError.self) {
                try party.group.decrypt(sent, label: label, context: context)
            }
        }
        _ = try commit(
            [.preSharedKey(.external(id: [1]))], by: parties[2], to: [parties[0], parties[1]],
            options: with(Secret([9])), preSharedKeys: with(Secret([9])).preSharedKeys)
        #expect(throws: MLSError.self) {
            try parties[1].group.decrypt(sent, label: "file", context: [3])
        }
        #expect(throws: MLSError.unknownMember(LeafIndex(7))) {
            try parties[0].group.encrypt([1], to: LeafIndex(7), label: "file")
        }
    }

    private func with(_ key: Secret) -> CommitOptions {
        var options = CommitOptions()
        options.preSharedKeys.add(key, externalID: [1])
        return options
    }

    @Test(
        "a branch takes an identity, capabilities and leaf extensions, as a reinitialization does")
    func branches() throws {
        let parties = try makeGroup(2)
        let bundle = try parties[1].bundle()
        let type = ExtensionType(rawValue: 0xf00d)
        let identity = Identity(
            credential: parties[0].identity.credential,
            signatureKey: try SignaturePrivateKey(
                for: parties[0].suite, environment: parties[0].environment))
        let pending = try parties[0].group.branch(
            as: identity, adding: [bundle.keyPackage],
            capabilities: Capabilities(extensions: [type]),
            leafExtensions: [Extension(type: type, data: [5])])
        let group = pending.adopt()
        let own = group.member(at: group.ownLeafIndex)
        let leaf = try #require(own)
        #expect(leaf.signatureKey == identity.signatureKey.publicKey)
        #expect(leaf.extensions.types == [type])
    }
}
