public import TLSSyntax

/// `KeyPackage` of RFC 9420 section 10: what a client publishes so that others can add it.
public struct KeyPackage: Sendable, Hashable, TLSCodable {
    /// The version that the client will speak.
    public var version: ProtocolVersion
    /// The suite that the package is for.
    public var cipherSuite: CipherSuite
    /// Where a Welcome is encrypted to.
    public var initKey: HPKEPublicKey
    /// The leaf that the client will be.
    public var leafNode: LeafNode
    /// Extensions, unknown ones included.
    public var extensions: Extensions
    /// Over `KeyPackageTBS`.
    public var signature: [UInt8]

    private func encodeUnsigned(into writer: inout TLSWriter) {
        writer.write(version)
        writer.write(cipherSuite)
        writer.write(initKey)
        writer.write(leafNode)
        writer.write(extensions)
    }

    /// Appends the package.
    public func encode(into writer: inout TLSWriter) {
        encodeUnsigned(into: &writer)
        writer.writeOpaque(signature)
    }

    /// Reads a package; nothing about it is verified yet.
    public init(from reader: inout TLSReader) throws(CodecError) {
        version = try reader.read()
        cipherSuite = try reader.read()
        initKey = try reader.read()
        leafNode = try reader.read()
        extensions = try reader.read()
        signature = try reader.readOpaque()
    }

    private var toBeSigned: [UInt8] {
        var writer = TLSWriter(capacity: 512)
        encodeUnsigned(into: &writer)
        return writer.bytes
    }

    init(
        cipherSuite: CipherSuite, initKey: HPKEPublicKey, leafNode: LeafNode,
        extensions: Extensions
    ) {
        version = .mls10
        self.cipherSuite = cipherSuite
        self.initKey = initKey
        self.leafNode = leafNode
        self.extensions = extensions
        signature = []
    }

    mutating func sign(_ key: SignaturePrivateKey, suite: Suite) throws(MLSError) {
        signature = try suite.signWithLabel(key, "KeyPackageTBS", toBeSigned)
    }

    /// `KeyPackageRef` (section 5.2): the package's name in a Welcome and in directories.
    ///
    /// - Throws: `MLSError.unsupportedCipherSuite`.
    public func reference() throws(MLSError) -> [UInt8] { try reference(Suite(cipherSuite)) }

    /// `MakeKeyPackageRef` (section 5.2).
    func reference(_ suite: Suite) -> [UInt8] {
        suite.refHash("MLS 1.0 KeyPackage Reference", tlsEncoded)
    }

    /// The checks of RFC 9420 section 10.1, for a group of these parameters.
    func validate(
        suite: Suite, groupExtensions: Extensions = [], required: RequiredCapabilities? = nil,
        lifetimes: LifetimePolicy
    ) throws(MLSError) {
        guard version == .mls10, cipherSuite == suite.id else { throw .keyPackageMismatch }
        guard
            suite.verifyWithLabel(
                leafNode.signatureKey, "KeyPackageTBS", toBeSigned, signature: signature)
        else { throw .invalidKeyPackageSignature }
        try leafNode.validate(
            .keyPackage, suite: suite, groupExtensions: groupExtensions, required: required,
            lifetimes: lifetimes)
        try suite.kem.validate(initKey)
        guard initKey != leafNode.encryptionKey else { throw .initKeyIsEncryptionKey }
        // Section 10 has the maker list these extensions among its capabilities; section 10.1 has
        // nobody check it, and there are clients in the field that do not.
        try extensions.checkNoRepeats()
    }

    /// Checks a package from a stranger before anything is made of it: signatures, keys, lifetime,
    /// consistency. Its credential is for the caller to check.
    ///
    /// - Parameter now: seconds since 1970-01-01T00:00:00Z.
    public func validate(
        now: UInt64, lifetimes: LifetimePolicy = .standard
    ) throws(MLSError) {
        try validate(suite: Suite(cipherSuite), lifetimes: lifetimes)
        guard case .keyPackage(let lifetime) = leafNode.source, lifetime.contains(now) else {
            throw .outsideLifetime
        }
    }
}

/// A key package with the private keys that belong to it. It serves one Welcome, then it is thrown
/// away.
public struct KeyPackageBundle: Sendable {
    /// What is published.
    public let keyPackage: KeyPackage
    /// Opens the Welcome.
    let initKey: HPKEPrivateKey
    /// Opens path secrets for the leaf.
    let encryptionKey: HPKEPrivateKey
    /// Who will join.
    let identity: Identity

    /// Makes a package with fresh keys.
    ///
    /// - Parameters:
    ///   - lifetime: seconds of validity from now, at most 365 days; an hour before now is valid too,
    ///     for clocks that differ.
    ///   - grease: adds random unknown values (RFC 9420 section 13.5).
    /// - Throws: `MLSError.lifetimeTooLong` when others would refuse the package as too long-lived,
    ///   `unsupportedCipherSuite`.
    public init(
        suite id: CipherSuite, identity: Identity, capabilities: Capabilities = Capabilities(),
        leafExtensions: Extensions = [], extensions: Extensions = [],
        lifetime: UInt64 = 90 * 24 * 3600, grease: Bool = true,
        environment: Environment
    ) throws(MLSError) {
        let suite = try Suite(id)
        guard lifetime <= LifetimePolicy.standard.maximum - Self.clockSlack else {
            throw .lifetimeTooLong
        }
        let keys = (
            initial: try suite.kem.generateKeyPair(environment),
            encryption: try suite.kem.generateKeyPair(environment)
        )
        let now = environment.now()
        let start = now - min(now, Self.clockSlack)
        let leaf = try LeafNode(
            identity: identity, encryptionKey: keys.encryption.publicKey,
            capabilities: grease ? capabilities.greased(environment) : capabilities,
            source: .keyPackage(
                Lifetime(notBefore: start, notAfter: now.addingReportingOverflow(lifetime).0)),
            extensions: leafExtensions, position: nil, suite: suite)
        var package = KeyPackage(
            cipherSuite: id, initKey: keys.initial.publicKey, leafNode: leaf,
            extensions: extensions)
        try package.sign(identity.signatureKey, suite: suite)
        keyPackage = package
        initKey = keys.initial
        encryptionKey = keys.encryption
        self.identity = identity
    }

    /// Seconds before now from which a new package is valid: clocks differ by that much.
    private static let clockSlack: UInt64 = 3600

    /// A package made before, with its keys.
    ///
    /// - Throws: `MLSError.invalidPrivateKey` when a private key is not that of the package.
    public init(
        keyPackage: KeyPackage, initKey: HPKEPrivateKey, encryptionKey: HPKEPrivateKey,
        signatureKey: SignaturePrivateKey
    ) throws(MLSError) {
        guard initKey.publicKey == keyPackage.initKey,
            encryptionKey.publicKey == keyPackage.leafNode.encryptionKey,
            signatureKey.publicKey == keyPackage.leafNode.signatureKey
        else { throw .invalidPrivateKey }
        self.keyPackage = keyPackage
        self.initKey = initKey
        self.encryptionKey = encryptionKey
        identity = Identity(
            credential: keyPackage.leafNode.credential, signatureKey: signatureKey)
    }
}

extension KeyPackageBundle {
    /// The package and its private keys as bytes, so that a published package outlives the program.
    /// They are secret until the Welcome was opened, and are thrown away then.
    ///
    ///     struct {
    ///         uint16 version = 1;
    ///         KeyPackage key_package;
    ///         secret init_key;
    ///         secret encryption_key;
    ///         secret signature_key;
    ///     } SavedKeyPackageBundle;
    public func savedState() -> [UInt8] {
        var writer = TLSWriter(capacity: 2048)
        writer.write(SavedState.version)
        writer.write(keyPackage)
        writer.write(initKey.rawRepresentation)
        writer.write(encryptionKey.rawRepresentation)
        writer.write(identity.signatureKey.rawRepresentation)
        return writer.bytes
    }

    /// The bundle that a state was saved of.
    ///
    /// - Throws: `MLSError.unknownStateVersion`, `malformed`, and `invalidPrivateKey` when a key is
    ///   not that of the package.
    public static func restore(_ state: [UInt8]) throws(MLSError) -> KeyPackageBundle {
        var reader = SavedReader(state)
        let version = try reader.read(UInt16.self)
        guard version == SavedState.version else { throw .unknownStateVersion(version) }
        let package = try reader.read(KeyPackage.self)
        let suite = try Suite(package.cipherSuite)
        let bundle = try KeyPackageBundle(
            keyPackage: package, initKey: HPKEPrivateKey(reader.read(), suite.kem),
            encryptionKey: HPKEPrivateKey(reader.read(), suite.kem),
            signatureKey: SignaturePrivateKey(reader.read(), suite.signature))
        try reader.finish()
        return bundle
    }
}
