public import TLSSyntax

/// `LeafNodeSource` of RFC 9420 section 7.2, with what only that source has.
public enum LeafNodeSource: Sendable, Hashable {
    /// From a KeyPackage.
    case keyPackage(Lifetime)
    /// From an Update proposal.
    case update
    /// From the path of a Commit.
    case commit(parentHash: [UInt8])
}

/// `LeafNode` of RFC 9420 section 7.2: a member as the tree shows it.
public struct LeafNode: Sendable, Hashable, TLSCodable {
    /// Where path secrets are encrypted to.
    public var encryptionKey: HPKEPublicKey
    /// What the member's signatures are verified with.
    public var signatureKey: SignaturePublicKey
    /// Who the member claims to be.
    public var credential: Credential
    /// What the member supports.
    public var capabilities: Capabilities
    /// How the leaf came into the tree.
    public var source: LeafNodeSource
    /// Extensions, unknown ones included.
    public var extensions: Extensions
    /// Over `LeafNodeTBS`.
    public var signature: [UInt8]

    /// Appends the leaf.
    public func encode(into writer: inout TLSWriter) {
        encodeUnsigned(into: &writer)
        writer.writeOpaque(signature)
    }

    private func encodeUnsigned(into writer: inout TLSWriter) {
        writer.write(encryptionKey)
        writer.write(signatureKey)
        writer.write(credential)
        writer.write(capabilities)
        switch source {
        case .keyPackage(let lifetime):
            writer.write(UInt8(1))
            writer.write(lifetime)
        case .update:
            writer.write(UInt8(2))
        case .commit(let parentHash):
            writer.write(UInt8(3))
            writer.writeOpaque(parentHash)
        }
        writer.write(extensions)
    }

    /// Reads a leaf; nothing about it is verified yet.
    public init(from reader: inout TLSReader) throws(CodecError) {
        encryptionKey = try reader.read()
        signatureKey = try reader.read()
        credential = try reader.read()
        capabilities = try reader.read()
        switch try reader.read(UInt8.self) {
        case 1: source = .keyPackage(try reader.read())
        case 2: source = .update
        case 3: source = .commit(parentHash: try reader.readOpaque())
        default: throw .invalidValue("LeafNodeSource")
        }
        extensions = try reader.read()
        signature = try reader.readOpaque()
    }

    /// Where a leaf stands: the context that `LeafNodeTBS` has for updates and commits.
    struct Position: Sendable {
        let groupID: [UInt8]
        let leafIndex: LeafIndex
    }

    /// `LeafNodeTBS`.
    private func toBeSigned(_ position: Position?) -> [UInt8] {
        var writer = TLSWriter(capacity: 256)
        encodeUnsigned(into: &writer)
        if case .keyPackage = source { return writer.bytes }
        writer.writeOpaque(position?.groupID ?? [])
        writer.write(position?.leafIndex ?? LeafIndex(0))
        return writer.bytes
    }

    /// A leaf signed by its owner. Position is needed unless the source is a key package.
    init(
        identity: Identity, encryptionKey: HPKEPublicKey, capabilities: Capabilities,
        source: LeafNodeSource, extensions: Extensions, position: Position?, suite: Suite
    ) throws(MLSError) {
        self.encryptionKey = encryptionKey
        signatureKey = identity.signatureKey.publicKey
        credential = identity.credential
        self.capabilities = capabilities
        self.source = source
        self.extensions = extensions
        signature = []
        try sign(identity.signatureKey, position: position, suite: suite)
    }

    /// Signs anew: "Each modification of LeafNode content MUST be reflected by a change in its
    /// signature" (section 7.2).
    mutating func sign(
        _ key: SignaturePrivateKey, position: Position?, suite: Suite
    ) throws(MLSError) {
        signature = try suite.signWithLabel(key, "LeafNodeTBS", toBeSigned(position))
    }

    /// Whether the signature is the owner's.
    func isSignatureValid(position: Position?, suite: Suite) -> Bool {
        suite.verifyWithLabel(
            signatureKey, "LeafNodeTBS", toBeSigned(position), signature: signature)
    }
}
