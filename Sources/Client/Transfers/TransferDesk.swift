import Crypto
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
    /// Offers of one person that can be accepted.
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
    /// Streams that takes of others may have begun: for each this client makes a connection.
    static let streamStarts = Allowance(burst: 64, interval: .milliseconds(20))
    /// Answers that this client says only because others said something.
    static let repliesToOthers = Allowance(burst: 64, interval: .milliseconds(100))
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
        var attempts = 0
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
            /// Went before the end; may come back and go on.
            case left
            case ended
        }

        var peer: Person
        /// Their identity key: it stays when the attachment changes.
        let key: [UInt8]
        var state: State
        var lastToken: TransferToken?
        /// All of it was sent since they took it last.
        var hasAll = false
        /// Who took something earlier has the smaller number.
        var turn: UInt64 = 0
        var bytes: UInt64 = 0
        var meter = RateMeter()
    }

    struct Outgoing: Sendable {
        let number: OfferNumber
        let offer: Content.FileOffer
        let agreement: Curve25519.KeyAgreement.PrivateKey
        let source: SourceFile
        let hashed = HashedPrefix()
        /// Who it is for, if for one.
        var recipient: Person?
        /// That person's identity key.
        var recipientKey: [UInt8]?
        /// By where they are, or were last: one person may be in the room twice.
        var takers: [AttachmentID: Taker] = [:]
        var digest: [UInt8]?
        var isWithdrawn = false

        var fileName: String { source.name }
    }

    enum Job: Sendable {
        case receiving(OfferNumber)
        case sending(OfferNumber, AttachmentID)
    }

    var incoming: [OfferNumber: Incoming] = [:]
    var outgoing: [OfferNumber: Outgoing] = [:]
    var jobs: [TransferToken: Job] = [:]
    var actions: [Action] = []
    var random: any RandomNumberGenerator & Sendable
    let folder: DestinationFolder?
    /// Whether the room can be spoken to now.
    var isConnected = false
    var starts = streamStarts
    var replies = repliesToOthers
    var lastTurn: UInt64 = 0
    private var lastNumber = 0
    private var past = Queue<OfferNumber>()
    /// What is to be said to people when they are met again, by their identity keys.
    private var held: [(key: [UInt8], content: Content)] = []

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

    mutating func retryPause(_ attempt: Int) -> Duration {
        let pause = min(Self.firstRetry * (1 << min(attempt, 8)), Self.longestRetry)
        return pause * Double.random(in: 0.5...1, using: &random)
    }

    // MARK: What happens in the room

    /// Something that another member said about files.
    mutating func heard(
        _ content: Content, from sender: AttachmentID, people: People, now: Duration
    ) {
        // Who says something is a member, and a member has a key.
        guard let key = people.key(of: sender) else { return }
        let speaker = Speaker(attachment: sender, key: key, person: people.person(sender))
        switch content {
        case .offer(let offer): heardOffer(offer, from: speaker, people: people, now: now)
        case .take(let take): heardTake(take, from: speaker, people: people, now: now)
        case .decline(let file, people.me.attachment):
            endTaker(of: file, speaker, people, state: .declined, now: now)
        case .withdraw(let file, let reason): endIncoming(file, from: speaker, reason: reason)
        case .cancel(let file, people.me.attachment, let reason):
            endIncoming(file, from: speaker, reason: reason)
            endTaker(
                of: file, speaker, people,
                state: reason == .damaged ? .failed(Sentences.damagedThere) : .cancelled, now: now)
        case .digest(let digest): heardDigest(digest, from: speaker)
        case .received(let file, people.me.attachment):
            heardReceived(file, from: speaker, people: people, now: now)
        default: break
        }
    }

    /// Whose words they are.
    struct Speaker {
        var attachment: AttachmentID
        var key: [UInt8]
        var person: Person
    }

    /// Says something only because of what another said, unless that happens all the time; who
    /// needs the answer asks again.
    mutating func reply(_ content: Content, now: Duration) {
        if replies.spend(now: now) { actions.append(.say(content)) }
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

    /// Somebody came, or came back: what was under way with them goes on.
    mutating func met(_ attachment: AttachmentID, people: People, now: Duration) {
        guard let key = people.key(of: attachment) else { return }
        let speaker = Speaker(attachment: attachment, key: key, person: people.person(attachment))
        sayHeld(to: speaker)
        resumeOutgoing(to: speaker, people: people)
        metSender(speaker, people: people, now: now)
    }

    /// Keeps what was said, or was to be said, to people at places where they are no longer: the room
    /// moved, or the log began anew.
    mutating func hold(_ contents: [Content], people: People, now: Duration) {
        for content in contents {
            if case .take(let take) = content {
                // It is asked for anew, by a stream of the place where both are then.
                retake(take, now: now)
            } else if let key = content.addressee.flatMap(people.key) {
                held.append((key, content))
            }
        }
        held = held.suffix(Outbox.maximumContents)
    }

    private mutating func sayHeld(to speaker: Speaker) {
        for (key, content) in held where key == speaker.key {
            actions.append(.say(content.addressed(to: speaker.attachment)))
        }
        held.removeAll { $0.key == speaker.key }
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
        leftOutgoing(attachment, now: now)
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
            guard case .waiting(let retryAt, let since) = file.state else { continue }
            note(since + Self.patience)
            if isConnected, let retryAt { note(retryAt) }
        }
        for file in outgoing.values {
            for taker in file.takers.values {
                if let since = taker.waitingSince { note(since + Self.patience) }
                if case .queued = taker.state, sendingCount < Self.maximumActive,
                    let nextAt = starts.nextAt
                {
                    note(nextAt)
                }
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
        startQueued(now: now)
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

extension People {
    /// True when somebody can answer now.
    func isHere(_ attachment: AttachmentID) -> Bool {
        isPresent(attachment) && !person(attachment).isAway
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
