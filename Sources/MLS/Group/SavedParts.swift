import TLSSyntax

/// The parts of a saved state, each with its way out and back; `SavedState` has the format.
extension EpochState {
    func save(into writer: inout TLSWriter) {
        writer.write(context)
        writer.write(tree)
        keys.save(into: &writer)
        secrets.save(into: &writer)
        writer.writeOpaque(confirmationTag)
    }

    init(saved reader: inout SavedReader) throws(MLSError) {
        let context = try reader.read(GroupContext.self)
        let suite = try Suite(context.cipherSuite)
        var tree = try reader.read(RatchetTree.self)
        guard tree.rootHash(suite) == context.treeHash else { throw .treeHashMismatch }
        let keys = try TreePrivateKeys(saved: &reader, tree, suite)
        let secrets = try EpochSecrets(saved: &reader)
        self.init(
            suite: suite, context: context, tree: tree, keys: keys, secrets: secrets,
            confirmationTag: try reader.readOpaque())
    }
}

extension TreePrivateKeys {
    func save(into writer: inout TLSWriter) {
        writer.write(leafIndex)
        writer.write(leaf.rawRepresentation)
        writer.writeVector { writer in
            for (node, key) in parents.sorted(by: { $0.key < $1.key }) {
                writer.write(UInt32(node.rawValue))
                writer.write(key.rawRepresentation)
            }
        }
    }

    init(
        saved reader: inout SavedReader, _ tree: RatchetTree, _ suite: Suite
    ) throws(MLSError) {
        let index = try reader.read(LeafIndex.self)
        let leaf = try HPKEPrivateKey(reader.read(Secret.self), suite.kem)
        guard tree[index]?.encryptionKey == leaf.publicKey else { throw .invalidPrivateKey }
        self.init(leafIndex: index, leaf: leaf)
        var list = try reader.readNested()
        while !list.isAtEnd {
            let node = NodeIndex(Int(try list.read(UInt32.self)))
            let key = try HPKEPrivateKey(list.read(Secret.self), suite.kem)
            guard !node.isLeaf, node.rawValue < tree.size.nodeCount,
                tree.parent(node)?.encryptionKey == key.publicKey
            else { throw .invalidPrivateKey }
            parents[node] = key
        }
    }
}

extension EpochSecrets {
    func save(into writer: inout TLSWriter) {
        for secret in [
            senderDataSecret, exporterSecret, externalSecret, confirmationKey, membershipKey,
            resumptionPSK, epochAuthenticator, initSecret,
        ] { writer.write(secret) }
    }

    init(saved reader: inout SavedReader) throws(MLSError) {
        self.init(
            senderDataSecret: try reader.read(), exporterSecret: try reader.read(),
            externalSecret: try reader.read(), confirmationKey: try reader.read(),
            membershipKey: try reader.read(), resumptionPSK: try reader.read(),
            epochAuthenticator: try reader.read(), initSecret: try reader.read())
    }
}

extension Identity {
    func save(into writer: inout TLSWriter) {
        writer.write(credential)
        writer.write(signatureKey.rawRepresentation)
    }

    init(saved reader: inout SavedReader, _ suite: Suite) throws(MLSError) {
        let credential = try reader.read(Credential.self)
        self.init(
            credential: credential,
            signatureKey: try SignaturePrivateKey(reader.read(), suite.signature))
    }
}

extension PastEpoch {
    func save(into writer: inout TLSWriter) {
        writer.write(context)
        writer.write(tree)
        writer.write(ownLeaf)
        writer.write(senderDataSecret)
        secretTree.save(into: &writer)
        writer.write(ended)
    }

    init(saved reader: inout SavedReader, _ suite: Suite) throws(MLSError) {
        self.init(
            context: try reader.read(), tree: try reader.read(), ownLeaf: try reader.read(),
            senderDataSecret: try reader.read(),
            secretTree: try SecretTree(saved: &reader, suite), ended: try reader.read())
    }
}

extension SecretTree {
    func save(into writer: inout TLSWriter) {
        writer.write(UInt32(leafCount))
        writer.writeVector { writer in
            for (node, secret) in nodes.sorted(by: { $0.key < $1.key }) {
                writer.write(UInt32(node.rawValue))
                writer.write(secret)
            }
        }
        let order = ratchets.sorted { a, b in
            (a.key.leaf, a.key.kind.saved) < (b.key.leaf, b.key.kind.saved)
        }
        writer.writeVector { writer in
            for (slot, ratchet) in order {
                writer.write(slot.leaf)
                writer.write(slot.kind.saved)
                writer.write(ratchet.secret)
                writer.write(ratchet.generation)
                writer.writeVector { writer in
                    for (generation, key) in ratchet.skipped.sorted(by: { $0.key < $1.key }) {
                        writer.write(generation)
                        writer.write(key.key)
                        writer.write(key.nonce)
                    }
                }
            }
        }
    }

    init(saved reader: inout SavedReader, _ suite: Suite) throws(MLSError) {
        let leafCount = Int(try reader.read(UInt32.self))
        var nodes: [NodeIndex: Secret] = [:]
        var list = try reader.readNested()
        while !list.isAtEnd {
            let node = NodeIndex(Int(try list.read(UInt32.self)))
            nodes[node] = try list.read()
        }
        var ratchets: [Slot: Ratchet] = [:]
        list = try reader.readNested()
        while !list.isAtEnd {
            let leaf = try list.read(LeafIndex.self)
            let slot = Slot(leaf: leaf, kind: try RatchetKind(saved: list.read()))
            var ratchet = Ratchet(secret: try list.read(), generation: try list.read())
            var skipped = try list.readNested()
            while !skipped.isAtEnd {
                let generation = try skipped.read(UInt32.self)
                let key = StoredKey(key: try skipped.read(), nonce: try skipped.read())
                guard key.nonce.count == AEAD.nonceSize else {
                    throw SavedState.damaged
                }
                ratchet.skipped[generation] = key
            }
            ratchets[slot] = ratchet
        }
        self.init(leafCount: leafCount, nodes: nodes, ratchets: ratchets, suite: suite)
    }
}

extension RatchetKind {
    fileprivate var saved: UInt8 { self == .handshake ? 1 : 2 }

    fileprivate init(saved: UInt8) throws(MLSError) {
        switch saved {
        case 1: self = .handshake
        case 2: self = .application
        default: throw SavedState.damaged
        }
    }
}
