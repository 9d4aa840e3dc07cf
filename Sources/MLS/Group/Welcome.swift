public import TLSSyntax

/// `GroupSecrets` of RFC 9420 section 12.4.3.1.
struct GroupSecrets: Sendable, TLSCodable {
    var joinerSecret: Secret
    var pathSecret: Secret?
    var preSharedKeys: [PreSharedKeyID]

    init(joinerSecret: Secret, pathSecret: Secret?, preSharedKeys: [PreSharedKeyID]) {
        self.joinerSecret = joinerSecret
        self.pathSecret = pathSecret
        self.preSharedKeys = preSharedKeys
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(joinerSecret)
        writer.writeOptional(pathSecret)
        writer.writeVector(preSharedKeys)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        joinerSecret = try reader.read()
        pathSecret = try reader.readOptional()
        preSharedKeys = try reader.readVector()
    }
}

/// `Welcome` of RFC 9420 section 12.4.3.1: for one or more newcomers, sealed for each.
public struct Welcome: Sendable, Equatable, TLSCodable {
    /// The suite of the group.
    public var cipherSuite: CipherSuite
    var secrets: [EncryptedGroupSecrets]
    var encryptedGroupInfo: [UInt8]

    /// `EncryptedGroupSecrets`.
    struct EncryptedGroupSecrets: Sendable, Equatable, TLSCodable {
        var newMember: [UInt8]
        var encrypted: HPKECiphertext

        init(newMember: [UInt8], encrypted: HPKECiphertext) {
            self.newMember = newMember
            self.encrypted = encrypted
        }

        func encode(into writer: inout TLSWriter) {
            writer.writeOpaque(newMember)
            writer.write(encrypted)
        }

        init(from reader: inout TLSReader) throws(CodecError) {
            newMember = try reader.readOpaque()
            encrypted = try reader.read()
        }
    }

    /// How many newcomers it is for.
    public var recipientCount: Int { secrets.count }

    /// Whether it is for this key package.
    public func isFor(_ keyPackage: KeyPackage) -> Bool {
        guard let suite = try? Suite(cipherSuite) else { return false }
        let reference = keyPackage.reference(suite)
        return secrets.contains { $0.newMember == reference }
    }

    /// Appends the Welcome.
    public func encode(into writer: inout TLSWriter) {
        writer.write(cipherSuite)
        writer.writeVector(secrets)
        writer.writeOpaque(encryptedGroupInfo)
    }

    /// Reads a Welcome.
    public init(from reader: inout TLSReader) throws(CodecError) {
        cipherSuite = try reader.read()
        secrets = try reader.readVector()
        encryptedGroupInfo = try reader.readOpaque()
    }

    /// Seals a GroupInfo for newcomers.
    init(
        _ info: GroupInfo, joinerSecret: Secret, pskSecret: Secret,
        preSharedKeys: [PreSharedKeyID], to recipients: [(KeyPackage, pathSecret: Secret?)],
        suite: Suite, environment: Environment
    ) throws(MLSError) {
        cipherSuite = suite.id
        let welcome = JoinerSchedule(
            joinerSecret: joinerSecret, pskSecret: pskSecret, suite: suite
        ).welcomeKey
        encryptedGroupInfo = try suite.aead.seal(
            info.tlsEncoded, key: welcome.key, nonce: welcome.nonce, authenticating: [])
        secrets = []
        let context = suite.encryptionInfo("Welcome", context: encryptedGroupInfo)
        for (package, pathSecret) in recipients {
            var plaintext = GroupSecrets(
                joinerSecret: joinerSecret, pathSecret: pathSecret, preSharedKeys: preSharedKeys
            ).tlsEncoded
            defer { plaintext.wipe() }
            let encrypted = try suite.encryptWithLabel(
                package.initKey, context, plaintext, environment)
            secrets.append(
                EncryptedGroupSecrets(
                    newMember: package.reference(suite), encrypted: encrypted))
        }
    }

    /// Opens what is for the owner of a key package.
    func openSecrets(
        _ keyPackage: KeyPackage, initKey: HPKEPrivateKey, suite: Suite
    ) throws(MLSError) -> GroupSecrets {
        let reference = keyPackage.reference(suite)
        guard let entry = secrets.first(where: { $0.newMember == reference }) else {
            throw .welcomeNotForUs
        }
        guard keyPackage.cipherSuite == cipherSuite else { throw .cipherSuiteMismatch }
        var plaintext = try suite.decryptWithLabel(
            initKey, "Welcome", context: encryptedGroupInfo, entry.encrypted)
        defer { plaintext.wipe() }
        let opened: GroupSecrets
        do { opened = try GroupSecrets(tlsEncoded: plaintext) } catch { throw .malformed(error) }
        guard opened.joinerSecret.count == suite.hash.size,
            opened.pathSecret.map({ $0.count == suite.hash.size }) ?? true
        else { throw .wrongSecretSize }
        return opened
    }

    func openGroupInfo(_ schedule: JoinerSchedule, suite: Suite) throws(MLSError) -> GroupInfo {
        let welcome = schedule.welcomeKey
        let plaintext = try suite.aead.open(
            encryptedGroupInfo, key: welcome.key, nonce: welcome.nonce, authenticating: [])
        do { return try GroupInfo(tlsEncoded: plaintext) } catch { throw .malformed(error) }
    }
}
