public import TLSSyntax

/// `ExtensionType` of RFC 9420 section 7.2.
public struct ExtensionType: CodePoint {
    /// The number.
    public let rawValue: UInt16
    /// The type of a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// In a leaf: an identifier of the application's own (section 5.3.3).
    public static let applicationID = Self(rawValue: 1)
    /// In a GroupInfo: the whole public tree (section 12.4.3.3).
    public static let ratchetTree = Self(rawValue: 2)
    /// In a GroupContext: what all members must support (section 11.1).
    public static let requiredCapabilities = Self(rawValue: 3)
    /// In a GroupInfo: the key for external commits (section 12.4.3.2).
    public static let externalPub = Self(rawValue: 4)
    /// In a GroupContext: who may propose from outside (section 12.1.8.1).
    public static let externalSenders = Self(rawValue: 5)

    /// The types that all clients support and that capabilities must not list (section 7.2).
    public var isDefault: Bool { (1...5).contains(rawValue) }
}

/// `Extension` of RFC 9420 section 7.2.
public struct Extension: Sendable, Hashable, TLSCodable {
    /// What the data means.
    public var type: ExtensionType
    /// `extension_data`.
    public var data: [UInt8]

    /// An extension of these two.
    public init(type: ExtensionType, data: [UInt8]) {
        self.type = type
        self.data = data
    }

    /// Appends the type and the data.
    public func encode(into writer: inout TLSWriter) {
        writer.write(type)
        writer.writeOpaque(data)
    }

    /// Reads the type and the data.
    public init(from reader: inout TLSReader) throws(CodecError) {
        type = try reader.read()
        data = try reader.readOpaque()
    }
}

/// A list of extensions, in order, unknown ones included.
public struct Extensions: Sendable, Hashable, TLSCodable, ExpressibleByArrayLiteral {
    /// The extensions.
    public var list: [Extension]

    /// A list of these.
    public init(_ list: [Extension] = []) {
        self.list = list
    }

    /// A list of these.
    public init(arrayLiteral elements: Extension...) {
        list = elements
    }

    /// The data of the first extension of a type.
    public subscript(type: ExtensionType) -> [UInt8]? {
        list.first { $0.type == type }?.data
    }

    /// The types, in order.
    public var types: [ExtensionType] { list.map { $0.type } }

    /// Appends `extensions<V>`.
    public func encode(into writer: inout TLSWriter) {
        writer.writeVector(list)
    }

    /// Reads `extensions<V>`.
    public init(from reader: inout TLSReader) throws(CodecError) {
        list = try reader.readVector()
    }

    /// RFC 9420 section 13.4: "Any field containing a list of extensions MUST NOT have more than
    /// one extension of any given type."
    func checkNoRepeats() throws(MLSError) {
        guard Set(types).count == list.count else { throw .repeatedExtension }
    }

    /// Decodes the data of an extension, if the list has one of the type.
    func decode<T: TLSDecodable>(_ type: ExtensionType, as: T.Type) throws(MLSError) -> T? {
        guard let data = self[type] else { return nil }
        do { return try T(tlsEncoded: data) } catch { throw .malformed(error) }
    }
}

/// The data of `required_capabilities` (RFC 9420 section 11.1).
public struct RequiredCapabilities: Sendable, Equatable, TLSCodable {
    /// Extensions that all members must support.
    public var extensionTypes: [ExtensionType]
    /// Proposals that all members must support.
    public var proposalTypes: [ProposalType]
    /// Credentials that all members must support.
    public var credentialTypes: [CredentialType]

    /// Requirements of these three.
    public init(
        extensionTypes: [ExtensionType] = [], proposalTypes: [ProposalType] = [],
        credentialTypes: [CredentialType] = []
    ) {
        self.extensionTypes = extensionTypes
        self.proposalTypes = proposalTypes
        self.credentialTypes = credentialTypes
    }

    /// The requirements as an extension of a group.
    public var asExtension: Extension {
        Extension(type: .requiredCapabilities, data: tlsEncoded)
    }

    /// Appends the three lists.
    public func encode(into writer: inout TLSWriter) {
        writer.writeVector(extensionTypes)
        writer.writeVector(proposalTypes)
        writer.writeVector(credentialTypes)
    }

    /// Reads the three lists.
    public init(from reader: inout TLSReader) throws(CodecError) {
        extensionTypes = try reader.readVector()
        proposalTypes = try reader.readVector()
        credentialTypes = try reader.readVector()
    }
}

/// One entry of `external_senders` (RFC 9420 section 12.1.8.1).
public struct ExternalSender: Sendable, Equatable, TLSCodable {
    /// The key that its proposals are signed with.
    public var signatureKey: SignaturePublicKey
    /// Who it is.
    public var credential: Credential

    /// A sender of these two.
    public init(signatureKey: SignaturePublicKey, credential: Credential) {
        self.signatureKey = signatureKey
        self.credential = credential
    }

    /// Appends the key and the credential.
    public func encode(into writer: inout TLSWriter) {
        writer.write(signatureKey)
        writer.write(credential)
    }

    /// Reads the key and the credential.
    public init(from reader: inout TLSReader) throws(CodecError) {
        signatureKey = try reader.read()
        credential = try reader.read()
    }
}

/// The data of `external_senders`.
public struct ExternalSenders: Sendable, Equatable, TLSCodable {
    /// The senders; a proposal names one by its index.
    public var list: [ExternalSender]

    /// A list of these.
    public init(_ list: [ExternalSender]) {
        self.list = list
    }

    /// The senders as an extension of a group.
    public var asExtension: Extension {
        Extension(type: .externalSenders, data: tlsEncoded)
    }

    /// Appends `external_senders<V>`.
    public func encode(into writer: inout TLSWriter) {
        writer.writeVector(list)
    }

    /// Reads `external_senders<V>`.
    public init(from reader: inout TLSReader) throws(CodecError) {
        list = try reader.readVector()
    }
}
