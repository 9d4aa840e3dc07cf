import TLSSyntax

/// What a message says (`FramedContent`'s select of RFC 9420 section 6).
enum Content: Sendable, Equatable {
    case application([UInt8])
    case proposal(Proposal)
    case commit(Commit)

    var type: ContentType {
        switch self {
        case .application: .application
        case .proposal: .proposal
        case .commit: .commit
        }
    }

    func encode(into writer: inout TLSWriter) {
        switch self {
        case .application(let data): writer.writeOpaque(data)
        case .proposal(let proposal): writer.write(proposal)
        case .commit(let commit): writer.write(commit)
        }
    }

    init(_ type: ContentType, from reader: inout TLSReader) throws(CodecError) {
        switch type {
        case .application: self = .application(try reader.readOpaque())
        case .proposal: self = .proposal(try reader.read())
        case .commit: self = .commit(try reader.read())
        }
    }
}

/// `FramedContent` of RFC 9420 section 6.
struct FramedContent: Sendable, Equatable, TLSCodable {
    var groupID: [UInt8]
    var epoch: UInt64
    var sender: Sender
    var authenticatedData: [UInt8]
    var content: Content

    init(
        groupID: [UInt8], epoch: UInt64, sender: Sender, authenticatedData: [UInt8],
        content: Content
    ) {
        self.groupID = groupID
        self.epoch = epoch
        self.sender = sender
        self.authenticatedData = authenticatedData
        self.content = content
    }

    func encode(into writer: inout TLSWriter) {
        writer.writeOpaque(groupID)
        writer.write(epoch)
        writer.write(sender)
        writer.writeOpaque(authenticatedData)
        writer.write(content.type)
        content.encode(into: &writer)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        groupID = try reader.readOpaque()
        epoch = try reader.read()
        sender = try reader.read()
        authenticatedData = try reader.readOpaque()
        content = try Content(try reader.read(), from: &reader)
    }
}

/// `FramedContentAuthData` of RFC 9420 section 6.1.
struct FramedContentAuthData: Sendable, Equatable {
    var signature: [UInt8]
    /// In a commit alone.
    var confirmationTag: [UInt8]?

    func encode(into writer: inout TLSWriter) {
        writer.writeOpaque(signature)
        if let confirmationTag { writer.writeOpaque(confirmationTag) }
    }

    init(signature: [UInt8], confirmationTag: [UInt8]? = nil) {
        self.signature = signature
        self.confirmationTag = confirmationTag
    }

    init(_ type: ContentType, from reader: inout TLSReader) throws(CodecError) {
        signature = try reader.readOpaque()
        confirmationTag = type == .commit ? try reader.readOpaque() : nil
    }
}

/// `AuthenticatedContent` of RFC 9420 section 6: content with its signature, before protection is
/// put on or after it was taken off.
struct AuthenticatedContent: Sendable, Equatable, TLSCodable {
    var wireFormat: WireFormat
    var content: FramedContent
    var auth: FramedContentAuthData

    init(wireFormat: WireFormat, content: FramedContent, auth: FramedContentAuthData) {
        self.wireFormat = wireFormat
        self.content = content
        self.auth = auth
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(wireFormat)
        writer.write(content)
        auth.encode(into: &writer)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        wireFormat = try reader.read()
        content = try reader.read()
        auth = try FramedContentAuthData(content.content.type, from: &reader)
    }

    /// `FramedContentTBS`: for members and joiners the group's context is signed along.
    static func toBeSigned(
        _ wireFormat: WireFormat, _ content: FramedContent, context: GroupContext
    ) -> [UInt8] {
        var writer = TLSWriter(capacity: 512)
        writer.write(ProtocolVersion.mls10)
        writer.write(wireFormat)
        writer.write(content)
        switch content.sender {
        case .member, .newMemberCommit: writer.write(context)
        case .external, .newMemberProposal: break
        }
        return writer.bytes
    }

    /// Signs content; a commit gets its confirmation tag afterwards.
    init(
        signing content: FramedContent, wireFormat: WireFormat, context: GroupContext,
        key: SignaturePrivateKey, suite: Suite
    ) throws(MLSError) {
        self.wireFormat = wireFormat
        self.content = content
        auth = FramedContentAuthData(
            signature: try suite.signWithLabel(
                key, "FramedContentTBS",
                Self.toBeSigned(wireFormat, content, context: context)))
    }

    func verifySignature(
        by key: SignaturePublicKey, context: GroupContext, suite: Suite
    ) throws(MLSError) {
        let signed = Self.toBeSigned(wireFormat, content, context: context)
        guard
            suite.verifyWithLabel(key, "FramedContentTBS", signed, signature: auth.signature)
        else { throw .invalidSignature }
    }

    /// `MakeProposalRef` (section 5.2).
    func proposalReference(_ suite: Suite) -> [UInt8] {
        suite.refHash("MLS 1.0 Proposal Reference", tlsEncoded)
    }
}
