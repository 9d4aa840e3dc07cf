import TLSSyntax
import Testing

@testable import MLS

@Suite("Vectors: key schedule, secret tree, transcript", .enabled(if: VectorFile.isPresent))
struct ScheduleVectorTests {
    struct KeySchedule: Decodable {
        struct Exporter: Decodable { let label: String, context: Hex, length: Int, secret: Hex }
        struct Epoch: Decodable {
            let treeHash: Hex, commitSecret: Hex, pskSecret: Hex, confirmedTranscriptHash: Hex
            let groupContext: Hex, joinerSecret: Hex, welcomeSecret: Hex, initSecret: Hex
            let senderDataSecret: Hex, encryptionSecret: Hex, exporterSecret: Hex
            let epochAuthenticator: Hex, externalSecret: Hex, confirmationKey: Hex
            let membershipKey: Hex, resumptionPsk: Hex, externalPub: Hex, exporter: Exporter
        }
        let cipherSuite: UInt16, groupId: Hex, initialInitSecret: Hex, epochs: [Epoch]
    }

    @Test func `key-schedule`() throws {
        var tally = Tally("key-schedule")
        for vector in try VectorFile.load("key-schedule", as: KeySchedule.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            var initSecret = vector.initialInitSecret.secret
            for (number, epoch) in vector.epochs.enumerated() {
                let context = GroupContext(
                    cipherSuite: suite.id, groupID: vector.groupId.bytes, epoch: UInt64(number),
                    treeHash: epoch.treeHash.bytes,
                    confirmedTranscriptHash: epoch.confirmedTranscriptHash.bytes, extensions: [])
                #expect(context.tlsEncoded == epoch.groupContext.bytes)
                let joiner = JoinerSchedule.joinerSecret(
                    initSecret: initSecret, commitSecret: epoch.commitSecret.secret,
                    context: context, suite: suite)
                #expect(joiner == epoch.joinerSecret.secret)
                let schedule = JoinerSchedule(
                    joinerSecret: joiner, pskSecret: epoch.pskSecret.secret, suite: suite)
                #expect(schedule.welcomeSecret == epoch.welcomeSecret.secret)
                let secrets = schedule.epochSecrets(context)
                try check(secrets, epoch, suite)
                initSecret = secrets.initSecret
            }
        }
        tally.report(expecting: 5)
    }

    private func check(
        _ secrets: EpochSecrets, _ epoch: KeySchedule.Epoch, _ suite: Suite
    ) throws {
        #expect(secrets.initSecret == epoch.initSecret.secret)
        #expect(secrets.senderDataSecret == epoch.senderDataSecret.secret)
        #expect(secrets.encryptionSecret == epoch.encryptionSecret.secret)
        #expect(secrets.exporterSecret == epoch.exporterSecret.secret)
        #expect(secrets.epochAuthenticator == epoch.epochAuthenticator.secret)
        #expect(secrets.externalSecret == epoch.externalSecret.secret)
        #expect(secrets.confirmationKey == epoch.confirmationKey.secret)
        #expect(secrets.membershipKey == epoch.membershipKey.secret)
        #expect(secrets.resumptionPSK == epoch.resumptionPsk.secret)
        #expect(try secrets.externalKeyPair(suite).publicKey.bytes == epoch.externalPub.bytes)
        let exporter = epoch.exporter
        #expect(
            secrets.export(
                exporter.label, context: exporter.context.bytes, length: exporter.length,
                suite: suite) == exporter.secret.secret)
    }

    struct PSKSecret: Decodable {
        struct PSK: Decodable { let pskId: Hex, psk: Hex, pskNonce: Hex }
        let cipherSuite: UInt16, psks: [PSK], pskSecret: Hex
    }

    @Test func psk_secret() throws {
        var tally = Tally("psk_secret")
        for vector in try VectorFile.load("psk_secret", as: PSKSecret.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            var keys = PreSharedKeys()
            for psk in vector.psks { keys.add(psk.psk.secret, externalID: psk.pskId.bytes) }
            let ids = vector.psks.map {
                PreSharedKeyID(name: .external(id: $0.pskId.bytes), nonce: $0.pskNonce.bytes)
            }
            #expect(try keys.pskSecret(ids, suite: suite) == vector.pskSecret.secret)
        }
        tally.report(expecting: 55)
    }

    struct SecretTreeVector: Decodable {
        struct SenderData: Decodable {
            let senderDataSecret: Hex, ciphertext: Hex, key: Hex, nonce: Hex
        }
        struct Generation: Decodable {
            let generation: UInt32, applicationKey: Hex, applicationNonce: Hex
            let handshakeKey: Hex, handshakeNonce: Hex
        }
        let cipherSuite: UInt16, senderData: SenderData, encryptionSecret: Hex
        let leaves: [[Generation]]
    }

    @Test func `secret-tree`() throws {
        var tally = Tally("secret-tree")
        for vector in try VectorFile.load("secret-tree", as: SecretTreeVector.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            let data = vector.senderData
            let (key, nonce) = PrivateMessage.senderDataKey(
                data.senderDataSecret.secret, ciphertext: data.ciphertext.bytes, suite: suite)
            #expect(key == data.key.secret)
            #expect(nonce == data.nonce.bytes)
            var tree = SecretTree(
                encryptionSecret: vector.encryptionSecret.secret,
                size: TreeSize(holding: vector.leaves.count), suite: suite)
            for (leaf, generations) in vector.leaves.enumerated() {
                for step in generations {
                    let application = try tree.reveal(.application, leaf, step.generation)
                    #expect(application.key == step.applicationKey.secret)
                    #expect(application.nonce == step.applicationNonce.bytes)
                    let handshake = try tree.reveal(.handshake, leaf, step.generation)
                    #expect(handshake.key == step.handshakeKey.secret)
                    #expect(handshake.nonce == step.handshakeNonce.bytes)
                }
            }
        }
        tally.report(expecting: 15)
    }

    struct Transcript: Decodable {
        let cipherSuite: UInt16, confirmationKey: Hex, authenticatedContent: Hex
        let interimTranscriptHashBefore: Hex, confirmedTranscriptHashAfter: Hex
        let interimTranscriptHashAfter: Hex
    }

    @Test func `transcript-hashes`() throws {
        var tally = Tally("transcript-hashes")
        for vector in try VectorFile.load("transcript-hashes", as: Transcript.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            let commit = try AuthenticatedContent(tlsEncoded: vector.authenticatedContent.bytes)
            let confirmed = TranscriptHashes.confirmed(
                interim: vector.interimTranscriptHashBefore.bytes, commit: commit, suite: suite)
            #expect(confirmed == vector.confirmedTranscriptHashAfter.bytes)
            let tag = try #require(commit.auth.confirmationTag)
            #expect(
                suite.hash.isValid(mac: tag, key: vector.confirmationKey.secret, confirmed))
            #expect(
                TranscriptHashes.interim(
                    confirmed: confirmed, confirmationTag: tag, suite: suite)
                    == vector.interimTranscriptHashAfter.bytes)
        }
        tally.report(expecting: 5)
    }
}

extension SecretTree {
    /// The key of a generation, spent as if a message had been opened with it.
    mutating func reveal(
        _ kind: RatchetKind, _ leaf: Int, _ generation: UInt32
    ) throws -> (key: Secret, nonce: [UInt8]) {
        try withKey(
            kind, of: LeafIndex(leaf), generation: generation,
            policy: RatchetPolicy(maximumForward: .max, maximumKept: 1000)
        ) { (key: consuming MessageKey) in (key.key, key.nonce) }
    }
}
