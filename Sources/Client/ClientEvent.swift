package import Wire

/// What happens in a room, as its faces (line mode, JSON) are told. Names, texts and file names in
/// here came from other people and are as they came: a face makes them safe before it shows them.
package enum ClientEvent: Sendable {
    /// The room is entered, or entered anew after the server forgot us; `people` are the others.
    case joined(Joined)
    case connection(ConnectionState)
    case message(Message)
    /// The server has all parts of a message that this client said.
    case sent(MessageID)
    /// It cannot be known whether a message of ours reached the room; it was not said again.
    case uncertain(MessageID)
    case person(Person, PersonChange)
    /// Entries that were said while this client was away and can no longer be had; nil when even
    /// their number is lost.
    case missed(count: Int?)
    /// Somebody offers a file.
    case offer(IncomingOffer)
    case transfer(TransferUpdate)
    /// A file of ours was offered, at once or after it had waited for that.
    case offered(OwnOffer)
    /// Everybody whom a file of ours was offered to has answered, or is gone, and nothing of it is
    /// under way: nothing more comes of it by itself.
    case settled(OfferNumber)
    /// So many of the others who were there when a message of ours was said have it. Told when the
    /// number grows; not at all in a large room.
    case received(MessageID, by: Int, of: Int)
    /// Somebody asks to be let into a room whose members decide who comes in.
    case newcomer(Newcomer)
    /// It was decided about somebody who asked.
    case decided(Newcomer, Newcomer.Decision)
    /// Why this client is connected and yet not in the conversation; `joined` ends it.
    case outside(Outside)
    /// A person whom we know by name shows a key that we have not seen them with.
    case keyChanged(Person, formerKeyTags: [String])
    /// The server, or a member, did what the protocol forbids. Told once for each kind and person.
    case warning(RoomWarning)
    /// Nobody was met since we came, for some time: the link may be wrong or dead. Whether we are in
    /// the room, or wait to be let in by somebody who does not answer.
    case alone(isInside: Bool)
    /// The room goes on under a fresh secret and the link that led here is dead.
    case moved(Move)
    /// Something that a person should know, in words of ours.
    case notice(String)

    package struct Joined: Sendable {
        package var me: Person
        package var standing: ServerFrame.Standing
        package var people: [Person]
        package var protection: Protection

        package init(
            me: Person, standing: ServerFrame.Standing, people: [Person],
            protection: Protection = Protection()
        ) {
            self.me = me
            self.standing = standing
            self.people = people
            self.protection = protection
        }
    }

    package enum ConnectionState: Sendable, Equatable {
        case connecting
        case connected
        /// The connection broke; the next try is after this long.
        case reconnecting(after: Duration)
        /// Nobody has answered for some time; it is still tried.
        case unreachable
    }

    package enum PersonChange: Sendable, Equatable {
        /// Goes by another name now.
        case renamed(from: String)
        /// This client marked them as verified, or took the mark back.
        case verified(Bool)
        /// Was taken out of the room by a member; empty when by this client.
        case removed(by: Person)
        case arrived
        case away
        case back
        case left
    }
}

/// Somebody in the room.
package struct Person: Sendable, Hashable {
    package var attachment: AttachmentID
    /// The name they gave themselves; empty while unknown.
    package var name: String
    /// Eight hexadecimal digits of the hash of their identity key; tells people of one name apart.
    package var keyTag: String
    package var isAway: Bool
    /// Their key was compared over another channel, now or in an earlier run.
    package var isVerified: Bool
    /// Their key was never seen before this stay.
    package var isNew: Bool

    package init(
        attachment: AttachmentID, name: String, keyTag: String, isAway: Bool = false,
        isVerified: Bool = false, isNew: Bool = false
    ) {
        self.attachment = attachment
        self.name = name
        self.keyTag = keyTag
        self.isAway = isAway
        self.isVerified = isVerified
        self.isNew = isNew
    }
}

/// The sender's name for one message; receivers show a message once, however often it was sent.
package struct MessageID: SixteenBytes {
    package let number: UInt128
    package init(number: UInt128) { self.number = number }
}

package struct Message: Sendable {
    package var id: MessageID
    package var sender: Person
    package var text: String
    /// What the sender does rather than says: `/me waves`.
    package var isAction: Bool

    package init(id: MessageID, sender: Person, text: String, isAction: Bool = false) {
        self.id = id
        self.sender = sender
        self.text = text
        self.isAction = isAction
    }
}

/// A number under which a person speaks of an offer or transfer (`/accept 2`): given by this client,
/// counted from 1, for offers of both directions.
package struct OfferNumber: Sendable, Hashable, Comparable {
    package let number: Int
    package init(_ number: Int) { self.number = number }
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

package struct IncomingOffer: Sendable {
    package var number: OfferNumber
    package var sender: Person
    /// The name as the sender gave it, not yet safe.
    package var fileName: String
    /// Bytes.
    package var size: UInt64
    /// True when it was offered to this person alone.
    package var isPrivate: Bool

    package init(
        number: OfferNumber, sender: Person, fileName: String, size: UInt64, isPrivate: Bool
    ) {
        self.number = number
        self.sender = sender
        self.fileName = fileName
        self.size = size
        self.isPrivate = isPrivate
    }
}

/// A file that this client offered.
package struct OwnOffer: Sendable {
    package var number: OfferNumber
    /// As it was given to `offer`.
    package var path: String
    /// The one person it is for.
    package var recipient: Person?

    package init(number: OfferNumber, path: String, recipient: Person? = nil) {
        self.number = number
        self.path = path
        self.recipient = recipient
    }
}

/// How one file goes to, or comes from, one person.
package struct TransferUpdate: Sendable {
    package enum Direction: String, Sendable { case sending, receiving }

    package enum State: Sendable, Equatable {
        /// Waits to be offered: many are open already, or nobody is here. `offered` follows.
        case queued
        /// Under way; also said a few times a second while bytes move.
        case running
        /// Broken; goes on by itself when the connection is back.
        case waiting
        /// Whole and verified. For a receiver, the name the file got in the folder.
        case completed(fileName: String)
        case declined
        case cancelled
        /// One sentence for the person. The part that came is kept.
        case failed(String)
    }

    package var number: OfferNumber
    package var direction: Direction
    package var state: State
    /// The other person; for an offer to the room, whoever takes it.
    package var peer: Person
    package var fileName: String
    /// Bytes that are across.
    package var bytes: UInt64
    /// Bytes of the whole file.
    package var size: UInt64
    /// Bytes a second, of the last seconds; nil while nothing is known.
    package var rate: Double?
    /// SHA-256 of the whole file in hexadecimal, when completed.
    package var sha256: String?
    /// The file here is not what it was when it was offered, or cannot be read.
    package var isSourceLost: Bool

    package init(
        number: OfferNumber, direction: Direction, state: State, peer: Person, fileName: String,
        bytes: UInt64, size: UInt64, rate: Double? = nil, sha256: String? = nil,
        isSourceLost: Bool = false
    ) {
        self.number = number
        self.direction = direction
        self.state = state
        self.peer = peer
        self.fileName = fileName
        self.bytes = bytes
        self.size = size
        self.rate = rate
        self.sha256 = sha256
        self.isSourceLost = isSourceLost
    }
}
