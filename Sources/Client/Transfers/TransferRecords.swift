import Crypto
import Folder
import Wire

/// What the desk knows of each file.
extension TransferDesk {
    struct Incoming: Sendable {
        enum State: Sendable {
            case offered
            case running(TransferToken)
            case waiting(retryAt: Duration?, since: Duration)
            /// Failed with its part kept: the person may accept again.
            case stopped
            case ended
            /// Done; said again to a sender who did not hear it.
            case completed
        }

        let number: OfferNumber
        var offer: Content.FileOffer
        let safeName: SafeFileName
        /// Where its sender is, or was last.
        var sender: AttachmentID
        var peer: Person
        /// The sender's identity key: whose the offer is.
        let key: [UInt8]
        /// Names the part in the folder, 16 bytes.
        let partID: [UInt8]
        /// The public key of the stream that runs.
        var agreement: [UInt8] = []
        var state = State.offered
        /// Its sender ended it.
        var isWithdrawn = false
        var attempts = 0
        /// Since when nothing comes, however often it was tried.
        var stalledSince: Duration?
        var bytes: UInt64 = 0
        var meter = RateMeter()

        init(
            number: OfferNumber, offer: Content.FileOffer, sender: AttachmentID, peer: Person,
            key: [UInt8]
        ) {
            self.number = number
            self.offer = offer
            safeName = SafeFileName(untrusted: offer.name)
            self.sender = sender
            self.peer = peer
            self.key = key
            partID = TransferDesk.partID(of: offer, key: key)
        }
    }

    struct Taker: Sendable {
        enum State: Sendable {
            case running(TransferToken)
            /// As many streams as may be are under way.
            case queued(Content.Take, StreamSecret)
            /// All is sent; the receiver has not said yet that it has it.
            case delivered(since: Duration)
            case waiting(since: Duration)
            /// Has as many offers of ours as they keep; it is offered to them again.
            case crowded(since: Duration)
            /// Went before the end; may come back and go on.
            case left
            case ended
        }

        var peer: Person
        /// Their identity key: it stays when the attachment changes.
        let key: [UInt8]
        var state: State
        var lastToken: TransferToken?
        /// Since when nothing goes across, however often it was tried.
        var stalledSince: Duration?
        /// All of it was sent since they took it last.
        var hasAll = false
        /// Who took something earlier has the smaller number.
        var turn: UInt64 = 0
        var bytes: UInt64 = 0
        var meter = RateMeter()
    }

    struct Outgoing: Sendable {
        enum Phase: Sendable {
            /// Waits to be said.
            case queued
            case open
            /// Said, and answered by everybody who is there; somebody may still go on with it.
            case settled
            case withdrawn
        }

        let number: OfferNumber
        let offer: Content.FileOffer
        let agreement: Curve25519.KeyAgreement.PrivateKey
        let source: SourceFile
        /// As the person gave it.
        let path: String
        let hashed = HashedPrefix()
        /// Who it is for, if for one.
        var recipient: Person?
        /// That person's identity key.
        var recipientKey: [UInt8]?
        var phase = Phase.queued
        /// Identity keys of those to whom it was said and who have not answered.
        var pending: Set<[UInt8]> = []
        /// To whom it was said, by where they were then.
        var audience: Set<AttachmentID> = []
        /// Since when none of those who have not answered is there.
        var lonelySince: Duration?
        /// By where they are, or were last: one person may be in the room twice.
        var takers: [AttachmentID: Taker] = [:]
        var digest: [UInt8]?
        /// It is not what it was when it was offered, or cannot be read.
        var isSourceLost = false

        var fileName: String { source.name }
        var isWithdrawn: Bool { phase == .withdrawn }
        var isUnderWay: Bool { takers.values.contains(where: \.isUnfinished) }
    }

    enum Job: Sendable {
        case receiving(OfferNumber)
        case sending(OfferNumber, AttachmentID)
    }
}

extension TransferDesk.Incoming {
    /// True when the person may accept it.
    var isOpen: Bool {
        switch state {
        case .offered, .stopped: true
        case .running, .waiting, .ended, .completed: false
        }
    }

    var isUnfinished: Bool {
        switch state {
        case .running, .waiting: true
        case .offered, .stopped, .ended, .completed: false
        }
    }
}

extension TransferDesk.Taker {
    /// Since when nothing happens but that the other side is waited for.
    var waitingSince: Duration? {
        switch state {
        case .waiting(let since), .delivered(let since): since
        case .running, .queued, .crowded, .left, .ended: nil
        }
    }

    var isUnfinished: Bool {
        switch state {
        case .running, .queued, .delivered, .waiting: true
        case .crowded, .left, .ended: false
        }
    }

    /// They had their say, or are gone.
    var isOver: Bool {
        switch state {
        case .left, .ended: true
        case .running, .queued, .delivered, .waiting, .crowded: false
        }
    }
}
