import Folder
import SealedFile
import Wire

/// Offers and transfers of one room, as a pure state machine; the streams themselves are jobs that
/// it starts and that report back.
struct TransferDesk: Sendable {
    enum Action: Sendable {
        case event(ClientEvent)
        case say(Content)
        case startReceiving(ReceiveOrder)
        case startSending(SendOrder)
        /// Ends the job of this token, whatever it is doing.
        ///
        /// - Parameter discard: deletes the part; otherwise it is kept.
        case stop(TransferToken, discard: Bool)
        case digest(TransferToken, [UInt8])
    }

    /// Streams at once in each direction: they share one network and one disk, and each has a
    /// connection of its own.
    static let maximumActive = 16
    /// Offers of one person that wait for an answer.
    static let maximumOpenPerSender = 64
    /// Offers of all others together, those that are over and still known included.
    static let maximumIncoming = 2048
    /// Offers of this person's that can be taken.
    static let maximumOffers = 256
    /// Offers that are over and still known, so that a repeat is not a new one.
    static let maximumPast = 256
    /// People who took one offer and are remembered, so that they can go on.
    static let maximumTakers = 10_000
    /// How long a transfer waits for somebody who vanished.
    static let patience: Duration = .seconds(600)
    /// How long an offer waits for its sender's name: names are asked for after two seconds.
    static let nameWait: Duration = .seconds(5)
    /// Pauses between tries to go on: the first and the longest.
    static let firstRetry: Duration = .milliseconds(500)
    static let longestRetry: Duration = .seconds(30)

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
        var sender: AttachmentID
        var peer: Person
        /// The sender's identity key, once it is known.
        var key: [UInt8]?
        /// Names the part in the folder, 16 bytes.
        var partID: [UInt8]
        /// Somebody without a name yet who offered the same, while the sender was gone.
        var claimant: AttachmentID?
        /// When the person is told of it, name or not.
        var toldAt: Duration?
        var state = State.offered
        var attempts = 0
        var bytes: UInt64 = 0
        var meter = RateMeter()

        init(
            number: OfferNumber, offer: Content.FileOffer, safeName: SafeFileName,
            sender: AttachmentID, peer: Person, key: [UInt8]?
        ) {
            self.number = number
            self.offer = offer
            self.safeName = safeName
            self.sender = sender
            self.peer = peer
            self.key = key
            partID = TransferDesk.partID(offer.file, key: key)
        }
    }

    struct Taker: Sendable {
        enum State: Sendable {
            case running(TransferToken)
            /// As many streams as may be are under way.
            case queued(Content.Take)
            /// All is sent; the receiver has not said yet that it has it.
            case delivered(since: Duration)
            case waiting(since: Duration)
            /// Went before the end; may come back and go on.
            case left
            case ended
        }

        var peer: Person
        var state: State
        var lastToken: TransferToken?
        var bytes: UInt64 = 0
        var meter = RateMeter()
    }

    /// Somebody, by identity key if it is known: it stays when the attachment changes.
    enum Peer: Hashable, Sendable {
        case key([UInt8])
        case attachment(AttachmentID)
    }

    struct Outgoing: Sendable {
        let number: OfferNumber
        var offer: Content.FileOffer
        let source: SourceFile
        let hashed = HashedPrefix()
        /// Who it is for, if for one.
        var recipient: Person?
        /// That person's identity key, when it was known.
        var recipientKey: [UInt8]?
        var takers: [Peer: Taker] = [:]
        var digest: [UInt8]?
        var isWithdrawn = false

        var fileName: String { source.name }
    }

    enum Job: Sendable {
        case receiving(OfferNumber)
        case sending(OfferNumber, Peer)
    }

    var incoming: [OfferNumber: Incoming] = [:]
    var outgoing: [OfferNumber: Outgoing] = [:]
    var jobs: [TransferToken: Job] = [:]
    var actions: [Action] = []
    var random: any RandomNumberGenerator & Sendable
    let folder: DestinationFolder?
    /// Whether the room can be spoken to now.
    var isConnected = false
    private var lastNumber = 0
    private var past = Queue<OfferNumber>()

    init(folder: DestinationFolder?, random: any RandomNumberGenerator & Sendable) {
        self.folder = folder
        self.random = random
    }

    mutating func takeActions() -> [Action] {
        defer { actions = [] }
        return actions
    }

    mutating func nextNumber() -> OfferNumber {
        lastNumber += 1
        return OfferNumber(lastNumber)
    }

    /// Transfers that are under way, in either direction.
    var unfinishedCount: Int {
        incoming.values.count { $0.isUnfinished }
            + outgoing.values.reduce(0) { $0 + $1.takers.values.count { $0.isUnfinished } }
    }

    var receivingCount: Int {
        jobs.values.count { if case .receiving = $0 { true } else { false } }
    }

    var sendingCount: Int { jobs.count - receivingCount }

    static func peer(_ attachment: AttachmentID, _ people: People) -> Peer {
        people.key(of: attachment).map { .key($0) } ?? .attachment(attachment)
    }

    mutating func retryPause(_ attempt: Int) -> Duration {
        let pause = min(Self.firstRetry * (1 << min(attempt, 8)), Self.longestRetry)
        return pause * Double.random(in: 0.5...1, using: &random)
    }

    // MARK: What happens in the room

    /// Something that another member said about files.
    mutating func heard(
        _ content: Content, from sender: AttachmentID, people: People, now: Duration
    ) {
        switch content {
        case .offer(let offer): heardOffer(offer, from: sender, people: people, now: now)
        case .take(let take): heardTake(take, from: sender, people: people, now: now)
        case .decline(let file, people.me.attachment):
            endTaker(of: file, sender, people, state: .declined)
        case .withdraw(let file, let reason):
            endIncoming(file, from: sender, reason: reason, people: people)
        case .cancel(let file, people.me.attachment, let reason):
            endIncoming(file, from: sender, reason: reason, people: people)
            endTaker(
                of: file, sender, people,
                state: reason == .damaged ? .failed(Sentences.damagedThere) : .cancelled)
        case .digest(let digest): heardDigest(digest, from: sender)
        case .received(let file, people.me.attachment):
            heardReceived(file, from: sender, people: people)
        default: break
        }
    }

    /// The room can be spoken to again, or not.
    mutating func setConnected(_ connected: Bool, now: Duration) {
        guard connected != isConnected else { return }
        isConnected = connected
        guard connected else { return }
        for (number, file) in incoming {
            guard case .waiting(_, let since) = file.state else { continue }
            let retryAt = now + retryPause(0)
            incoming[number]?.state = .waiting(retryAt: retryAt, since: since)
        }
    }

    /// Somebody is known by name now: what was under way with them goes on.
    mutating func met(_ attachment: AttachmentID, people: People, now: Duration) {
        guard let key = people.key(of: attachment) else { return }
        resumeOutgoing(to: attachment, key: key, people: people)
        metSender(attachment, key: key, people: people, now: now)
    }

    /// Somebody is gone.
    ///
    /// - Parameter inGoodOrder: they said so; otherwise they may be back.
    mutating func left(_ attachment: AttachmentID, inGoodOrder: Bool, now: Duration) {
        guard inGoodOrder else { return vanishedOutgoing(attachment, now: now) }
        for (number, file) in incoming where file.sender == attachment {
            switch file.state {
            case .running(let token):
                stop(token)
                fallthrough
            case .waiting: setIncoming(number, .stopped, told: .failed(Sentences.senderLeft))
            case .offered: setIncoming(number, .ended, told: .cancelled)
            case .stopped, .ended, .completed: break
            }
        }
        leftOutgoing(attachment)
    }

    /// This person leaves: every transfer ends, with its part kept.
    mutating func endAll() {
        for (number, file) in incoming where file.isUnfinished {
            if case .running(let token) = file.state { stop(token) }
            setIncoming(number, .stopped, told: .failed(Sentences.leftHere))
        }
        for (number, file) in outgoing {
            for (peer, taker) in file.takers where taker.isUnfinished {
                if case .running(let token) = taker.state { stop(token) }
                setTaker(number, peer, .ended, told: .failed(Sentences.leftHere))
            }
        }
    }

    // MARK: Time

    /// When `tick` is to be called.
    var deadline: Duration? {
        var earliest: Duration?
        func note(_ time: Duration) { earliest = min(earliest ?? time, time) }
        for file in incoming.values {
            if let toldAt = file.toldAt { note(toldAt) }
            guard case .waiting(let retryAt, let since) = file.state else { continue }
            note(since + Self.patience)
            if isConnected, let retryAt { note(retryAt) }
        }
        for file in outgoing.values {
            for taker in file.takers.values {
                if let since = taker.waitingSince { note(since + Self.patience) }
            }
        }
        return earliest
    }

    mutating func tick(people: People, now: Duration) {
        tickIncoming(people: people, now: now)
        for (number, file) in outgoing {
            for (peer, taker) in file.takers {
                guard let since = taker.waitingSince, now >= since + Self.patience else {
                    continue
                }
                setTaker(number, peer, .left, told: .failed(Sentences.peerSilent))
            }
        }
    }

    // MARK: Jobs

    mutating func stop(_ token: TransferToken, discard: Bool = false) {
        jobs[token] = nil
        actions.append(.stop(token, discard: discard))
    }

    /// Notes an offer that is over; only the last few are kept.
    mutating func bury(_ number: OfferNumber) {
        past.append(number)
        guard past.count > Self.maximumPast, let oldest = past.popFirst() else { return }
        if incoming[oldest]?.isUnfinished == false { incoming[oldest] = nil }
        if outgoing[oldest]?.isWithdrawn == true { outgoing[oldest] = nil }
    }
}

extension TransferDesk.Incoming {
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
        case .running, .queued, .left, .ended: nil
        }
    }

    var isUnfinished: Bool {
        switch state {
        case .running, .queued, .delivered, .waiting: true
        case .left, .ended: false
        }
    }
}
