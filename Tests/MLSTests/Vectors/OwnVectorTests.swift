import Foundation
import TLSSyntax
import Testing

@testable import MLS

/// Our own vectors, in the form of passive-client: what the post-quantum suite and the format of
/// saved states were when they were made, they are still. CHATBOX_MLS_WRITE_VECTORS=1 makes them
/// anew, which is right only when the draft or the format's version has changed.
@Suite("Our own vectors")
struct OwnVectorTests {
    static let file = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("own-vectors.json")

    private static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    private struct File: Decodable {
        struct Derived: Decodable { let ikm: Hex, publicKeyHash: Hex }
        struct Saved: Decodable { let state: Hex, epochAuthenticator: Hex, epoch: UInt64 }
        let client: PassiveClientTests.Client
        let derived: [Derived]
        let saved: [Saved]
    }

    private func load() throws -> File {
        try Self.decoder().decode(File.self, from: Data(contentsOf: Self.file))
    }

    @Test("the post-quantum suite: a client joins and follows")
    func follows() throws {
        let file = try load()
        #expect(file.client.cipherSuite == 0xF002)
        #expect(file.client.epochs.count == 4)
        try PassiveClientTests.follow(
            file.client, MLS.Suite(.mlkem768X25519AES256GCMSHA384Ed25519))
    }

    @Test("X-Wing key pairs come of the same secrets")
    func derives() throws {
        for vector in try load().derived {
            let key = try MLS.KEM.xwing.deriveKeyPair(vector.ikm.secret)
            #expect(HashAlgorithm.sha256.hash(key.publicKey.bytes) == vector.publicKeyHash.bytes)
        }
    }

    @Test("saved states of version 1 are restored, and saved as the same bytes")
    func restores() throws {
        for saved in try load().saved {
            let group = try Group.restore(saved.state.bytes, environment: .test())
            #expect(group.epochAuthenticator == saved.epochAuthenticator.secret)
            #expect(group.epoch == saved.epoch)
            #expect(group.savedState() == saved.state.bytes)
        }
    }

    @Test(
        "make the vectors anew",
        .enabled(if: ProcessInfo.processInfo.environment["CHATBOX_MLS_WRITE_VECTORS"] != nil))
    func write() throws {
        let suite = CipherSuite.mlkem768X25519AES256GCMSHA384Ed25519
        let policy = GroupPolicy(encryptsHandshakes: false)
        let parties = try makeGroup(3, suite: suite, policy: policy)
        let listener = try Party("listener", suite: suite, world: parties[0].world)
        let bundle = try listener.bundle(lifetime: 60 * 86400)
        let (welcome, _) = try commit(
            [.add(bundle.keyPackage)], by: parties[1], to: [parties[0], parties[2]])
        let initial = parties[0].group.epochAuthenticator
        var epochs: [[String: Any]] = []
        for round in 0..<4 {
            var proposals: [MLSMessage] = []
            if round == 1 { proposals.append(try parties[2].group.proposeUpdate()) }
            if round == 2 { proposals.append(try parties[1].group.propose(.remove(LeafIndex(2)))) }
            for (index, party) in parties.enumerated() where round == 1 && index != 2 {
                try party.keep(proposals[0])
            }
            for (index, party) in parties.enumerated() where round == 2 && index != 1 {
                try party.keep(proposals[0])
            }
            let pending = try parties[0].group.commit()
            let message = pending.message
            for party in parties.dropFirst() where !party.isRemoved { try party.follow(message) }
            try parties[0].group.adopt(pending)
            epochs.append([
                "proposals": proposals.map { hex($0.bytes) }, "commit": hex(message.bytes),
                "epoch_authenticator": hex(parties[0].group.epochAuthenticator.exposed),
            ])
        }
        let key = listener.identity.signatureKey.rawRepresentation
        let client: [String: Any] = [
            "cipher_suite": Int(suite.rawValue), "external_psks": [Any](),
            "key_package": hex(MLSMessage.keyPackage(bundle.keyPackage).bytes),
            "signature_priv": hex(key.exposed),
            "encryption_priv": hex(bundle.encryptionKey.rawRepresentation.exposed),
            "init_priv": hex(bundle.initKey.rawRepresentation.exposed),
            "welcome": hex(try #require(welcome).bytes),
            "initial_epoch_authenticator": hex(initial.exposed), "epochs": epochs,
        ]
        let derived = try (0..<3).map { number in
            let ikm = [UInt8](repeating: UInt8(number), count: 48)
            let key = try MLS.KEM.xwing.deriveKeyPair(Secret(ikm)).publicKey
            return [
                "ikm": hex(ikm), "public_key_hash": hex(HashAlgorithm.sha256.hash(key.bytes)),
            ]
        }
        let data = try JSONSerialization.data(
            withJSONObject: [
                "client": client, "derived": derived, "saved": try savedStates(),
            ], options: [.sortedKeys, .prettyPrinted])
        try data.write(to: Self.file)
    }

    /// One state of each standing, with as much in it as there can be.
    private func savedStates() throws -> [[String: Any]] {
        let parties = try makeGroup(3)
        _ = try parties[1].group.encrypt([1])
        _ = try parties[0].read(parties[1].group.encrypt([2]))
        _ = try commit(by: parties[1], to: [parties[0], parties[2]])
        _ = try parties[0].group.proposeUpdate()
        let active = parties[0]
        let others = try makeGroup(3)
        _ = try commit([.remove(LeafIndex(2))], by: others[0], to: [others[1], others[2]])
        let reInit = ReInit(groupID: [1], cipherSuite: others[0].suite)
        _ = try commit([.reInit(reInit)], by: others[0], to: [others[1]])
        return [active, others[2], others[1]].map { party in
            [
                "state": hex(party.group.savedState()), "epoch": Int(party.epoch),
                "epoch_authenticator": hex(party.group.epochAuthenticator.exposed),
            ]
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
