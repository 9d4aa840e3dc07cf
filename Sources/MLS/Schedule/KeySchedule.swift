import TLSSyntax

/// The key schedule (RFC 9420 section 8), as far as a newcomer and a member share it: from the
/// joiner secret and the PSKs.
struct JoinerSchedule: Sendable {
    /// `KDF.Extract` of joiner secret and PSK secret: what the rest is derived from.
    private let member: Secret
    private let suite: Suite

    init(joinerSecret: Secret, pskSecret: Secret, suite: Suite) {
        self.suite = suite
        member = suite.hash.extract(salt: joinerSecret, pskSecret)
    }

    /// `joiner_secret`, from the previous epoch.
    static func joinerSecret(
        initSecret: Secret, commitSecret: Secret, context: GroupContext, suite: Suite
    ) -> Secret {
        suite.expandWithLabel(
            suite.hash.extract(salt: initSecret, commitSecret), "joiner",
            context: context.tlsEncoded, length: suite.hash.size)
    }

    var welcomeSecret: Secret { suite.deriveSecret(member, "welcome") }

    /// `welcome_key` and `welcome_nonce` (section 12.4.3.1).
    var welcomeKey: (key: Secret, nonce: [UInt8]) {
        let secret = welcomeSecret
        return (
            suite.expandWithLabel(secret, "key", length: suite.aead.keySize),
            suite.expandWithLabel(secret, "nonce", length: AEAD.nonceSize).exposed
        )
    }

    func epochSecrets(_ context: GroupContext) -> EpochSecrets {
        EpochSecrets(
            epochSecret: suite.expandWithLabel(
                member, "epoch", context: context.tlsEncoded, length: suite.hash.size),
            suite: suite)
    }
}

/// What an epoch derives from its epoch secret, which itself is not kept.
struct EpochSecrets: Sendable {
    private(set) var senderDataSecret: Secret
    /// The root of the secret tree, which takes it.
    private(set) var encryptionSecret: Secret
    private(set) var exporterSecret: Secret
    private(set) var externalSecret: Secret
    private(set) var confirmationKey: Secret
    private(set) var membershipKey: Secret
    private(set) var resumptionPSK: Secret
    private(set) var epochAuthenticator: Secret
    /// Into the next epoch.
    private(set) var initSecret: Secret

    init(epochSecret: Secret, suite: Suite) {
        senderDataSecret = suite.deriveSecret(epochSecret, "sender data")
        encryptionSecret = suite.deriveSecret(epochSecret, "encryption")
        exporterSecret = suite.deriveSecret(epochSecret, "exporter")
        externalSecret = suite.deriveSecret(epochSecret, "external")
        confirmationKey = suite.deriveSecret(epochSecret, "confirm")
        membershipKey = suite.deriveSecret(epochSecret, "membership")
        resumptionPSK = suite.deriveSecret(epochSecret, "resumption")
        epochAuthenticator = suite.deriveSecret(epochSecret, "authentication")
        initSecret = suite.deriveSecret(epochSecret, "init")
    }

    /// Secrets kept from before; the secret tree has the root.
    init(
        senderDataSecret: Secret, exporterSecret: Secret, externalSecret: Secret,
        confirmationKey: Secret, membershipKey: Secret, resumptionPSK: Secret,
        epochAuthenticator: Secret, initSecret: Secret
    ) {
        encryptionSecret = Secret([])
        self.senderDataSecret = senderDataSecret
        self.exporterSecret = exporterSecret
        self.externalSecret = externalSecret
        self.confirmationKey = confirmationKey
        self.membershipKey = membershipKey
        self.resumptionPSK = resumptionPSK
        self.epochAuthenticator = epochAuthenticator
        self.initSecret = initSecret
    }

    /// `MLS-Exporter(Label, Context, Length)` (section 8.5).
    func export(_ label: String, context: [UInt8], length: Int, suite: Suite) -> Secret {
        suite.expandWithLabel(
            suite.deriveSecret(exporterSecret, label), "exported",
            context: suite.hash.hash(context), length: length)
    }

    /// The group's key pair for external commits (section 8).
    func externalKeyPair(_ suite: Suite) throws(MLSError) -> HPKEPrivateKey {
        try suite.kem.deriveKeyPair(externalSecret)
    }

    /// `confirmation_tag` (section 6.1).
    func confirmationTag(_ context: GroupContext, suite: Suite) -> [UInt8] {
        suite.hash.mac(key: confirmationKey, context.confirmedTranscriptHash)
    }

    /// The same secrets without the root of the secret tree, once the tree has it.
    func droppingEncryptionSecret() -> EpochSecrets {
        var rest = self
        rest.encryptionSecret = Secret([])
        return rest
    }

    /// What is left when we are out of the group: the authenticator, which others have seen.
    func wiped() -> EpochSecrets {
        var rest = self
        rest.encryptionSecret = Secret([])
        rest.senderDataSecret = Secret([])
        rest.exporterSecret = Secret([])
        rest.externalSecret = Secret([])
        rest.confirmationKey = Secret([])
        rest.membershipKey = Secret([])
        rest.resumptionPSK = Secret([])
        rest.initSecret = Secret([])
        return rest
    }
}

/// External initialization (RFC 9420 section 8.3).
enum ExternalInitialization {
    private static let label = "MLS 1.0 external init secret"

    static func send(
        to externalPub: HPKEPublicKey, suite: Suite, environment: Environment
    ) throws(MLSError) -> (initSecret: Secret, kemOutput: [UInt8]) {
        let (context, kemOutput) = try suite.setupBaseS(
            externalPub, info: HPKEInfo(suite, []), environment)
        return (context.export(label, length: suite.hash.size), kemOutput)
    }

    static func receive(
        _ kemOutput: [UInt8], key: HPKEPrivateKey, suite: Suite
    ) throws(MLSError) -> Secret {
        try suite.setupBaseR(kemOutput, key, info: HPKEInfo(suite, []))
            .export(label, length: suite.hash.size)
    }
}
