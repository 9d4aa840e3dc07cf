import Wire

/// What a room's group is made from.
struct GroupSetting: Sendable {
    var secret: RoomSecret
    var identity: Identity
    /// The name that we go by: UTF-8, from 1 to 64 bytes.
    var name: [UInt8]
    /// What the link says of the room; who founds it goes by it.
    var options = RoomOptions.default
    /// Identity keys of those who moved here with us: nobody has to decide about them again.
    var companions: Set<[UInt8]> = []
    /// Those whom this person wanted out of the room that this one was, and who know where it went.
    var removals: [RoomMember] = []
    /// Seconds since 1970.
    var wallClock: @Sendable () -> UInt64
    var random: any RandomNumberGenerator & Sendable
}

/// Makes the group of a room that is entered.
typealias GroupFactory = @Sendable (GroupSetting) -> any RoomGroup
