import MLS

/// The group that we fell out of while we stayed at the server: whoever was in it may let us in
/// again.
struct LastGroup: Sendable {
    private let groupID: [UInt8]
    private let isStrict: Bool
    private let members: Set<[UInt8]>

    init(_ membership: Membership) {
        groupID = membership.group.groupID
        isStrict = membership.isStrict
        members = Set(membership.roster.members.values.lazy.map(\.identityKey))
    }

    /// True for the same group, and for another of somebody who was in it, too. Where not everybody
    /// with the link may come in, nobody else may lead us into a group of their own.
    func leads(to other: [UInt8], by key: [UInt8]) -> Bool {
        !isStrict || other == groupID || members.contains(key)
    }
}

extension Membership {
    /// Not everybody with the link may come in: members decide, or somebody was taken out.
    var isStrict: Bool { rules.needsApproval || owed != nil }
}

extension MLSRoomGroup {
    /// Members decide who comes in, and we were one of them before the log began anew: whoever founds
    /// first, and has the link, need not have been.
    var awaitsCompanions: Bool {
        rules.needsApproval && !formerGroups.isEmpty && !companions.isEmpty
    }

    /// Whether we want a member out: such a member lets nobody in.
    func isWantedOut(_ member: RoomMember?) -> Bool {
        removals.contains { $0.identityKey == member?.identityKey }
    }

    /// Whether we come into a group when this member lets us in.
    func mayFollow(_ doorkeeper: RoomMember?, into groupID: [UInt8]) -> Bool {
        guard let key = doorkeeper?.identityKey, !isWantedOut(doorkeeper) else { return false }
        guard let last = membership.map(LastGroup.init) ?? lastGroup else {
            return !awaitsCompanions || companions.contains(key)
        }
        // Who founded alone follows those of an earlier log.
        let isAlone = membership?.group.memberCount == 1
        return last.leads(to: groupID, by: key) || isAlone && companions.contains(key)
    }
}
