public import TLSSyntax

/// `GroupInfo` of RFC 9420 section 12.4.3: what a newcomer needs to know of an epoch.
public struct GroupInfo: Sendable, Equatable, TLSCodable {
    /// The context of the epoch.
    public var groupContext: GroupContext
    /// For newcomers: perhaps the tree, perhaps the external key, and unknown things.
    public var extensions: Extensions
    var confirmationTag: [UInt8]
    /// The member that signed.
    public var signer: LeafIndex
    var signature: [UInt8]

    private func encodeUnsigned(into writer: inout TLSWriter) {
        writer.write(groupContext)
        writer.write(extensions)
        writer.writeOpaque(confirmationTag)
        writer.write(signer)
    }

    /// Appends the GroupInfo.
    public func encode(into writer: inout TLSWriter) {
        encodeUnsigned(into: &writer)
        writer.writeOpaque(signature)
    }

    /// Reads a GroupInfo; nothing about it is verified yet.
    public init(from reader: inout TLSReader) throws(CodecError) {
        groupContext = try reader.read()
        extensions = try reader.read()
        confirmationTag = try reader.readOpaque()
        signer = try reader.read()
        signature = try reader.readOpaque()
    }

    private var toBeSigned: [UInt8] {
        var writer = TLSWriter(capacity: 1024)
        encodeUnsigned(into: &writer)
        return writer.bytes
    }

    init(
        groupContext: GroupContext, extensions: Extensions, confirmationTag: [UInt8],
        signer: LeafIndex, key: SignaturePrivateKey, suite: Suite
    ) throws(MLSError) {
        self.groupContext = groupContext
        self.extensions = extensions
        self.confirmationTag = confirmationTag
        self.signer = signer
        signature = []
        signature = try suite.signWithLabel(key, "GroupInfoTBS", toBeSigned)
    }

    func isSignatureValid(by key: SignaturePublicKey, suite: Suite) -> Bool {
        suite.verifyWithLabel(key, "GroupInfoTBS", toBeSigned, signature: signature)
    }

    /// What every joiner verifies, by Welcome or from outside: version, suite, extensions, the
    /// signer, the tree.
    ///
    /// - Parameter ratchetTree: the tree from beside, which the one inside takes precedence of.
    /// - Returns: the tree.
    func validate(
        ratchetTree: [UInt8]?, suite: Suite, lifetimes: LifetimePolicy
    ) throws(MLSError) -> RatchetTree {
        guard groupContext.version == .mls10 else {
            throw .unsupportedVersion(groupContext.version)
        }
        guard groupContext.cipherSuite == suite.id else { throw .cipherSuiteMismatch }
        try extensions.checkNoRepeats()
        try groupContext.extensions.checkNoRepeats()
        guard let bytes = extensions[.ratchetTree] ?? ratchetTree else { throw .treeMissing }
        var tree: RatchetTree
        do { tree = try RatchetTree(tlsEncoded: bytes) } catch { throw .malformed(error) }
        guard let signerLeaf = tree[signer] else { throw .unknownMember(signer) }
        guard isSignatureValid(by: signerLeaf.signatureKey, suite: suite) else {
            throw .invalidGroupInfoSignature
        }
        try tree.validate(
            treeHash: groupContext.treeHash, groupID: groupContext.groupID,
            groupExtensions: groupContext.extensions, suite: suite, lifetimes: lifetimes)
        return tree
    }
}
