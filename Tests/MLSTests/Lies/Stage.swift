import TLSSyntax
import Testing

@testable import MLS

/// Where lies are told: a group of three (0 has set a path), of whom 1 lies and 0 and 2 listen, an external sender, and a
/// newcomer with a key package.
final class Stage {
    static let groupID: [UInt8] = Array("group".utf8)
    static let knownType = ExtensionType(rawValue: 0xFF10)

    let world = TestWorld()
    let parties: [Party]
    let service: Party
    let newcomer: Party
    let bundle: KeyPackageBundle

    var victim: Party { parties[0] }
    var liar: Party { parties[1] }
    let suite: MLS.Suite
    var context: GroupContext { liar.group.context }
    var tree: RatchetTree { liar.group.state.tree }

    init(policy: GroupPolicy = GroupPolicy(encryptsHandshakes: false)) throws {
        suite = try MLS.Suite(.x25519AES128GCMSHA256Ed25519)
        service = try Party("service", world: world)
        newcomer = try Party("newcomer", world: world)
        bundle = try newcomer.bundle()
        let senders = ExternalSenders([
            ExternalSender(
                signatureKey: service.identity.signatureKey.publicKey,
                credential: service.identity.credential)
        ])
        parties = try makeGroup(
            3, world: world, extensions: [senders.asExtension], policy: policy)
        _ = try commit(by: parties[0], to: [parties[1], parties[2]])
    }

    // MARK: Saying things

    /// A public message with a good signature and membership tag, whatever it says.
    func say(
        _ content: Content, sender: Sender = .member(LeafIndex(1)), epoch: UInt64? = nil,
        groupID: [UInt8] = groupID, key: SignaturePrivateKey? = nil,
        tag: [UInt8] = [UInt8](repeating: 0, count: 32)
    ) throws -> PublicMessage {
        var signed = try AuthenticatedContent(
            signing: FramedContent(
                groupID: groupID, epoch: epoch ?? context.epoch, sender: sender,
                authenticatedData: [], content: content),
            wireFormat: .publicMessage, context: context,
            key: key ?? liar.identity.signatureKey, suite: suite)
        if content.type == .commit { signed.auth.confirmationTag = tag }
        return try protect(signed)
    }

    func protect(_ signed: AuthenticatedContent) throws -> PublicMessage {
        try PublicMessage(
            signed, membershipKey: liar.group.state.secrets.membershipKey, context: context,
            suite: suite)
    }

    /// The liar's commit of these proposals, without a path.
    func sayCommit(_ proposals: [Proposal], path: UpdatePath? = nil) throws -> MLSMessage {
        let list = proposals.map { ProposalOrRef.proposal($0) }
        return .publicMessage(try say(.commit(Commit(proposals: list, path: path))))
    }

    /// A good commit of the liar, changed in one place and signed again.
    func sayCommit(
        _ changes: [Change] = [], _ change: (inout Commit) throws -> Void
    ) throws -> MLSMessage {
        let pending = try liar.group.commit(changes)
        guard case .publicMessage(let message) = pending.message,
            case .commit(var commit) = message.content.content
        else { throw MLSError.unknownProposal }
        try change(&commit)
        return .publicMessage(try say(.commit(commit)))
    }

    /// The liar's leaf for a path, signed as a commit's.
    func resign(
        _ leaf: LeafNode, as index: UInt32 = 1, change: (inout LeafNode) -> Void
    ) throws -> LeafNode {
        var leaf = leaf
        change(&leaf)
        try leaf.sign(
            liar.identity.signatureKey,
            position: .init(groupID: Self.groupID, leafIndex: LeafIndex(index)), suite: suite)
        return leaf
    }

    /// The newcomer's key package, changed and signed again, leaf and all.
    func package(
        resigningLeaf: Bool = true, _ change: (inout KeyPackage) -> Void
    ) throws -> KeyPackage {
        var package = bundle.keyPackage
        change(&package)
        let key = newcomer.identity.signatureKey
        if resigningLeaf { try package.leafNode.sign(key, position: nil, suite: suite) }
        try package.sign(key, suite: suite)
        return package
    }

    /// An Update of the liar, by reference, committed by the third member.
    func sayUpdate(_ change: (inout LeafNode) -> Void) throws -> MLSMessage {
        let key = try suite.kem.generateKeyPair(world.environment)
        guard var leaf = tree[LeafIndex(1)] else { throw MLSError.unknownSender }
        leaf.encryptionKey = key.publicKey
        leaf.source = .update
        return .publicMessage(
            try say(.proposal(.update(resign(leaf, change: change)))))
    }

    // MARK: Listening

    /// Lets the victim hear a message to its end.
    func hear(_ message: MLSMessage) throws {
        switch try victim.group.open(bytes: message.bytes) {
        case .application: return
        case .proposal(let proposal): try victim.group.keep(proposal)
        case .commit(let commit):
            let staged = try victim.group.stage(commit)
            try victim.group.adopt(staged)
        }
    }
}

/// One lie: what is told, and what it is refused with.
struct Lie: Sendable, CustomTestStringConvertible {
    let name: String
    let error: MLSError
    let tell: @Sendable (Stage) throws -> MLSMessage

    init(
        _ name: String, _ error: MLSError,
        tell: @escaping @Sendable (Stage) throws -> MLSMessage
    ) {
        self.name = name
        self.error = error
        self.tell = tell
    }

    var testDescription: String { name }
}
