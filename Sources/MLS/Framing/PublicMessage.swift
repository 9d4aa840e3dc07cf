public import TLSSyntax

/// `PublicMessage` of RFC 9420 section 6.2: signed, not encrypted. Nothing in it is verified until
/// a group has opened it.
public struct PublicMessage: Sendable, Equatable, TLSCodable {
    var content: FramedContent
    var auth: FramedContentAuthData
    /// From members alone.
    var membershipTag: [UInt8]?

    /// The group it names.
    public var groupID: [UInt8] { content.groupID }
    /// The epoch it names.
    public var epoch: UInt64 { content.epoch }
    /// What it claims to be.
    public var contentType: ContentType { content.content.type }
    /// Who it claims to be from.
    public var sender: Sender { content.sender }
    /// What the sender put beside the content.
    public var authenticatedData: [UInt8] { content.authenticatedData }

    /// Appends the message.
    public func encode(into writer: inout TLSWriter) {
        writer.write(content)
        auth.encode(into: &writer)
        if let membershipTag { writer.writeOpaque(membershipTag) }
    }

    /// Reads a message.
    public init(from reader: inout TLSReader) throws(CodecError) {
        content = try reader.read()
        auth = try FramedContentAuthData(content.content.type, from: &reader)
        if case .member = content.sender {
            membershipTag = try reader.readOpaque()
        } else {
            membershipTag = nil
        }
    }

    /// Protects signed content. Members give the key and the context of the epoch.
    init(
        _ message: AuthenticatedContent, membershipKey: Secret?, context: GroupContext,
        suite: Suite
    ) throws(MLSError) {
        // Section 6: "Applications MUST use PrivateMessage to encrypt application messages".
        if case .application = message.content.content { throw .applicationDataInPublicMessage }
        content = message.content
        auth = message.auth
        if case .member = message.content.sender, let membershipKey {
            membershipTag = suite.hash.mac(
                key: membershipKey, Self.toBeMACed(message, context: context))
        } else {
            membershipTag = nil
        }
    }

    /// Takes the protection off: "the application MUST check `membership_tag`". The signature is
    /// still to be verified.
    func unprotect(
        membershipKey: Secret, context: GroupContext, suite: Suite
    ) throws(MLSError) -> AuthenticatedContent {
        if case .application = content.content { throw .applicationDataInPublicMessage }
        let message = AuthenticatedContent(
            wireFormat: .publicMessage, content: content, auth: auth)
        if case .member = content.sender {
            let valid = suite.hash.isValid(
                mac: membershipTag ?? [], key: membershipKey,
                Self.toBeMACed(message, context: context))
            guard valid else { throw .invalidMembershipTag }
        }
        return message
    }

    /// `AuthenticatedContentTBM`.
    private static func toBeMACed(
        _ message: AuthenticatedContent, context: GroupContext
    ) -> [UInt8] {
        var writer = TLSWriter(capacity: 640)
        writer.writeFixed(
            AuthenticatedContent.toBeSigned(.publicMessage, message.content, context: context))
        message.auth.encode(into: &writer)
        return writer.bytes
    }
}
