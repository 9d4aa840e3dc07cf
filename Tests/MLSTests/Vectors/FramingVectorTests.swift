import TLSSyntax
import Testing

@testable import MLS

@Suite("Vectors: messages", .enabled(if: VectorFile.isPresent))
struct FramingVectorTests {
    struct Messages: Decodable {
        let mlsWelcome: Hex, mlsGroupInfo: Hex, mlsKeyPackage: Hex, ratchetTree: Hex
        let groupSecrets: Hex, addProposal: Hex, updateProposal: Hex, removeProposal: Hex
        let preSharedKeyProposal: Hex, reInitProposal: Hex, externalInitProposal: Hex
        let groupContextExtensionsProposal: Hex, commit: Hex, publicMessageApplication: Hex
        let publicMessageProposal: Hex, publicMessageCommit: Hex, privateMessage: Hex
    }

    @Test("messages: every structure decodes and encodes to the same bytes")
    func messages() throws {
        var tally = Tally("messages")
        for vector in try VectorFile.load("messages", as: Messages.self) {
            let messages = [
                vector.mlsWelcome, vector.mlsGroupInfo, vector.mlsKeyPackage,
                vector.publicMessageApplication, vector.publicMessageProposal,
                vector.publicMessageCommit, vector.privateMessage,
            ]
            for hex in messages { try roundTrip(hex.bytes, MLSMessage.self) }
            try roundTrip(vector.ratchetTree.bytes, RatchetTree.self)
            try roundTrip(vector.groupSecrets.bytes, GroupSecrets.self)
            try roundTrip(vector.commit.bytes, Commit.self)
            // The proposals stand without their type.
            let proposals: [(UInt16, Hex)] = [
                (1, vector.addProposal), (2, vector.updateProposal), (3, vector.removeProposal),
                (4, vector.preSharedKeyProposal), (5, vector.reInitProposal),
                (6, vector.externalInitProposal), (7, vector.groupContextExtensionsProposal),
            ]
            for (type, body) in proposals {
                try roundTrip(type.tlsEncoded + body.bytes, Proposal.self)
            }
            tally.count()
        }
        tally.report(expecting: 300)
    }

    private func roundTrip<T: TLSCodable>(_ bytes: [UInt8], _ type: T.Type) throws {
        #expect(try T(tlsEncoded: bytes).tlsEncoded == bytes)
    }

    struct Protection: Decodable {
        let cipherSuite: UInt16, groupId: Hex, epoch: UInt64, treeHash: Hex
        let confirmedTranscriptHash: Hex, signaturePriv: Hex, signaturePub: Hex
        let encryptionSecret: Hex, senderDataSecret: Hex, membershipKey: Hex
        let proposal: Hex, proposalPriv: Hex, proposalPub: Hex
        let commit: Hex, commitPriv: Hex, commitPub: Hex
        let application: Hex, applicationPriv: Hex
    }

    @Test func `message-protection`() throws {
        var tally = Tally("message-protection")
        for vector in try VectorFile.load("message-protection", as: Protection.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            let bench = try Bench(vector, suite)
            let proposal = Content.proposal(try Proposal(tlsEncoded: vector.proposal.bytes))
            let commit = Content.commit(try Commit(tlsEncoded: vector.commit.bytes))
            let application = Content.application(vector.application.bytes)
            #expect(try bench.openPublic(vector.proposalPub.bytes) == proposal)
            #expect(try bench.openPublic(vector.commitPub.bytes) == commit)
            #expect(try bench.openPrivate(vector.proposalPriv.bytes) == proposal)
            #expect(try bench.openPrivate(vector.commitPriv.bytes) == commit)
            #expect(try bench.openPrivate(vector.applicationPriv.bytes) == application)
            for content in [proposal, commit, application] {
                #expect(try bench.openPrivate(bench.sealPrivate(content)) == content)
            }
            for content in [proposal, commit] {
                #expect(try bench.openPublic(bench.sealPublic(content)) == content)
            }
            #expect(throws: MLSError.applicationDataInPublicMessage) {
                try bench.sealPublic(application)
            }
        }
        tally.report(expecting: 5)
    }

    /// Two members of one epoch, the second of whom sends. Each message has a secret tree of its
    /// own, since the vectors all use generation 0 or 1.
    private struct Bench {
        let vector: Protection
        let suite: Suite
        let context: GroupContext
        let key: SignaturePrivateKey
        let sender = LeafIndex(1)

        init(_ vector: Protection, _ suite: Suite) throws {
            self.vector = vector
            self.suite = suite
            context = GroupContext(
                cipherSuite: suite.id, groupID: vector.groupId.bytes, epoch: vector.epoch,
                treeHash: vector.treeHash.bytes,
                confirmedTranscriptHash: vector.confirmedTranscriptHash.bytes, extensions: [])
            key = try SignaturePrivateKey(
                rawRepresentation: vector.signaturePriv.secret, for: suite.id)
            #expect(key.publicKey.bytes == vector.signaturePub.bytes)
        }

        private var tree: SecretTree {
            SecretTree(
                encryptionSecret: vector.encryptionSecret.secret, size: TreeSize(holding: 2),
                suite: suite)
        }

        func openPublic(_ bytes: [UInt8]) throws -> Content {
            guard case .publicMessage(let message) = try MLSMessage(bytes: bytes) else {
                throw MLSError.wrongGroup
            }
            let content = try message.unprotect(
                membershipKey: vector.membershipKey.secret, context: context, suite: suite)
            try content.verifySignature(by: key.publicKey, context: context, suite: suite)
            return content.content.content
        }

        func openPrivate(_ bytes: [UInt8]) throws -> Content {
            guard case .privateMessage(let message) = try MLSMessage(bytes: bytes) else {
                throw MLSError.wrongGroup
            }
            let data = try message.openSenderData(vector.senderDataSecret.secret, suite: suite)
            #expect(data.leafIndex == sender)
            var tree = tree
            let content = try tree.withKey(
                message.contentType == .application ? .application : .handshake,
                of: data.leafIndex, generation: data.generation, policy: .standard
            ) { (key: consuming MessageKey) throws(MLSError) in
                try message.open(data, key: key, suite: suite)
            }
            try content.verifySignature(by: key.publicKey, context: context, suite: suite)
            return content.content.content
        }

        private func sign(
            _ content: Content, _ format: WireFormat
        ) throws -> AuthenticatedContent {
            var signed = try AuthenticatedContent(
                signing: FramedContent(
                    groupID: context.groupID, epoch: context.epoch, sender: .member(sender),
                    authenticatedData: [1, 2, 3], content: content),
                wireFormat: format, context: context, key: key, suite: suite)
            if content.type == .commit { signed.auth.confirmationTag = [7] }
            return signed
        }

        func sealPublic(_ content: Content) throws -> [UInt8] {
            try MLSMessage.publicMessage(
                PublicMessage(
                    sign(content, .publicMessage), membershipKey: vector.membershipKey.secret,
                    context: context, suite: suite)
            ).bytes
        }

        func sealPrivate(_ content: Content) throws -> [UInt8] {
            var tree = tree
            let key = try tree.next(
                content.type == .application ? .application : .handshake, of: sender)
            return try MLSMessage.privateMessage(
                PrivateMessage(
                    sign(content, .privateMessage), key: key,
                    senderDataSecret: vector.senderDataSecret.secret, padding: .padme,
                    suite: suite, environment: .test())
            ).bytes
        }
    }

    struct WelcomeVector: Decodable {
        let cipherSuite: UInt16, initPriv: Hex, signerPub: Hex, keyPackage: Hex, welcome: Hex
    }

    @Test func welcome() throws {
        var tally = Tally("welcome")
        for vector in try VectorFile.load("welcome", as: WelcomeVector.self) {
            guard let suite = try tally.suite(vector.cipherSuite) else { continue }
            guard case .keyPackage(let package) = try MLSMessage(bytes: vector.keyPackage.bytes),
                case .welcome(let welcome) = try MLSMessage(bytes: vector.welcome.bytes)
            else {
                Issue.record("not a key package and a Welcome")
                continue
            }
            let initKey = try HPKEPrivateKey(
                rawRepresentation: vector.initPriv.secret, for: suite.id)
            let secrets = try welcome.openSecrets(package, initKey: initKey, suite: suite)
            let schedule = JoinerSchedule(
                joinerSecret: secrets.joinerSecret,
                pskSecret: try PreSharedKeys().pskSecret(secrets.preSharedKeys, suite: suite),
                suite: suite)
            let info = try welcome.openGroupInfo(schedule, suite: suite)
            #expect(info.isSignatureValid(by: .init(vector.signerPub.bytes), suite: suite))
            let epoch = schedule.epochSecrets(info.groupContext)
            #expect(
                epoch.confirmationTag(info.groupContext, suite: suite) == info.confirmationTag)
        }
        tally.report(expecting: 5)
    }
}
