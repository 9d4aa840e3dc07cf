/// What a commit changes, for the application to look at before it is adopted: RFC 9420 section
/// 5.3.1 wants every new credential validated by whoever knows what it is worth.
public struct EpochChanges: Sendable {
    /// Who committed.
    public let sender: Sender
    /// Members that were added, the sender of an external commit included.
    public let added: [Member]
    /// Members that were removed, as they were.
    public let removed: [Member]
    /// Members that have a new leaf, by Update or by the commit's path: as they were and as they
    /// are.
    public let updated: [(before: Member, after: Member)]
    /// The group's new extensions, if they were replaced.
    public let groupContextExtensions: Extensions?
    /// Pre-shared keys that went into the epoch.
    public let preSharedKeys: [PreSharedKeyName]
    /// What takes the group's place, if it was closed.
    public let reInit: ReInit?

    init(
        sender: Sender, before: RatchetTree, after: RatchetTree, applied: AppliedProposals,
        pathLeaf: LeafIndex?
    ) {
        var joined = applied.added
        var renewed = applied.sorted.updates.map { $0.leaf }
        if let pathLeaf {
            if case .newMemberCommit = sender {
                joined.append(pathLeaf)
            } else {
                renewed.append(pathLeaf)
            }
        }
        self.init(
            sender: sender, before: before, after: after, added: joined,
            removed: applied.sorted.removes, updated: renewed,
            extensions: applied.sorted.extensions,
            preSharedKeys: applied.sorted.preSharedKeys.map { $0.name },
            reInit: applied.sorted.reInit)
    }

    /// The same from the places of the leaves that changed.
    init(
        sender: Sender, before: RatchetTree, after: RatchetTree, added: [LeafIndex],
        removed: [LeafIndex], updated: [LeafIndex], extensions: Extensions?,
        preSharedKeys: [PreSharedKeyName], reInit: ReInit?
    ) {
        let member = { (tree: RatchetTree, index: LeafIndex) in
            tree[index].map { Member(index: index, leaf: $0) }
        }
        self.sender = sender
        self.added = added.compactMap { member(after, $0) }
        self.removed = removed.compactMap { member(before, $0) }
        self.updated = updated.compactMap { index in
            guard let old = member(before, index), let new = member(after, index) else {
                return nil
            }
            return (old, new)
        }
        groupContextExtensions = extensions
        self.preSharedKeys = preSharedKeys
        self.reInit = reInit
    }
}
