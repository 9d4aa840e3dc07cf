import Wire

@testable import Client

/// One person's client: a group, and what a session does for it.
final class StormClient {
    struct Saying: Hashable {
        var id: Int
        var bytes: [UInt8]
    }

    struct Flight {
        enum Origin {
            case saying(Saying)
            case group(GroupStep.Ticket)
            /// To be said again under another seal; this one only waits for its answer.
            case spent
        }

        var append: ClientFrame.Append
        var origin: Origin
    }

    /// Appends under way at once.
    static let window = 8

    let number: Int
    let identity: Identity
    var name: String
    var secret: RoomSecret
    var room: Int
    var group: MLSRoomGroup

    var link: Int?
    /// The server has answered on this link; nothing is said before.
    var isAttached = false
    var attachment: AttachmentID?
    var token = ResumeToken(number: 0)
    var position: Position?
    var queue: [Saying] = []
    var flights: [Flight] = []
    /// When all of a replay has come.
    var isCaughtUpAt: Duration = .zero
    /// When it connects again.
    var connectsAt: Duration?
    var isLeaving = false
    /// Counts its stays in a group; a stay ends when it falls out.
    var stay = 0
    /// The first epoch that it was seen in, and of which group, in this stay.
    var since: (group: [UInt8], epoch: UInt64)?
    var heard: [Int: Int] = [:]
    /// What it said itself.
    var own: Set<Int> = []
    var said = SaidMemory()
    /// Whether it was told that something is lost.
    var isToldOfLoss = false
    var lastHeard: UInt64 = 0
    /// What it was warned of and about whom, each once.
    var warnings: [Warned] = []
    /// Steps that its group wanted done.
    var stepCount = 0
    var asking: [RoomMember] = []
    var end: End?
    /// The room from which it saw somebody taken out by command.
    var owesMoveFrom: Int?

    struct Warned: Hashable {
        var kind: RoomWarning.Kind
        var about: AttachmentID?
    }

    func warn(_ kind: RoomWarning.Kind, about: AttachmentID?) {
        let warned = Warned(kind: kind, about: about)
        if !warnings.contains(warned) { warnings.append(warned) }
    }

    enum End: Equatable {
        case left, removed, turnedAway
        case moved(RoomSecret)

        static func == (left: Self, right: Self) -> Bool {
            switch (left, right) {
            case (.left, .left), (.removed, .removed), (.turnedAway, .turnedAway): true
            case (.moved(let left), .moved(let right)): left.bytes == right.bytes
            default: false
            }
        }
    }

    init(
        number: Int, identity: Identity, name: String, secret: RoomSecret, room: Int,
        group: MLSRoomGroup
    ) {
        self.number = number
        self.identity = identity
        self.name = name
        self.secret = secret
        self.room = room
        self.group = group
    }

    var isInside: Bool { group.membership != nil }
    var isBusy: Bool { !queue.isEmpty || !flights.isEmpty }

    /// Everything that was not acknowledged is said again, in its order, to another attachment.
    func startAnew() {
        let again = flights.compactMap { flight in
            if case .saying(let saying) = flight.origin { saying } else { nil }
        }
        queue = again + queue
        flights = []
    }
}
