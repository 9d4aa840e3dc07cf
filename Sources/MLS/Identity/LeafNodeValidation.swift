/// Where a leaf was met, which decides what it must say of its source (RFC 9420 section 7.3).
enum LeafOrigin: Sendable {
    case keyPackage
    case update(LeafNode.Position, replacing: HPKEPublicKey)
    case commit(LeafNode.Position)
    /// In a tree at joining; any source.
    case tree(LeafNode.Position)
}

extension LeafNode {
    /// The checks of RFC 9420 section 7.3 that need no other leaf: signature, source, lifetime,
    /// extensions, the group's requirements. What needs the others is `RatchetTree.checkMembers`.
    ///
    /// - Parameters:
    ///   - required: of the group, if there is one yet.
    ///   - groupExtensions: those of the GroupContext, which every member must support.
    func validate(
        _ origin: LeafOrigin, suite: Suite, groupExtensions: Extensions,
        required: RequiredCapabilities?, lifetimes: LifetimePolicy
    ) throws(MLSError) {
        try checkSource(origin, suite)
        try suite.kem.validate(encryptionKey)
        // That capabilities list the group's version and suite is not among the checks of section
        // 7.3, and there are clients in the field that do not list all of theirs.
        guard capabilities.credentials.contains(credential.type) else {
            throw .credentialTypeNotInCapabilities
        }
        try extensions.checkNoRepeats()
        guard extensions.types.allSatisfy(capabilities.supports) else {
            throw .leafExtensionNotInCapabilities
        }
        guard groupExtensions.types.allSatisfy(capabilities.supports) else {
            throw .groupExtensionNotSupported
        }
        if let required, !capabilities.meets(required) { throw .requiredCapabilitiesNotMet }
        if case .keyPackage(let lifetime) = source { try lifetimes.checkDuration(lifetime) }
    }

    private func checkSource(_ origin: LeafOrigin, _ suite: Suite) throws(MLSError) {
        var position: Position?
        switch (origin, source) {
        case (.keyPackage, .keyPackage): break
        case (.update(let place, let old), .update):
            position = place
            guard encryptionKey != old else { throw .encryptionKeyNotFresh }
        case (.commit(let place), .commit), (.tree(let place), _): position = place
        default: throw .wrongLeafNodeSource
        }
        guard isSignatureValid(position: position, suite: suite) else {
            throw .invalidLeafSignature
        }
    }
}

/// What lifetimes of key packages a client accepts (RFC 9420 section 7.2).
public struct LifetimePolicy: Sendable, Equatable {
    /// The longest total lifetime in seconds: "Applications MUST define a maximum total lifetime
    /// that is acceptable for a LeafNode".
    public var maximum: UInt64
    /// Whether a received Add whose leaf is expired or not yet valid is refused. RFC 9420 section
    /// 7.3 recommends it and does not demand it: members whose clocks differ will then differ about
    /// a commit. Leaves in the tree of a group that one joins are not measured.
    public var checksReceivedLeaves: Bool

    /// A policy of these two.
    public init(maximum: UInt64, checksReceivedLeaves: Bool) {
        self.maximum = maximum
        self.checksReceivedLeaves = checksReceivedLeaves
    }

    /// A year and one hour, the usual lifetime of other implementations' packages and room for clocks
    /// that differ; received leaves are measured.
    public static let standard = LifetimePolicy(
        maximum: (365 * 24 + 1) * 3600, checksReceivedLeaves: true)

    func checkDuration(_ lifetime: Lifetime) throws(MLSError) {
        guard let duration = lifetime.duration, duration <= maximum else {
            throw .lifetimeTooLong
        }
    }

    func checkReceived(_ leaf: LeafNode, now: UInt64) throws(MLSError) {
        guard checksReceivedLeaves, case .keyPackage(let lifetime) = leaf.source else { return }
        guard lifetime.contains(now) else { throw .outsideLifetime }
    }
}
