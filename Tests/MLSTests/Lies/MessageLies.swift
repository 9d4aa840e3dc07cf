import TLSSyntax

@testable import MLS

extension Lie {
    private static let removal = Content.proposal(.remove(LeafIndex(2)))

    /// Messages that sections 6, 12.1.8 and 12.4.3.2 forbid.
    static let messages: [Lie] = [
        Lie("message-group", .wrongGroup) {
            .publicMessage(try $0.say(removal, groupID: [1]))
        },
        Lie("message-epoch-past", .wrongEpoch(0)) {
            .publicMessage(try $0.say(removal, epoch: 0))
        },
        Lie("message-epoch-future", .wrongEpoch(99)) {
            .publicMessage(try $0.say(removal, epoch: 99))
        },
        Lie("message-membership-tag", .invalidMembershipTag) {
            var message = try $0.say(removal)
            message.membershipTag = [UInt8](repeating: 0, count: 32)
            return .publicMessage(message)
        },
        Lie("message-signature", .invalidSignature) {
            .publicMessage(try $0.say(removal, key: $0.newcomer.identity.signatureKey))
        },
        Lie("message-sender-blank", .unknownSender) {
            .publicMessage(try $0.say(removal, sender: .member(LeafIndex(3))))
        },
        Lie("message-sender-is-victim", .ownMessage) {
            .publicMessage(try $0.say(removal, sender: .member(LeafIndex(0))))
        },
        Lie("message-application-public", .applicationDataInPublicMessage) {
            var message = try $0.say(removal)
            message.content.content = .application([1])
            return .publicMessage(message)
        },
        Lie("message-confirmation-tag", .invalidConfirmationTag) { stage in
            let pending = try stage.liar.group.commit()
            guard case .publicMessage(var message) = pending.message else {
                throw MLSError.wrongGroup
            }
            message.auth.confirmationTag?[0] ^= 1
            return .publicMessage(
                try stage.protect(
                    AuthenticatedContent(
                        wireFormat: .publicMessage, content: message.content,
                        auth: message.auth)))
        },
        Lie("external-sender-unknown", .unknownExternalSender) {
            .publicMessage(
                try $0.say(
                    removal, sender: .external(index: 1), key: $0.service.identity.signatureKey))
        },
        Lie("external-sender-signature", .invalidSignature) {
            .publicMessage(try $0.say(removal, sender: .external(index: 0)))
        },
        Lie("external-sender-update", .contentNotAllowedForSender) {
            guard let leaf = $0.tree[LeafIndex(1)] else { throw MLSError.unknownSender }
            return .publicMessage(
                try $0.say(
                    .proposal(.update(leaf)), sender: .external(index: 0),
                    key: $0.service.identity.signatureKey))
        },
        Lie("external-sender-commit", .contentNotAllowedForSender) {
            .publicMessage(
                try $0.say(
                    .commit(Commit(proposals: [])), sender: .external(index: 0),
                    key: $0.service.identity.signatureKey))
        },
        Lie("new-member-proposes-remove", .contentNotAllowedForSender) {
            .publicMessage(
                try $0.say(
                    removal, sender: .newMemberProposal, key: $0.newcomer.identity.signatureKey))
        },
        Lie("new-member-commit-as-proposal", .contentNotAllowedForSender) {
            .publicMessage(
                try $0.say(
                    removal, sender: .newMemberCommit, key: $0.newcomer.identity.signatureKey))
        },
        Lie("new-member-add-signature", .invalidSignature) {
            .publicMessage(
                try $0.say(
                    .proposal(.add($0.bundle.keyPackage)), sender: .newMemberProposal))
        },
        Lie("private-padding", .nonZeroPadding) { stage in
            try stage.sayPrivate(padding: [0, 0, 1])
        },
        Lie("private-sender-blank", .unknownSender) { stage in
            try stage.sayPrivate(sender: 3)
        },
        Lie("private-sender-outside", .unknownSender) { stage in
            try stage.sayPrivate(sender: 1_000_000)
        },
        Lie("private-too-far-ahead", .tooFarAhead) { stage in
            try stage.sayPrivate(generation: 0xffff_ffff)
        },
        Lie("private-reused", .messageKeyUsed) { stage in
            let message = try stage.liar.group.encrypt([1])
            try stage.hear(message)
            return message
        },
        Lie("private-signature", .invalidSignature) { stage in
            try stage.sayPrivate(key: stage.newcomer.identity.signatureKey)
        },
        Lie("private-ciphertext", .decryptionFailed) { stage in
            guard case .privateMessage(var message) = try stage.liar.group.encrypt([1]) else {
                throw MLSError.wrongGroup
            }
            message.ciphertext[message.ciphertext.count - 1] ^= 1
            return .privateMessage(message)
        },
        Lie("private-authenticated-data", .decryptionFailed) { stage in
            guard case .privateMessage(var message) = try stage.liar.group.encrypt([1]) else {
                throw MLSError.wrongGroup
            }
            message.authenticatedData = [1]
            return .privateMessage(message)
        },
    ]

    /// External commits that sections 12.2 and 12.4.3.2 forbid.
    static let externalCommits: [Lie] = [
        Lie("external-commit-init-missing", .externalInitMissing) {
            try $0.sayExternal { $0.proposals = [] }
        },
        Lie("external-commit-init-twice", .severalExternalInits) {
            try $0.sayExternal { $0.proposals += $0.proposals }
        },
        Lie("external-commit-add", .proposalNotAllowedInExternalCommit) { stage in
            let package = try Party("x", world: stage.world).bundle().keyPackage
            return try stage.sayExternal { $0.proposals.append(.proposal(.add(package))) }
        },
        Lie("external-commit-two-removes", .proposalNotAllowedInExternalCommit) {
            try $0.sayExternal {
                $0.proposals.append(.proposal(.remove(LeafIndex(1))))
                $0.proposals.append(.proposal(.remove(LeafIndex(2))))
            }
        },
        Lie("external-commit-extensions", .proposalNotAllowedInExternalCommit) {
            try $0.sayExternal { $0.proposals.append(.proposal(.groupContextExtensions([]))) }
        },
        Lie("external-commit-reference", .referenceInExternalCommit) {
            try $0.sayExternal { $0.proposals.append(.reference([1])) }
        },
        Lie("external-commit-without-path", .pathRequired) {
            try $0.sayExternal { $0.path = nil }
        },
        Lie("external-commit-kem-output", .invalidPublicKey) {
            try $0.sayExternal {
                $0.proposals = [
                    .proposal(.externalInit(kemOutput: [UInt8](repeating: 0, count: 32)))
                ]
            }
        },
        Lie("external-commit-signature", .invalidSignature) { stage in
            try stage.sayExternal(key: stage.liar.identity.signatureKey) { _ in }
        },
    ]
}

extension Stage {
    /// A private message of the liar's key of generation 0, with one thing wrong.
    func sayPrivate(
        padding: [UInt8] = [], sender: UInt32 = 1, generation: UInt32? = nil,
        key signatureKey: SignaturePrivateKey? = nil
    ) throws -> MLSMessage {
        let signed = try AuthenticatedContent(
            signing: FramedContent(
                groupID: Self.groupID, epoch: context.epoch, sender: .member(LeafIndex(sender)),
                authenticatedData: [], content: .application([1])),
            wireFormat: .privateMessage, context: context,
            key: signatureKey ?? liar.identity.signatureKey, suite: suite)
        let secret = liar.group.state.secrets.senderDataSecret
        let key = try liar.group.secretTree.next(.application, of: LeafIndex(1))
        guard
            case .privateMessage(var message) = MLSMessage.privateMessage(
                try PrivateMessage(
                    signed, key: key, senderDataSecret: secret, padding: .none, suite: suite,
                    environment: world.environment))
        else { throw MLSError.wrongGroup }
        guard generation != nil || !padding.isEmpty else { return .privateMessage(message) }
        let place = try message.openSenderData(secret, suite: suite)
        if !padding.isEmpty {
            var plaintext = TLSWriter()
            plaintext.writeOpaque([1])
            signed.auth.encode(into: &plaintext)
            plaintext.writeFixed(padding)
            try message.reseal(
                plaintext.bytes, place, with: victim.group.secretTree, suite: suite)
        }
        let data = PrivateMessage.SenderData(
            leafIndex: place.leafIndex, generation: generation ?? place.generation,
            reuseGuard: place.reuseGuard)
        try message.resealSenderData(data, secret, suite: suite)
        return .privateMessage(message)
    }

    /// A good external commit of the newcomer, changed and signed again.
    func sayExternal(
        key: SignaturePrivateKey? = nil, _ change: (inout Commit) throws -> Void
    ) throws -> MLSMessage {
        guard case .groupInfo(let info) = try liar.group.groupInfo(allowsExternalCommits: true)
        else { throw MLSError.treeMissing }
        let pending = try Group.joinExternally(
            info, as: newcomer.identity, environment: world.environment)
        guard case .publicMessage(let message) = pending.message,
            case .commit(var commit) = message.content.content
        else { throw MLSError.wrongGroup }
        try change(&commit)
        return .publicMessage(
            try say(
                .commit(commit), sender: .newMemberCommit,
                key: key ?? newcomer.identity.signatureKey))
    }
}

extension PrivateMessage {
    /// Encrypts another content under the key of the same generation.
    fileprivate mutating func reseal(
        _ plaintext: [UInt8], _ place: SenderData, with tree: SecretTree, suite: MLS.Suite
    ) throws {
        var tree = tree
        var aad = TLSWriter()
        aad.writeOpaque(groupID)
        aad.write(epoch)
        aad.write(contentType)
        aad.writeOpaque(authenticatedData)
        ciphertext = try tree.withKey(
            .application, of: place.leafIndex, generation: place.generation, policy: .standard
        ) { (key: consuming MessageKey) throws(MLSError) in
            try key.seal(
                plaintext, reuseGuard: place.reuseGuard, authenticating: aad.bytes, suite.aead)
        }
    }

    fileprivate mutating func resealSenderData(
        _ data: SenderData, _ secret: Secret, suite: MLS.Suite
    ) throws {
        var aad = TLSWriter()
        aad.writeOpaque(groupID)
        aad.write(epoch)
        aad.write(contentType)
        let (key, nonce) = Self.senderDataKey(secret, ciphertext: ciphertext, suite: suite)
        encryptedSenderData = try suite.aead.seal(
            data.tlsEncoded, key: key, nonce: nonce, authenticating: aad.bytes)
    }
}
