import Crypto
import Folder
import SealedFile
import Wire

/// What those who use a client are to know.
package enum TransferLimits {
    /// Files that a person may have on offer: each is held open, and many systems let a program open
    /// 1024.
    package static let offers = 512
}

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
    /// Offers of this person's, those that wait to be said included.
    static let maximumOffers = TransferLimits.offers
    /// Offers of this person's that are open at once, the others wait: half of what others keep of
    /// one person, who may be in the room twice.
    static let maximumOpen = 32
    /// People of a room in which each who comes back is told again what is offered: in a larger one,
    /// all coming back at once would make that many times as much traffic.
    static let smallRoom = 32
    /// Between two looks whether offered files are as they were, and anybody is there to take them.
    static let lookInterval: Duration = .seconds(5)
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
    /// Offers of others that this client says it has no place for: as many as an honest one may have
    /// on offer, since it would wait for an answer that is not said.
    static let crowdedReplies = Allowance(
        burst: TransferLimits.offers, interval: .milliseconds(50))
    /// Pauses between tries to go on: the first and the longest.
    static let firstRetry: Duration = .milliseconds(500)
    static let longestRetry: Duration = .seconds(30)

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
    private var refusals = crowdedReplies
    var lastTurn: UInt64 = 0
    /// When our offers are looked at again; nil while there are none.
    var looksAt: Duration?
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
        case .cancel(let file, people.me.attachment, .crowded):
            heardCrowded(file, speaker, people, now: now)
        case .cancel(let file, people.me.attachment, let reason):
            endIncoming(file, from: speaker, reason: reason)
            endTaker(of: file, speaker, people, state: Self.end(for: reason), now: now)
        case .digest(let digest): heardDigest(digest, from: speaker)
        case .received(let file, people.me.attachment):
            heardReceived(file, from: speaker, people: people, now: now)
        case .broken(let file, let token): heardBroken(token, of: file, from: speaker, now: now)
        default: break
        }
        // Whatever it was that they answered, there may be room for one more now.
        if content.isAnswer { offerAgain(to: speaker) }
        sayOffers(people: people, now: now)
    }

    private static func end(for reason: Content.EndReason) -> TransferUpdate.State {
        switch reason {
        case .damaged: .failed(Sentences.damagedThere)
        case .stopped: .failed(Sentences.stoppedThere)
        case .cancelled, .changed, .unknown, .crowded: .cancelled
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

    /// Says that there is no place for an offer.
    mutating func refuse(_ file: FileID, of sender: AttachmentID, now: Duration) {
        guard refusals.spend(now: now) else { return }
        actions.append(.say(.cancel(file: file, peer: sender, reason: .crowded)))
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
        offerToReturned(speaker, people: people)
        sayOffers(people: people, now: now)
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
    mutating func left(
        _ attachment: AttachmentID, inGoodOrder: Bool, people: People, now: Duration
    ) {
        defer { leftOffers(attachment, people: people, now: now) }
        guard inGoodOrder else { return vanishedOutgoing(attachment, now: now) }
        for (number, file) in incoming where file.sender == attachment {
            switch file.state {
            case .running(let token):
                stop(token)
                fallthrough
            case .waiting: setIncoming(number, .stopped, told: .failed(Sentences.senderLeft))
            case .offered:
                incoming[number]?.isWithdrawn = true
                setIncoming(number, .ended, told: .cancelled)
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
        if let looksAt { note(looksAt) }
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
        lookAtOffers(people: people, now: now)
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
