public import TLSSyntax

/// `Capabilities` of RFC 9420 section 7.2: what a client supports.
public struct Capabilities: Sendable, Hashable, TLSCodable {
    /// Versions of the protocol.
    public var versions: [ProtocolVersion]
    /// Cipher suites.
    public var cipherSuites: [CipherSuite]
    /// Extensions beyond the default ones.
    public var extensions: [ExtensionType]
    /// Proposals beyond the default ones.
    public var proposals: [ProposalType]
    /// Credentials.
    public var credentials: [CredentialType]

    /// What this library supports, with what the application adds to it. Default types are left
    /// out, as section 7.2 demands.
    public init(
        cipherSuites: [CipherSuite] = CipherSuite.supported, extensions: [ExtensionType] = [],
        proposals: [ProposalType] = [], credentials: [CredentialType] = [.basic]
    ) {
        versions = [.mls10]
        self.cipherSuites = cipherSuites
        self.extensions = extensions.filter { !$0.isDefault }
        self.proposals = proposals.filter { !$0.isDefault }
        self.credentials = credentials
    }

    /// The same with a random GREASE value in each list that may have one (section 13.5), so that
    /// a client that chokes on unknown values is found early.
    func greased(_ environment: Environment) -> Capabilities {
        var greased = self
        let picks = environment.randomBytes(4).map { Grease.values[Int($0) % Grease.values.count] }
        greased.cipherSuites.append(.init(rawValue: picks[0]))
        greased.extensions.append(.init(rawValue: picks[1]))
        greased.proposals.append(.init(rawValue: picks[2]))
        greased.credentials.append(.init(rawValue: picks[3]))
        return greased
    }

    /// Whether an extension of this type may be used by or with the client.
    func supports(_ type: ExtensionType) -> Bool {
        type.isDefault || extensions.contains(type)
    }

    /// Whether a proposal of this type will be understood.
    func supports(_ type: ProposalType) -> Bool {
        type.isDefault || proposals.contains(type)
    }

    /// Whether every requirement of a group is met (section 11.1).
    func meets(_ required: RequiredCapabilities) -> Bool {
        required.extensionTypes.allSatisfy(supports)
            && required.proposalTypes.allSatisfy(supports)
            && required.credentialTypes.allSatisfy(credentials.contains)
    }

    /// Appends the five lists.
    public func encode(into writer: inout TLSWriter) {
        writer.writeVector(versions)
        writer.writeVector(cipherSuites)
        writer.writeVector(extensions)
        writer.writeVector(proposals)
        writer.writeVector(credentials)
    }

    /// Reads the five lists; values that we do not know are kept.
    public init(from reader: inout TLSReader) throws(CodecError) {
        versions = try reader.readVector()
        cipherSuites = try reader.readVector()
        extensions = try reader.readVector()
        proposals = try reader.readVector()
        credentials = try reader.readVector()
    }
}

/// `Lifetime` of RFC 9420 section 7.2, in seconds since 1970-01-01T00:00:00Z.
public struct Lifetime: Sendable, Hashable, TLSCodable {
    /// The first second of validity.
    public var notBefore: UInt64
    /// The last second of validity.
    public var notAfter: UInt64

    /// A lifetime of these bounds.
    public init(notBefore: UInt64, notAfter: UInt64) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// Whether a moment lies within.
    func contains(_ now: UInt64) -> Bool {
        notBefore <= now && now <= notAfter
    }

    /// Seconds from the first to the last, or nil when they are the wrong way round.
    var duration: UInt64? {
        notAfter >= notBefore ? notAfter - notBefore : nil
    }

    /// Appends the bounds.
    public func encode(into writer: inout TLSWriter) {
        writer.write(notBefore)
        writer.write(notAfter)
    }

    /// Reads the bounds.
    public init(from reader: inout TLSReader) throws(CodecError) {
        notBefore = try reader.read()
        notAfter = try reader.read()
    }
}
