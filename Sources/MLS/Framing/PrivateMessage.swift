public import TLSSyntax

/// `PrivateMessage` of RFC 9420 section 6.3: signed and encrypted.
public struct PrivateMessage: Sendable, Equatable, TLSCodable {
    /// The group it is for.
    public var groupID: [UInt8]
    /// The epoch that it was made in.
    public var epoch: UInt64
    /// What is inside.
    public var contentType: ContentType
    /// What the sender put beside the content, in the clear.
    public var authenticatedData: [UInt8]
    var encryptedSenderData: [UInt8]
    var ciphertext: [UInt8]

    /// Appends the message.
    public func encode(into writer: inout TLSWriter) {
        writeSenderDataAAD(into: &writer)
        writer.writeOpaque(authenticatedData)
        writer.writeOpaque(encryptedSenderData)
        writer.writeOpaque(ciphertext)
    }

    /// Reads a message.
    public init(from reader: inout TLSReader) throws(CodecError) {
        groupID = try reader.readOpaque()
        epoch = try reader.read()
        contentType = try reader.read()
        authenticatedData = try reader.readOpaque()
        encryptedSenderData = try reader.readOpaque()
        ciphertext = try reader.readOpaque()
    }

    /// `SenderDataAAD`: the first three fields.
    private func writeSenderDataAAD(into writer: inout TLSWriter) {
        writer.writeOpaque(groupID)
        writer.write(epoch)
        writer.write(contentType)
    }

    private var senderDataAAD: [UInt8] {
        var writer = TLSWriter(capacity: 64)
        writeSenderDataAAD(into: &writer)
        return writer.bytes
    }

    /// `PrivateContentAAD`: the first four fields.
    private var contentAAD: [UInt8] {
        var writer = TLSWriter(capacity: 96)
        writeSenderDataAAD(into: &writer)
        writer.writeOpaque(authenticatedData)
        return writer.bytes
    }

    /// `SenderData` of section 6.3.2.
    struct SenderData: Sendable, TLSCodable {
        let leafIndex: LeafIndex
        let generation: UInt32
        let reuseGuard: [UInt8]

        init(leafIndex: LeafIndex, generation: UInt32, reuseGuard: [UInt8]) {
            self.leafIndex = leafIndex
            self.generation = generation
            self.reuseGuard = reuseGuard
        }

        func encode(into writer: inout TLSWriter) {
            writer.write(leafIndex)
            writer.write(generation)
            writer.writeFixed(reuseGuard)
        }

        init(from reader: inout TLSReader) throws(CodecError) {
            leafIndex = try reader.read()
            generation = try reader.read()
            reuseGuard = try reader.readFixed(4)
        }
    }

    /// The key and nonce for the sender data of this ciphertext (section 6.3.2).
    static func senderDataKey(
        _ secret: Secret, ciphertext: [UInt8], suite: Suite
    ) -> (key: Secret, nonce: [UInt8]) {
        let sample = Array(ciphertext.prefix(suite.hash.size))
        return (
            suite.expandWithLabel(secret, "key", context: sample, length: suite.aead.keySize),
            suite.expandWithLabel(secret, "nonce", context: sample, length: AEAD.nonceSize).exposed
        )
    }

    /// Encrypts signed content of a member with the next key of its ratchet.
    init(
        _ message: AuthenticatedContent, key: consuming MessageKey, senderDataSecret: Secret,
        padding: PaddingPolicy, suite: Suite, environment: Environment
    ) throws(MLSError) {
        // Section 6.3.2: "the sender MUST verify Sender.sender_type is `member`".
        guard case .member(let leaf) = message.content.sender else { throw .senderNotMember }
        groupID = message.content.groupID
        epoch = message.content.epoch
        contentType = message.content.content.type
        authenticatedData = message.content.authenticatedData
        encryptedSenderData = []
        ciphertext = []

        var plaintext = TLSWriter(capacity: 512)
        message.content.content.encode(into: &plaintext)
        message.auth.encode(into: &plaintext)
        plaintext.writeFixed(
            repeatElement(0, count: padding.paddingCount(plaintext.bytes.count)))
        let reuseGuard = environment.randomBytes(4)
        let generation = key.generation
        ciphertext = try key.seal(
            plaintext.bytes, reuseGuard: reuseGuard, authenticating: contentAAD, suite.aead)
        let data = SenderData(leafIndex: leaf, generation: generation, reuseGuard: reuseGuard)
        let sender = Self.senderDataKey(senderDataSecret, ciphertext: ciphertext, suite: suite)
        encryptedSenderData = try suite.aead.seal(
            data.tlsEncoded, key: sender.key, nonce: sender.nonce, authenticating: senderDataAAD)
    }

    /// Who sent it, as only members of the epoch can tell.
    func openSenderData(_ senderDataSecret: Secret, suite: Suite) throws(MLSError) -> SenderData {
        let sender = Self.senderDataKey(senderDataSecret, ciphertext: ciphertext, suite: suite)
        let data = try suite.aead.open(
            encryptedSenderData, key: sender.key, nonce: sender.nonce,
            authenticating: senderDataAAD)
        do { return try SenderData(tlsEncoded: data) } catch { throw .malformed(error) }
    }

    /// Decrypts the content; its signature is still to be verified.
    func open(
        _ sender: SenderData, key: consuming MessageKey, suite: Suite
    ) throws(MLSError) -> AuthenticatedContent {
        let plaintext = try key.open(
            ciphertext, reuseGuard: sender.reuseGuard, authenticating: contentAAD, suite.aead)
        var reader = TLSReader(plaintext)
        let content: Content
        let auth: FramedContentAuthData
        let padding: [UInt8]
        do {
            content = try Content(contentType, from: &reader)
            auth = try FramedContentAuthData(contentType, from: &reader)
            padding = try reader.readFixed(reader.remaining)
        } catch {
            throw .malformed(error)
        }
        // Section 6.3.1: "A receiver MUST verify that there are no non-zero bytes in the `padding`
        // field".
        guard padding.allSatisfy({ $0 == 0 }) else { throw .nonZeroPadding }
        return AuthenticatedContent(
            wireFormat: .privateMessage,
            content: FramedContent(
                groupID: groupID, epoch: epoch, sender: .member(sender.leafIndex),
                authenticatedData: authenticatedData, content: content),
            auth: auth)
    }
}

/// How much padding private messages get (RFC 9420 section 15.1).
public enum PaddingPolicy: Sendable, Equatable {
    /// None: the length of a message shows the length of its content.
    case none
    /// Up to the next multiple of so many bytes.
    case multiple(of: Int)
    /// Up to a size with few significant bits: at most 12% more bytes, and the length shows little
    /// more than its magnitude (the PADMÉ scheme).
    case padme
    /// The same, and never less than so many bytes, so that short messages look alike.
    case padmeFrom(Int)

    func paddingCount(_ count: Int) -> Int {
        switch self {
        case .none: return 0
        case .padmeFrom(let minimum):
            return count < minimum ? minimum - count : Self.padme.paddingCount(count)
        case .multiple(let size):
            return size > 1 ? (size - count % size) % size : 0
        case .padme:
            guard count > 1 else { return 0 }
            let exponent = Int.bitWidth - 1 - count.leadingZeroBitCount
            let significant = Int.bitWidth - exponent.leadingZeroBitCount
            let mask = (1 << max(0, exponent - significant)) - 1
            return ((count + mask) & ~mask) - count
        }
    }
}
