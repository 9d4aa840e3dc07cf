import TLSSyntax

extension Group {
    /// Seals something to one member's leaf, by `EncryptWithLabel` (RFC 9420 section 5.1.3).
    ///
    /// Only the keys of this epoch open it: the member has to open it before it renews its leaf.
    ///
    /// - Parameters:
    ///   - label: the purpose. It goes into the encryption behind "Application ", so that it is none
    ///     of MLS's own labels.
    ///   - context: has to be the same at the other end; the group and the epoch are part of it.
    /// - Throws: `MLSError.unknownMember`, `removedFromGroup`.
    public func encrypt(
        _ plaintext: [UInt8], to member: LeafIndex, label: String, context: [UInt8] = []
    ) throws(MLSError) -> HPKECiphertext {
        guard !isRemoved else { throw .removedFromGroup }
        guard let leaf = state.tree[member] else { throw .unknownMember(member) }
        let info = state.suite.encryptionInfo(
            applicationLabel(label), context: applicationContext(context))
        return try state.suite.encryptWithLabel(leaf.encryptionKey, info, plaintext, environment)
    }

    /// Opens what was sealed to our leaf in this epoch.
    ///
    /// - Throws: `MLSError.decryptionFailed`, `invalidPublicKey`, `removedFromGroup`.
    public func decrypt(
        _ sealed: HPKECiphertext, label: String, context: [UInt8] = []
    ) throws(MLSError) -> [UInt8] {
        guard !isRemoved else { throw .removedFromGroup }
        return try state.suite.decryptWithLabel(
            state.keys.leaf, applicationLabel(label), context: applicationContext(context), sealed)
    }

    private func applicationLabel(_ label: String) -> String { "Application \(label)" }

    /// A ciphertext of one group or epoch is none of another one where a leaf has the same key.
    private func applicationContext(_ context: [UInt8]) -> [UInt8] {
        state.context.tlsEncoded + context
    }
}
