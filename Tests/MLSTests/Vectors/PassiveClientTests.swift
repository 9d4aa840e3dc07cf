import TLSSyntax
import Testing

@testable import MLS

/// A whole client that only listens: it joins by a Welcome, then follows commits.
@Suite("Vectors: passive clients", .enabled(if: VectorFile.isPresent))
struct PassiveClientTests {
    struct Client: Decodable {
        struct PSK: Decodable { let pskId: Hex, psk: Hex }
        struct Epoch: Decodable { let proposals: [Hex], commit: Hex, epochAuthenticator: Hex }
        let cipherSuite: UInt16, keyPackage: Hex, signaturePriv: Hex, encryptionPriv: Hex
        let initPriv: Hex, welcome: Hex, ratchetTree: Hex?, initialEpochAuthenticator: Hex
        let externalPsks: [PSK], epochs: [Epoch]
    }

    @Test func `passive-client-welcome`() throws {
        try run("passive-client-welcome", expecting: 40)
    }

    @Test func `passive-client-handling-commit`() throws {
        try run("passive-client-handling-commit", expecting: 65)
    }

    @Test func `passive-client-random`() throws {
        try run("passive-client-random", expecting: 1)
    }

    @Test func `passive-interop, commit`() throws {
        try run("passive-interop/commit", expecting: 220)
    }

    @Test func `passive-interop, external_join`() throws {
        try run("passive-interop/external_join", expecting: 30)
    }

    @Test func `passive-interop, external_proposals`() throws {
        try run("passive-interop/external_proposals", expecting: 140)
    }

    private func run(_ family: String, expecting count: Int) throws {
        var tally = Tally(family)
        for (index, vector) in try VectorFile.load(family, as: Client.self).enumerated() {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            do {
                try Self.follow(vector, suite)
            } catch {
                Issue.record("\(family)[\(index)], suite \(vector.cipherSuite): \(error)")
            }
        }
        tally.report(expecting: count)
    }

    static func follow(_ vector: Client, _ suite: MLS.Suite) throws {
        var keys = PreSharedKeys()
        for psk in vector.externalPsks { keys.add(psk.psk.secret, externalID: psk.pskId.bytes) }
        var group = try join(vector, keys, suite)
        #expect(group.epochAuthenticator == vector.initialEpochAuthenticator.secret)
        for epoch in vector.epochs {
            for proposal in epoch.proposals {
                guard case .proposal(let verified) = try group.open(bytes: proposal.bytes) else {
                    Issue.record("not a proposal")
                    return
                }
                try group.keep(verified)
            }
            guard case .commit(let verified) = try group.open(bytes: epoch.commit.bytes) else {
                Issue.record("not a commit")
                return
            }
            try group.adopt(group.stage(verified, preSharedKeys: keys))
            #expect(group.epochAuthenticator == epoch.epochAuthenticator.secret)
        }
    }

    private static func join(
        _ vector: Client, _ keys: PreSharedKeys, _ suite: MLS.Suite
    ) throws -> Group {
        guard case .keyPackage(let package) = try MLSMessage(bytes: vector.keyPackage.bytes),
            case .welcome(let welcome) = try MLSMessage(bytes: vector.welcome.bytes)
        else { throw MLSError.welcomeNotForUs }
        let bundle = try KeyPackageBundle(
            keyPackage: package,
            initKey: HPKEPrivateKey(rawRepresentation: vector.initPriv.secret, for: suite.id),
            encryptionKey: HPKEPrivateKey(
                rawRepresentation: vector.encryptionPriv.secret, for: suite.id),
            signatureKey: SignaturePrivateKey(
                rawRepresentation: vector.signaturePriv.secret, for: suite.id))
        var options = JoinOptions()
        options.ratchetTree = vector.ratchetTree?.bytes
        options.preSharedKeys = keys
        return try Group.join(
            welcome, with: bundle, options: options, policy: GroupPolicy(lifetimes: .any),
            environment: .test()
        ).adopt()
    }
}
