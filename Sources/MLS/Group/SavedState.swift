import TLSSyntax

/// The saved state of a group.
///
/// Format, in the presentation language of RFC 9420 section 2.1; `secret` is `opaque secret<V>`:
///
///     struct {
///         uint16 version = 1;
///         uint8 standing;              // 1 active, 2 reinitialized, 3 removed
///         optional<ReInit> reinit;     // with standing 2
///         GroupContext context;
///         optional<Node> ratchet_tree<V>;
///         PrivateKeys keys;
///         secret epoch_secrets[8];     // sender data, exporter, external, confirm, membership,
///                                      // resumption, authentication, init
///         opaque confirmation_tag<V>;
///         SecretTree secret_tree;
///         Identity identity;
///         CachedProposal proposals<V>;
///         OwnUpdate own_updates<V>;
///         PastEpoch past_epochs<V>;
///         ResumptionKey resumption_keys<V>;
///     } SavedGroup;
///
/// Where the parts are: `struct { uint32 leaf_index; secret leaf; NodeKey parents<V>; }
/// PrivateKeys`, `struct { uint32 node; secret key; } NodeKey`, `struct { Credential credential;
/// secret signature_key; } Identity`, `struct { opaque reference<V>; Sender sender; Proposal
/// proposal; } CachedProposal`, `struct { secret encryption_key; Identity identity; } OwnUpdate`,
/// `struct { GroupContext context; optional<Node> ratchet_tree<V>; uint32 own_leaf; secret
/// sender_data; SecretTree secret_tree; uint64 ended; } PastEpoch`, `struct { uint64 epoch; secret
/// key; } ResumptionKey`, `struct { uint32 leaf_count; NodeKey nodes<V>; Ratchet ratchets<V>; }
/// SecretTree`, `struct { uint32 leaf; uint8 kind; secret secret; uint32 generation; Skipped
/// skipped<V>; } Ratchet` with kind 1 for handshake and 2 for application, and `struct { uint32
/// generation; secret key; secret nonce; } Skipped`.
enum SavedState {
    static let version: UInt16 = 1
    /// A value that no state has.
    static let damaged = MLSError.malformed(.invalidValue("SavedGroup"))
}

extension Group {
    /// All of the group as bytes, the signature key included. They are as secret as the group
    /// itself: seal them under a storage key before they are kept.
    ///
    /// A state serves once: after `restore`, neither this group nor another copy of the state may
    /// send, or two messages would share a key. Keep the state after each step and before what the
    /// step made is sent.
    public func savedState() -> [UInt8] {
        var writer = TLSWriter(capacity: 4096)
        writer.write(SavedState.version)
        switch standing {
        case .active: writer.write(UInt8(1))
        case .reinitialized: writer.write(UInt8(2))
        case .removed: writer.write(UInt8(3))
        }
        writer.writeOptional(reInit)
        state.save(into: &writer)
        secretTree.save(into: &writer)
        identity.save(into: &writer)
        writer.writeVector { writer in
            for cached in proposals.list {
                writer.writeOpaque(cached.reference)
                writer.write(cached.entry.sender)
                writer.write(cached.entry.proposal)
            }
        }
        writer.writeVector { writer in
            for update in ownUpdates {
                writer.write(update.encryptionKey.rawRepresentation)
                update.identity.save(into: &writer)
            }
        }
        writer.writeVector { writer in
            for past in pastEpochs { past.save(into: &writer) }
        }
        writer.writeVector { writer in
            for (epoch, key) in resumptionKeys.sorted(by: { $0.key < $1.key }) {
                writer.write(epoch)
                writer.write(key)
            }
        }
        return writer.bytes
    }

    /// The group that a state was saved of.
    ///
    /// - Throws: `MLSError.unknownStateVersion`, `malformed`, and others when the state is not of
    ///   one piece. A state that was sealed well never throws.
    public static func restore(
        _ state: [UInt8], policy: GroupPolicy = GroupPolicy(), environment: Environment
    ) throws(MLSError) -> Group {
        var reader = SavedReader(state)
        let version = try reader.read(UInt16.self)
        guard version == SavedState.version else { throw .unknownStateVersion(version) }
        let group = try Group(saved: &reader, policy, environment)
        try reader.finish()
        return group
    }

    private init(
        saved reader: inout SavedReader, _ policy: GroupPolicy, _ environment: Environment
    ) throws(MLSError) {
        let standing = try Standing(saved: &reader)
        let state = try EpochState(saved: &reader)
        let suite = state.suite
        let secretTree = try SecretTree(saved: &reader, suite)
        let identity = try Identity(saved: &reader, suite)
        let lists = try SavedLists(saved: &reader, suite)
        self.init(
            NextEpoch(
                state: state, encryptionSecret: Secret([]), identity: identity, reInit: nil),
            policy: policy, environment: environment)
        self.secretTree = secretTree
        self.standing = standing
        proposals = lists.proposals
        ownUpdates = lists.ownUpdates
        pastEpochs = lists.pastEpochs
        resumptionKeys = lists.resumptionKeys
    }
}

extension Group.Standing {
    fileprivate init(saved reader: inout SavedReader) throws(MLSError) {
        let number = try reader.read(UInt8.self)
        switch (number, try reader.readOptional(ReInit.self)) {
        case (1, nil): self = .active
        case (2, let reInit?): self = .reinitialized(reInit)
        case (3, nil): self = .removed
        default: throw SavedState.damaged
        }
    }
}

/// The lists at the end of a saved state.
private struct SavedLists {
    var proposals = ProposalCache()
    var ownUpdates: [Group.OwnUpdate] = []
    var pastEpochs: [PastEpoch] = []
    var resumptionKeys: [UInt64: Secret] = [:]

    init(saved reader: inout SavedReader, _ suite: Suite) throws(MLSError) {
        var list = try reader.readNested()
        while !list.isAtEnd {
            let reference = try list.readOpaque()
            let sender = try list.read(Sender.self)
            let entry = ProposalEntry(proposal: try list.read(), sender: sender)
            proposals.keep(entry, reference: reference)
        }
        list = try reader.readNested()
        while !list.isAtEnd {
            let key = try HPKEPrivateKey(list.read(Secret.self), suite.kem)
            let identity = try Identity(saved: &list, suite)
            ownUpdates.append(Group.OwnUpdate(encryptionKey: key, identity: identity))
        }
        list = try reader.readNested()
        while !list.isAtEnd { pastEpochs.append(try PastEpoch(saved: &list, suite)) }
        list = try reader.readNested()
        while !list.isAtEnd {
            let epoch = try list.read(UInt64.self)
            resumptionKeys[epoch] = try list.read()
        }
    }
}
