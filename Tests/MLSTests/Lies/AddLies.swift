import TLSSyntax

@testable import MLS

extension Lie {
    private static func add(
        _ name: String, _ error: MLSError, resigningLeaf: Bool = true,
        _ change: @escaping @Sendable (Stage, inout KeyPackage) throws -> Void
    ) -> Lie {
        Lie(name, error) { stage in
            var failure: (any Error)?
            let package = try stage.package(resigningLeaf: resigningLeaf) { package in
                do { try change(stage, &package) } catch { failure = error }
            }
            if let failure { throw failure }
            return try stage.sayCommit([.add(package)])
        }
    }

    /// Key packages that sections 7.3 and 10.1 call invalid.
    static let adds: [Lie] = [
        Lie("key-package-signature", .invalidKeyPackageSignature) { stage in
            var package = stage.bundle.keyPackage
            package.signature[0] ^= 1
            return try stage.sayCommit([.add(package)])
        },
        add("key-package-leaf-signature", .invalidLeafSignature, resigningLeaf: false) {
            $1.leafNode.signature[0] ^= 1
        },
        add("key-package-suite", .keyPackageMismatch) {
            $1.cipherSuite = .x25519ChaCha20Poly1305SHA256Ed25519
        },
        add("key-package-version", .keyPackageMismatch) {
            $1.version = ProtocolVersion(rawValue: 2)
        },
        add("key-package-init-key", .initKeyIsEncryptionKey) {
            $1.initKey = $1.leafNode.encryptionKey
        },
        add("key-package-init-key-low-order", .invalidPublicKey) {
            $1.initKey = .init([UInt8](repeating: 0, count: 32))
        },
        add("key-package-encryption-key", .invalidPublicKey) {
            $1.leafNode.encryptionKey = .init([1, 2, 3])
        },
        add("key-package-lifetime-long", .lifetimeTooLong) {
            $1.leafNode.source = .keyPackage(Lifetime(notBefore: 0, notAfter: .max))
        },
        add("key-package-lifetime-swapped", .lifetimeTooLong) {
            $1.leafNode.source = .keyPackage(Lifetime(notBefore: 9, notAfter: 8))
        },
        add("key-package-expired", .outsideLifetime) {
            let now = $0.world.environment.now()
            $1.leafNode.source = .keyPackage(
                Lifetime(notBefore: now - 20, notAfter: now - 10))
        },
        add("key-package-not-yet", .outsideLifetime) {
            let now = $0.world.environment.now()
            $1.leafNode.source = .keyPackage(
                Lifetime(notBefore: now + 10, notAfter: now + 20))
        },
        Lie("key-package-source", .wrongLeafNodeSource) { stage in
            var package = stage.bundle.keyPackage
            package.leafNode.source = .update
            try package.leafNode.sign(
                stage.newcomer.identity.signatureKey,
                position: .init(groupID: Stage.groupID, leafIndex: LeafIndex(3)),
                suite: stage.suite)
            try package.sign(stage.newcomer.identity.signatureKey, suite: stage.suite)
            return try stage.sayCommit([.add(package)])
        },
        add("leaf-credential-type-unlisted", .credentialTypeNotInCapabilities) {
            $1.leafNode.capabilities.credentials = [.x509]
        },
        add("leaf-credential-unsupported-by-others", .credentialTypeNotSupportedByAll) {
            $1.leafNode.credential = .x509(certificates: [[1]])
            $1.leafNode.capabilities.credentials = [.x509, .basic]
        },
        add("leaf-extension-unlisted", .leafExtensionNotInCapabilities) {
            $1.leafNode.extensions = [Extension(type: .init(rawValue: 0xFF66), data: [])]
        },
        add("leaf-extension-repeated", .repeatedExtension) {
            let twice = Extension(type: .applicationID, data: [])
            $1.leafNode.extensions = [twice, twice]
        },
        add("key-package-extension-repeated", .repeatedExtension) {
            let twice = Extension(type: .init(rawValue: 0xFF66), data: [])
            $1.extensions = [twice, twice]
        },
        Lie("add-of-a-member", .signatureKeyNotUnique) { stage in
            let again = try stage.parties[2].bundle().keyPackage
            return try stage.sayCommit([.add(again)])
        },
        Lie("add-twice", .signatureKeyNotUnique) { stage in
            let other = try stage.newcomer.bundle().keyPackage
            return try stage.sayCommit([.add(stage.bundle.keyPackage), .add(other)])
        },
        add("add-with-key-of-a-member", .encryptionKeyNotUnique) { stage, package in
            if let leaf = stage.tree[LeafIndex(2)] {
                package.leafNode.encryptionKey = leaf.encryptionKey
            }
        },
        Lie("add-without-required-capabilities", .requiredCapabilitiesNotMet) { stage in
            let type = ProposalType(rawValue: 0xFF44)
            let required = RequiredCapabilities(proposalTypes: [type])
            return try stage.sayCommit([
                .groupContextExtensions([required.asExtension]),
                .add(stage.bundle.keyPackage),
            ])
        },
    ]
}
