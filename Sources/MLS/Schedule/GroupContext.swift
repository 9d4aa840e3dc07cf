public import TLSSyntax

/// `GroupContext` of RFC 9420 section 8.1: what all members of an epoch agree on.
public struct GroupContext: Sendable, Hashable, TLSCodable {
    /// The version of the protocol.
    public var version: ProtocolVersion
    /// The suite of the group.
    public var cipherSuite: CipherSuite
    /// The group's name, chosen by its creator.
    public var groupID: [UInt8]
    /// How many commits led here.
    public var epoch: UInt64
    /// The hash of the ratchet tree.
    public var treeHash: [UInt8]
    /// The hash of all commits up to and including the last one's signature.
    public var confirmedTranscriptHash: [UInt8]
    /// The group's extensions; every member supports each.
    public var extensions: Extensions

    /// A context of these.
    init(
        cipherSuite: CipherSuite, groupID: [UInt8], epoch: UInt64, treeHash: [UInt8],
        confirmedTranscriptHash: [UInt8], extensions: Extensions
    ) {
        version = .mls10
        self.cipherSuite = cipherSuite
        self.groupID = groupID
        self.epoch = epoch
        self.treeHash = treeHash
        self.confirmedTranscriptHash = confirmedTranscriptHash
        self.extensions = extensions
    }

    /// Appends the context.
    public func encode(into writer: inout TLSWriter) {
        writer.write(version)
        writer.write(cipherSuite)
        writer.writeOpaque(groupID)
        writer.write(epoch)
        writer.writeOpaque(treeHash)
        writer.writeOpaque(confirmedTranscriptHash)
        writer.write(extensions)
    }

    /// Reads a context.
    public init(from reader: inout TLSReader) throws(CodecError) {
        version = try reader.read()
        cipherSuite = try reader.read()
        groupID = try reader.readOpaque()
        epoch = try reader.read()
        treeHash = try reader.readOpaque()
        confirmedTranscriptHash = try reader.readOpaque()
        extensions = try reader.read()
    }

    func requiredCapabilities() throws(MLSError) -> RequiredCapabilities? {
        try extensions.decode(.requiredCapabilities, as: RequiredCapabilities.self)
    }

    func externalSenders() throws(MLSError) -> [ExternalSender] {
        try extensions.decode(.externalSenders, as: ExternalSenders.self)?.list ?? []
    }
}
