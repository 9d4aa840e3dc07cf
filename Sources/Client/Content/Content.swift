import Crypto
import TLSSyntax
import Wire

/// What members say to each other inside a sealed entry.
///
/// The first byte is the version of the encoding, the second the type; fields follow in the order
/// of declaration (docs/protocol.md). A later version may append types, which are passed over.
enum Content: Equatable, Sendable {
    case text(TextPart)
    case offer(FileOffer)
    case take(Take)
    /// No thanks, to the member who offered.
    case decline(file: FileID, sender: AttachmentID)
    /// An offer is taken back, from everybody.
    case withdraw(file: FileID, reason: EndReason)
    /// One transfer ends, at the word of either side; to the other side.
    case cancel(file: FileID, peer: AttachmentID, reason: EndReason)
    case digest(FileDigest)
    /// A receiver has the whole file and it is what was promised; to the member who offered.
    case received(file: FileID, sender: AttachmentID)
    /// Goes in good order.
    case bye
    /// The stream of this token has ended at one end before all was across; the other end may not
    /// know it yet.
    case broken(file: FileID, token: TransferToken)
    /// Hosts the room in its own program, which ends now: so does the room.
    case closes

    static let version: UInt8 = 1

    /// How something is said.
    enum Style: UInt8, Sendable {
        case said = 0
        /// What the person does: `* ann waves`.
        case action = 1
    }

    /// A piece of a message.
    struct TextPart: Equatable, Sendable {
        var message: MessageID
        var index: UInt32
        /// How many parts the message has.
        var count: UInt32
        /// Of the message; the last part to come decides it.
        var style: Style = .said
        var bytes: [UInt8]
    }

    struct FileOffer: Equatable, Sendable {
        /// Bytes of a name: four times what file systems take, so that no honest one is refused.
        static let maximumName = 1024

        var file: FileID
        /// As the sender's system has it; not safe.
        var name: [UInt8]
        /// Bytes of the file.
        var size: UInt64
        var key: SymmetricKey
        /// The public X25519 key of the member who offers, 32 bytes, for this file alone.
        var agreement: [UInt8]
        /// The one person it is for; nil for everybody.
        var recipient: AttachmentID?
    }

    /// A receiver waits at the server for the file from a chunk on, under the token that comes out
    /// of the agreement.
    struct Take: Equatable, Sendable {
        var file: FileID
        /// The member who offered.
        var sender: AttachmentID
        /// The public X25519 key of the receiver, 32 bytes, for this stream alone.
        var agreement: [UInt8]
        var firstChunk: UInt64
    }

    /// What a file that went over under `token` must hash to.
    struct FileDigest: Equatable, Sendable {
        var file: FileID
        var token: TransferToken
        /// SHA-256 of the whole file, 32 bytes.
        var sha256: [UInt8]
    }

    enum EndReason: UInt8, Sendable {
        /// The person wanted it so.
        case cancelled = 1
        /// The file at the sender is not what it was when it was offered.
        case changed = 2
        /// What came was not what was promised.
        case damaged = 3
        /// The sender does not know this file any more.
        case unknown = 4
        /// As many offers of the sender are open at the receiver as may be; offered again, it may be
        /// taken.
        case crowded = 5
        /// The receiver cannot go on for now, and keeps what came: its disk is full, say.
        case stopped = 6
    }
}

extension Content {
    /// The one member whom it is for, by their place in the room.
    var addressee: AttachmentID? {
        switch self {
        case .offer(let offer): offer.recipient
        case .take(let take): take.sender
        case .decline(_, let sender), .received(_, let sender): sender
        case .cancel(_, let peer, _): peer
        case .text, .withdraw, .digest, .bye, .broken, .closes: nil
        }
    }

    /// True for what the member who offers says of an offer as a whole.
    var isOffering: Bool {
        switch self {
        case .offer, .withdraw: true
        case .text, .take, .decline, .cancel, .digest, .received, .bye, .broken, .closes: false
        }
    }

    /// True for what a receiver says to an offer.
    var isAnswer: Bool {
        switch self {
        case .take, .decline, .received: true
        case .cancel(_, _, let reason): reason != .crowded
        case .text, .offer, .withdraw, .digest, .bye, .broken, .closes: false
        }
    }

    /// The same for that member at another place.
    func addressed(to member: AttachmentID) -> Content {
        switch self {
        case .offer(var offer):
            offer.recipient = member
            return .offer(offer)
        case .take(var take):
            take.sender = member
            return .take(take)
        case .decline(let file, _): return .decline(file: file, sender: member)
        case .received(let file, _): return .received(file: file, sender: member)
        case .cancel(let file, _, let reason):
            return .cancel(file: file, peer: member, reason: reason)
        case .text, .withdraw, .digest, .bye, .broken, .closes: return self
        }
    }
}

/// The name of one offered file, drawn at random; the same in every attempt to get it across.
struct FileID: SixteenBytes {
    let number: UInt128
    init(number: UInt128) { self.number = number }
}
