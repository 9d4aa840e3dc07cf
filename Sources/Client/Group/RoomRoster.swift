import MLS
import Wire

/// The members of a group with their passports and placements checked.
struct RoomRoster: Sendable {
    /// What the rules of a room forbid and MLS allows.
    enum Violation: Error, Equatable {
        /// A passport that does not hold, a place of another log, or one that somebody has.
        case member
        /// A member's leaf became somebody else's.
        case identityChanged
        /// Members were added without the room's secret.
        case secretMissing
        /// What only an outsider does, or what changes the room's rules.
        case notAllowed
        /// Let in by somebody whom we want out.
        case wantedOut
    }

    private(set) var members: [LeafIndex: RoomMember] = [:]
    private var leaves: [AttachmentID: LeafIndex] = [:]
    private let keys: RoomKeys
    private let log: LogID

    init(_ list: [Member], keys: RoomKeys, log: LogID) throws(Violation) {
        self.keys = keys
        self.log = log
        for member in list { try add(member) }
    }

    subscript(attachment: AttachmentID) -> RoomMember? {
        leaves[attachment].flatMap { members[$0] }
    }

    func leaf(of attachment: AttachmentID) -> LeafIndex? { leaves[attachment] }

    var attachments: some Collection<AttachmentID> { leaves.keys }

    /// The attachments from left to right in the tree: the order of duties.
    var inOrder: [AttachmentID] {
        leaves.sorted { $0.value < $1.value }.map(\.key)
    }

    /// A leaf as a member of this log; nil when it is none.
    static func checked(_ leaf: LeafNode, keys: RoomKeys, log: LogID) -> RoomMember? {
        guard let placement = Placement(of: leaf), placement.log == log,
            placement.attachment.number != 0,
            let passport = Passport(checking: leaf, room: keys.room)
        else { return nil }
        return RoomMember(
            attachment: placement.attachment, name: passport.name,
            identityKey: passport.identityKey)
    }

    private mutating func add(_ member: Member) throws(Violation) {
        guard let checked = Self.checked(member.leaf, keys: keys, log: log),
            leaves.updateValue(member.index, forKey: checked.attachment) == nil
        else { throw .member }
        members[member.index] = checked
    }

    /// What a commit does to the room.
    struct Change: Sendable {
        var joined: [RoomMember] = []
        var left: [RoomMember] = []
        var renamed: [RoomMember] = []
        /// Fell out and came in anew at the same place; for people they were never away.
        var returned: [RoomMember] = []
    }

    /// Takes a commit's changes, or none of them.
    mutating func apply(_ changes: EpochChanges) throws(Violation) -> Change {
        var next = self
        let change = try next.applyInPlace(changes)
        self = next
        return change
    }

    private mutating func applyInPlace(_ changes: EpochChanges) throws(Violation) -> Change {
        guard case .member = changes.sender, changes.groupContextExtensions == nil,
            changes.reInit == nil
        else { throw .notAllowed }
        guard changes.added.isEmpty || changes.preSharedKeys.contains(RoomKeys.pskName) else {
            throw .secretMissing
        }
        var change = Change()
        for (_, after) in changes.updated {
            if let renamed = try update(after) { change.renamed.append(renamed) }
        }
        for gone in changes.removed {
            guard let member = members.removeValue(forKey: gone.index) else { continue }
            leaves[member.attachment] = nil
            change.left.append(member)
        }
        for member in changes.added {
            try add(member)
            if let added = members[member.index] { change.joined.append(added) }
        }
        let returned = Set(change.left).intersection(change.joined)
        change.returned = Array(returned)
        change.left.removeAll { returned.contains($0) }
        change.joined.removeAll { returned.contains($0) }
        return change
    }

    private mutating func update(_ after: Member) throws(Violation) -> RoomMember? {
        guard let old = members[after.index],
            let new = Self.checked(after.leaf, keys: keys, log: log),
            new.attachment == old.attachment, new.identityKey == old.identityKey
        else { throw .identityChanged }
        members[after.index] = new
        return new == old ? nil : new
    }
}
