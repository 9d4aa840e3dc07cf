import TLSSyntax
import Testing

@testable import MLS

/// A Welcome, opened, changed, and sealed again as its sender could have.
struct Invitation {
    var info: GroupInfo
    var secrets: GroupSecrets
    var tree: RatchetTree
    var options = JoinOptions()
    var signer: SignaturePrivateKey
    var newMember: [UInt8]
    /// Whether the tree and its hash, as changed, are put into the GroupInfo.
    var putsTree = true
}

/// A lie to a newcomer.
struct JoinLie: Sendable, CustomTestStringConvertible {
    let name: String
    let error: MLSError
    let tell: @Sendable (inout Invitation, Stage) throws -> Void

    init(
        _ name: String, _ error: MLSError,
        tell: @escaping @Sendable (inout Invitation, Stage) throws -> Void
    ) {
        self.name = name
        self.error = error
        self.tell = tell
    }

    var testDescription: String { name }

    private static func branch(_ epoch: UInt64) -> PreSharedKeyID {
        PreSharedKeyID(
            name: .resumption(.branch, groupID: [8], epoch: epoch),
            nonce: [UInt8](repeating: 1, count: 32))
    }

    static let all: [JoinLie] = [
        JoinLie("join-other-key-package", .welcomeNotForUs) { it, _ in it.newMember[0] ^= 1 },
        JoinLie("join-signature", .invalidGroupInfoSignature) { it, stage in
            it.signer = stage.newcomer.identity.signatureKey
        },
        JoinLie("join-signer-blank", .unknownMember(LeafIndex(77))) { it, _ in
            it.info.signer = LeafIndex(77)
        },
        JoinLie("join-suite", .cipherSuiteMismatch) { it, _ in
            it.info.groupContext.cipherSuite = .x25519ChaCha20Poly1305SHA256Ed25519
        },
        JoinLie("join-version", .unsupportedVersion(.init(rawValue: 2))) { it, _ in
            it.info.groupContext.version = .init(rawValue: 2)
        },
        JoinLie("join-confirmation-tag", .invalidConfirmationTag) { it, _ in
            it.info.confirmationTag[0] ^= 1
        },
        JoinLie("join-known-group", .groupIDInUse) { it, _ in
            it.options.knownGroupIDs = [Stage.groupID]
        },
        JoinLie("join-tree-hash", .treeHashMismatch) { it, _ in
            it.putsTree = false
            it.info.groupContext.treeHash[0] ^= 1
        },
        JoinLie("join-leaf-signature", .invalidLeafSignature) { it, _ in
            // The committer's: nobody else's parent hash covers it.
            var leaf = it.tree[LeafIndex(0)]
            leaf?.signature[0] ^= 1
            it.tree.setLeaf(leaf, at: LeafIndex(0))
        },
        JoinLie("join-parent-hash", .invalidParentHash) { it, stage in
            let key = try stage.suite.kem.generateKeyPair(stage.world.environment).publicKey
            it.changeParent(1) { $0.encryptionKey = key }
        },
        JoinLie("join-unmerged-leaf", .invalidUnmergedLeaf) { it, _ in
            it.changeParent(1) { $0.unmergedLeaves = [LeafIndex(2)] }
        },
        JoinLie("join-parent-key-twice", .encryptionKeyNotUnique) { it, stage in
            try it.duplicateParentKey(stage)
        },
        JoinLie("join-own-leaf", .ownLeafMissing) { it, _ in
            it.tree.remove([LeafIndex(3)])
        },
        JoinLie("join-path-secret", .pathKeyMismatch) { it, stage in
            it.secrets.pathSecret = stage.world.environment.secret(32)
        },
        JoinLie("join-two-branches", .severalResumptionPSKs) { it, _ in
            it.secrets.preSharedKeys = [branch(1), branch(2)]
            it.options.preSharedKeys.add(Secret([1]), groupID: [8], epoch: 1)
            it.options.preSharedKeys.add(Secret([1]), groupID: [8], epoch: 2)
        },
        JoinLie("join-branch-unknown", .priorGroupMissing) { it, _ in
            it.secrets.preSharedKeys = [branch(1)]
            it.options.preSharedKeys.add(Secret([1]), groupID: [8], epoch: 1)
        },
        JoinLie("join-tree-blank-end", .malformed(.invalidValue("ratchet_tree"))) { it, _ in
            it.putsTree = false
            var writer = TLSWriter()
            writer.writeOpaque([0])
            it.info.extensions.list.removeAll { $0.type == .ratchetTree }
            it.info.extensions.list.append(Extension(type: .ratchetTree, data: writer.bytes))
        },
        JoinLie("join-extension-repeated", .repeatedExtension) { it, _ in
            let twice = Extension(type: .init(rawValue: 0xFF01), data: [])
            it.info.extensions.list += [twice, twice]
        },
        JoinLie("join-group-extension", .groupExtensionNotSupported) { it, _ in
            it.info.groupContext.extensions.list.append(
                Extension(type: .init(rawValue: 0xFF02), data: []))
        },
    ]
}

extension Invitation {
    mutating func changeParent(_ node: Int, _ change: (inout ParentNode) -> Void) {
        guard var parent = tree.parent(NodeIndex(node)) else { return }
        change(&parent)
        tree.setParent(parent, at: NodeIndex(node))
        tree.forgetAllHashes()
    }

    /// Makes a path of member 0 whose two parents have one key, with parent hashes that are right.
    mutating func duplicateParentKey(_ stage: Stage) throws {
        let key = try stage.suite.kem.generateKeyPair(stage.world.environment).publicKey
        let identity = stage.victim.identity
        guard let old = tree[LeafIndex(0)] else { return }
        let steps = tree.filteredDirectPath(LeafIndex(0))
        tree.blankDirectPath(of: LeafIndex(0))
        let hash = tree.setPath(steps, keys: steps.map { _ in key }, stage.suite)
        let leaf = try LeafNode(
            identity: identity, encryptionKey: old.encryptionKey, capabilities: old.capabilities,
            source: .commit(parentHash: hash), extensions: old.extensions,
            position: .init(groupID: Stage.groupID, leafIndex: LeafIndex(0)), suite: stage.suite)
        tree.setLeaf(leaf, at: LeafIndex(0))
    }
}

extension RatchetTree {
    fileprivate mutating func forgetAllHashes() {
        hashes = hashes.map { _ in nil }
    }
}

@Suite("Lies to a newcomer are refused, each with its own error")
struct JoinLieTests {
    @Test("in Welcomes, GroupInfos and trees", arguments: JoinLie.all)
    func refuse(_ lie: JoinLie) throws {
        let stage = try Stage()
        var options = CommitOptions()
        options.forcesPath = true
        let pending = try stage.victim.group.commit(
            [.add(stage.bundle.keyPackage)], options: options)
        guard case .welcome(let welcome)? = pending.welcome else {
            Issue.record("no Welcome")
            return
        }
        var it = try open(welcome, stage)
        try lie.tell(&it, stage)
        let (changed, joining) = try seal(it, stage)
        #expect(throws: lie.error) {
            _ = try Group.join(
                changed, with: stage.bundle, options: joining, environment: stage.world.environment)
        }
        // The truth is believed.
        #expect(throws: Never.self) {
            _ = try Group.join(
                welcome, with: stage.bundle, environment: stage.world.environment)
        }
    }

    private func open(_ welcome: Welcome, _ stage: Stage) throws -> Invitation {
        let suite = stage.suite
        let secrets = try welcome.openSecrets(
            stage.bundle.keyPackage, initKey: stage.bundle.initKey, suite: suite)
        let schedule = JoinerSchedule(
            joinerSecret: secrets.joinerSecret, pskSecret: .zeros(suite.hash.size), suite: suite)
        let info = try welcome.openGroupInfo(schedule, suite: suite)
        let tree = try RatchetTree(tlsEncoded: #require(info.extensions[.ratchetTree]))
        return Invitation(
            info: info, secrets: secrets, tree: tree,
            signer: stage.victim.identity.signatureKey,
            newMember: stage.bundle.keyPackage.reference(suite))
    }

    private func seal(
        _ it: Invitation, _ stage: Stage
    ) throws -> (Welcome, JoinOptions) {
        var it = it
        let suite = stage.suite
        if it.putsTree {
            it.info.groupContext.treeHash = it.tree.rootHash(suite)
            let place = try #require(
                it.info.extensions.list.firstIndex { $0.type == .ratchetTree })
            it.info.extensions.list[place].data = it.tree.tlsEncoded
        }
        let info = try GroupInfo(
            groupContext: it.info.groupContext, extensions: it.info.extensions,
            confirmationTag: it.info.confirmationTag, signer: it.info.signer, key: it.signer,
            suite: suite)
        let psk = try it.options.preSharedKeys.pskSecret(it.secrets.preSharedKeys, suite: suite)
        var welcome = try Welcome(
            info, joinerSecret: it.secrets.joinerSecret, pskSecret: psk,
            preSharedKeys: it.secrets.preSharedKeys,
            to: [(stage.bundle.keyPackage, pathSecret: it.secrets.pathSecret)], suite: suite,
            environment: stage.world.environment)
        welcome.secrets[0].newMember = it.newMember
        return (welcome, it.options)
    }
}
