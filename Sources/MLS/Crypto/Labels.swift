public import TLSSyntax

/// The labeled functions of RFC 9420 sections 5.1.2, 5.1.3, 5.2, 8 and 9.1.
extension Suite {
    /// `"MLS 1.0 " + Label`, then a context, each as `opaque<V>`: the form of `SignContent`,
    /// `EncryptContext` and the tail of `KDFLabel`.
    private static func labeled(
        _ label: String, _ context: [UInt8], into writer: inout TLSWriter
    ) {
        writer.writeLength(8 + label.utf8.count)
        writer.writeFixed("MLS 1.0 ".utf8)
        writer.writeFixed(label.utf8)
        writer.writeOpaque(context)
    }

    private static func labeled(_ label: String, _ context: [UInt8]) -> [UInt8] {
        var writer = TLSWriter(capacity: 24 + label.utf8.count + context.count)
        labeled(label, context, into: &writer)
        return writer.bytes
    }

    /// `ExpandWithLabel(Secret, Label, Context, Length)`.
    func expandWithLabel(
        _ secret: Secret, _ label: String, context: [UInt8] = [], length: Int
    ) -> Secret {
        var info = TLSWriter(capacity: 24 + label.utf8.count + context.count)
        info.write(UInt16(length))
        Self.labeled(label, context, into: &info)
        return hash.expand(secret, info: info.bytes, length: length)
    }

    /// `DeriveSecret(Secret, Label)`.
    func deriveSecret(_ secret: Secret, _ label: String) -> Secret {
        expandWithLabel(secret, label, length: hash.size)
    }

    /// `DeriveTreeSecret(Secret, Label, Generation, Length)`.
    func deriveTreeSecret(
        _ secret: Secret, _ label: String, generation: UInt32, length: Int
    ) -> Secret {
        expandWithLabel(secret, label, context: generation.tlsEncoded, length: length)
    }

    /// `RefHash(label, value)`; the label is taken as it is.
    func refHash(_ label: String, _ value: [UInt8]) -> [UInt8] {
        var input = TLSWriter(capacity: 8 + label.utf8.count + value.count)
        input.writeOpaque(label.utf8)
        input.writeOpaque(value)
        return hash.hash(input.bytes)
    }

    /// `SignWithLabel(SignatureKey, Label, Content)`.
    func signWithLabel(
        _ key: SignaturePrivateKey, _ label: String, _ content: [UInt8]
    ) throws(MLSError) -> [UInt8] {
        guard key.scheme == signature else { throw .signatureKeyOfOtherScheme }
        return try key.sign(Self.labeled(label, content))
    }

    /// `VerifyWithLabel(VerificationKey, Label, Content, SignatureValue)`.
    func verifyWithLabel(
        _ key: SignaturePublicKey, _ label: String, _ content: [UInt8], signature value: [UInt8]
    ) -> Bool {
        signature.isValid(signature: value, of: Self.labeled(label, content), by: key)
    }

    /// `EncryptContext`, worked out once for many recipients of the same context.
    func encryptionInfo(_ label: String, context: [UInt8]) -> HPKEInfo {
        HPKEInfo(self, Self.labeled(label, context))
    }

    /// `EncryptWithLabel(PublicKey, Label, Context, Plaintext)`.
    func encryptWithLabel(
        _ key: HPKEPublicKey, _ info: HPKEInfo, _ plaintext: [UInt8], _ environment: Environment
    ) throws(MLSError) -> HPKECiphertext {
        var (sender, kemOutput) = try setupBaseS(key, info: info, environment)
        return HPKECiphertext(kemOutput: kemOutput, ciphertext: try sender.seal(plaintext))
    }

    /// `DecryptWithLabel(PrivateKey, Label, Context, KEMOutput, Ciphertext)`.
    func decryptWithLabel(
        _ key: HPKEPrivateKey, _ label: String, context: [UInt8], _ input: HPKECiphertext
    ) throws(MLSError) -> [UInt8] {
        var recipient = try setupBaseR(
            input.kemOutput, key, info: encryptionInfo(label, context: context))
        return try recipient.open(input.ciphertext)
    }
}

/// `HPKECiphertext` of RFC 9420 section 7.6.
public struct HPKECiphertext: Sendable, Equatable, TLSCodable {
    /// What the recipient makes the shared secret from.
    public var kemOutput: [UInt8]
    /// The sealed plaintext, tag included.
    public var ciphertext: [UInt8]
}

extension HPKECiphertext {
    /// Appends `kem_output<V>` and `ciphertext<V>`.
    public func encode(into writer: inout TLSWriter) {
        writer.writeOpaque(kemOutput)
        writer.writeOpaque(ciphertext)
    }

    /// Reads `kem_output<V>` and `ciphertext<V>`.
    public init(from reader: inout TLSReader) throws(CodecError) {
        kemOutput = try reader.readOpaque()
        ciphertext = try reader.readOpaque()
    }
}
