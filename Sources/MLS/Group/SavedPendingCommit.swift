import TLSSyntax

/// The saved state of a commit that was made and is not decided.
///
/// Format; the parts are those of `SavedState`:
///
///     struct {
///         uint16 version = 1;
///         MLSMessage message;
///         optional<MLSMessage> welcome;
///         GroupContext base;
///         uint32 added<V>;
///         uint32 removed<V>;
///         uint32 updated<V>;
///         optional<Extension extensions<V>> group_context_extensions;
///         PreSharedKeyID pre_shared_keys<V>;   // each with an empty nonce
///         optional<ReInit> reinit;
///         GroupContext context;                // of the epoch that the commit leads to, as all below
///         optional<Node> ratchet_tree<V>;
///         PrivateKeys keys;
///         secret epoch_secrets[8];
///         opaque confirmation_tag<V>;
///         secret encryption_secret;
///         Identity identity;
///     } SavedPendingCommit;
extension PendingCommit {
    /// All of the commit as bytes, as secret as the group itself.
    ///
    /// Keep them, with the state of the group, before the message is sent: a program that ends before
    /// it knows whether the commit came first goes on with `Group.restorePendingCommit`. When it did,
    /// adopt it; when another came first, drop it and follow the other.
    public func savedState() -> [UInt8] {
        var writer = TLSWriter(capacity: 4096)
        writer.write(SavedState.version)
        writer.write(message)
        writer.writeOptional(welcome)
        writer.write(base)
        writer.writeVector(changes.added.map { $0.index })
        writer.writeVector(changes.removed.map { $0.index })
        writer.writeVector(changes.updated.map { $0.after.index })
        writer.writeOptional(changes.groupContextExtensions)
        writer.writeVector(changes.preSharedKeys.map { PreSharedKeyID(name: $0, nonce: []) })
        writer.writeOptional(changes.reInit)
        next.state.save(into: &writer)
        writer.write(next.encryptionSecret)
        next.identity.save(into: &writer)
        return writer.bytes
    }
}

extension Group {
    /// The commit of ours that a state was saved of, in the epoch in which it was made.
    ///
    /// - Throws: `MLSError.staleCommit` when the group is in another epoch,
    ///   `unknownStateVersion`, `malformed`, and others when the state is not of one piece.
    public func restorePendingCommit(_ state: [UInt8]) throws(MLSError) -> PendingCommit {
        var reader = SavedReader(state)
        let version = try reader.read(UInt16.self)
        guard version == SavedState.version else { throw .unknownStateVersion(version) }
        let message = try reader.read(MLSMessage.self)
        let welcome = try reader.readOptional(MLSMessage.self)
        let base = try reader.read(GroupContext.self)
        guard base == context else { throw .staleCommit }
        let saved = try SavedChanges(&reader)
        let nextState = try EpochState(saved: &reader)
        let next = NextEpoch(
            state: nextState, encryptionSecret: try reader.read(),
            identity: try Identity(saved: &reader, nextState.suite), reInit: saved.reInit)
        try reader.finish()
        return PendingCommit(
            message: message, welcome: welcome,
            changes: saved.changes(
                by: .member(ownLeafIndex), before: self.state.tree, after: nextState.tree),
            base: base, next: next)
    }
}

/// What a saved commit changes: leaves by their places, since both trees are at hand.
private struct SavedChanges {
    let added: [LeafIndex]
    let removed: [LeafIndex]
    let updated: [LeafIndex]
    let extensions: Extensions?
    let preSharedKeys: [PreSharedKeyID]
    let reInit: ReInit?

    init(_ reader: inout SavedReader) throws(MLSError) {
        added = try reader.readVector()
        removed = try reader.readVector()
        updated = try reader.readVector()
        extensions = try reader.readOptional(Extensions.self)
        preSharedKeys = try reader.readVector()
        reInit = try reader.readOptional(ReInit.self)
    }

    func changes(by sender: Sender, before: RatchetTree, after: RatchetTree) -> EpochChanges {
        EpochChanges(
            sender: sender, before: before, after: after, added: added, removed: removed,
            updated: updated, extensions: extensions,
            preSharedKeys: preSharedKeys.map { $0.name }, reInit: reInit)
    }
}
