import Crypto
import Folder
import SealedFile
import Wire

/// One stream to be sent.
struct SendOrder: Sendable {
    var token: TransferToken
    var offer: Content.FileOffer
    var firstChunk: UInt64
    var source: SourceFile
    let hashed: HashedPrefix
}

/// How a stream that was sent ended.
enum SendOutcome: Sendable {
    /// All of it is at the other end.
    case delivered(sha256: [UInt8])
    /// The connection broke.
    case broken
    /// The file is not what it was when it was offered.
    case changed
    /// The sentence says why the file could not be read.
    case unreadable(String)
}

/// Files that this person offers.
extension TransferDesk {
    private func find(_ file: FileID) -> OfferNumber? {
        outgoing.first { $0.value.offer.file == file }?.key
    }

    /// Under whom somebody is among the takers of an offer: who took it before their name was known
    /// is there by attachment still.
    private func taker(
        of number: OfferNumber, _ sender: AttachmentID, _ people: People
    ) -> Peer? {
        let peers = [Self.peer(sender, people), .attachment(sender)]
        return peers.first { outgoing[number]?.takers[$0] != nil }
    }

    // MARK: What this person wants

    /// - Parameter key: the recipient's identity key, if it is known.
    mutating func offer(
        _ source: SourceFile, to recipient: Person?, key: [UInt8]? = nil
    ) throws(ClientRefusal) -> OfferNumber {
        let open = outgoing.values.count { !$0.isWithdrawn }
        guard open < Self.maximumOffers else { throw .tooManyTransfers(limit: Self.maximumOffers) }
        let offer = Content.FileOffer(
            file: .random(using: &random),
            name: Array(source.name.utf8.prefix(Content.FileOffer.maximumName)),
            size: source.size, key: SymmetricKey(size: .bits256),
            recipient: recipient?.attachment)
        let number = nextNumber()
        outgoing[number] = Outgoing(
            number: number, offer: offer, source: source, recipient: recipient, recipientKey: key)
        actions.append(.say(.offer(offer)))
        return number
    }

    mutating func cancelOutgoing(_ number: OfferNumber, me: Person) throws(ClientRefusal) {
        guard let file = outgoing[number] else { throw .noSuchOffer(number) }
        guard !file.isWithdrawn else { throw .alreadyDecided(number) }
        actions.append(.say(.withdraw(file: file.offer.file, reason: .cancelled)))
        withdraw(number, told: .cancelled, me: me)
    }

    /// Ends an offer and all that came of it.
    private mutating func withdraw(
        _ number: OfferNumber, told: TransferUpdate.State, me: Person
    ) {
        guard let file = outgoing[number] else { return }
        outgoing[number]?.isWithdrawn = true
        let unfinished = file.takers.filter { $0.value.isUnfinished }
        for (peer, taker) in unfinished {
            if case .running(let token) = taker.state { stop(token) }
            setTaker(number, peer, .ended, told: told)
        }
        if unfinished.isEmpty { tell(outgoing: file, file.recipient ?? me, told) }
        bury(number)
    }

    // MARK: What the room says

    mutating func heardTake(
        _ take: Content.Take, from sender: AttachmentID, people: People, now: Duration
    ) {
        guard take.sender == people.me.attachment else { return }
        guard let number = find(take.file), let file = outgoing[number], !file.isWithdrawn,
            take.firstChunk < SealedFile.chunkCount(ofSize: file.offer.size)
        else {
            actions.append(.say(.cancel(file: take.file, peer: sender, reason: .unknown)))
            return
        }
        let peer = Self.peer(sender, people)
        // Everybody in the room hears of an offer; only who it is for may take it.
        guard isFor(sender, file, people) else { return }
        let old = file.takers[peer] ?? file.takers[.attachment(sender)]
        // A take that is said again after a break starts nothing new.
        guard old?.lastToken != take.token else { return }
        guard old != nil || file.takers.count < Self.maximumTakers else { return }
        if case .running(let token) = old?.state { stop(token) }
        outgoing[number]?.takers[.attachment(sender)] = nil
        outgoing[number]?.takers[peer] = Taker(
            peer: people.person(sender), state: .queued(take), lastToken: take.token)
        startQueued()
        if case .queued = outgoing[number]?.takers[peer]?.state {
            tellTaker(number, peer, .waiting)
        }
    }

    private func isFor(_ sender: AttachmentID, _ file: Outgoing, _ people: People) -> Bool {
        guard let recipient = file.recipient, recipient.attachment != sender else { return true }
        guard let key = people.key(of: sender) else { return false }
        return key == file.recipientKey || file.takers[.key(key)] != nil
    }

    private mutating func startQueued() {
        guard sendingCount < Self.maximumActive else { return }
        for (number, file) in outgoing {
            for (peer, taker) in file.takers {
                guard case .queued(let take) = taker.state else { continue }
                start(number, peer, take)
                if sendingCount >= Self.maximumActive { return }
            }
        }
    }

    private mutating func start(_ number: OfferNumber, _ peer: Peer, _ take: Content.Take) {
        guard let file = outgoing[number] else { return }
        jobs[take.token] = .sending(number, peer)
        let start = min(take.firstChunk * UInt64(SealedFile.chunkSize), file.offer.size)
        outgoing[number]?.takers[peer]?.bytes = start
        setTaker(number, peer, .running(take.token), told: .running)
        actions.append(
            .startSending(
                SendOrder(
                    token: take.token, offer: file.offer, firstChunk: take.firstChunk,
                    source: file.source, hashed: file.hashed)))
    }

    /// A receiver says how it ended for them.
    mutating func endTaker(
        of id: FileID, _ sender: AttachmentID, _ people: People, state: TransferUpdate.State
    ) {
        guard let number = find(id), outgoing[number]?.isWithdrawn == false else { return }
        guard let peer = taker(of: number, sender, people),
            let taker = outgoing[number]?.takers[peer]
        else {
            guard let file = outgoing[number], state == .declined else { return }
            tell(outgoing: file, people.person(sender), state)
            return
        }
        if case .ended = taker.state { return }
        if case .running(let token) = taker.state { stop(token) }
        setTaker(number, peer, .ended, told: state)
        startQueued()
    }

    mutating func heardReceived(_ id: FileID, from sender: AttachmentID, people: People) {
        guard let number = find(id), let file = outgoing[number] else { return }
        guard let peer = taker(of: number, sender, people), let taker = file.takers[peer] else {
            return
        }
        if case .ended = taker.state { return }
        if case .running(let token) = taker.state { stop(token) }
        outgoing[number]?.takers[peer]?.bytes = file.offer.size
        setTaker(
            number, peer, .ended, told: .completed(fileName: file.fileName),
            sha256: file.digest?.hexadecimal)
        startQueued()
    }

    mutating func leftOutgoing(_ attachment: AttachmentID) {
        for (number, file) in outgoing {
            for (peer, taker) in file.takers
            where taker.peer.attachment == attachment && taker.isUnfinished {
                if case .running(let token) = taker.state { stop(token) }
                setTaker(number, peer, .left, told: .failed(Sentences.receiverLeft))
            }
        }
        startQueued()
    }

    /// Somebody who has yet to confirm a file cannot do so now; they are waited for.
    mutating func vanishedOutgoing(_ attachment: AttachmentID, now: Duration) {
        for (number, file) in outgoing {
            for (peer, taker) in file.takers where taker.peer.attachment == attachment {
                switch taker.state {
                case .delivered, .queued:
                    setTaker(number, peer, .waiting(since: now), told: .waiting)
                case .running, .waiting, .left, .ended: break
                }
            }
        }
    }

    /// Somebody who had not got all of a file is back under another attachment: it is offered to
    /// them again, and they go on with the part that they have.
    mutating func resumeOutgoing(to attachment: AttachmentID, key: [UInt8], people: People) {
        for (number, file) in outgoing where !file.isWithdrawn {
            nameTaker(of: number, attachment, key: key)
            guard let taker = file.takers[.key(key)], taker.peer.attachment != attachment else {
                continue
            }
            if case .ended = taker.state { continue }
            outgoing[number]?.takers[.key(key)]?.peer = people.person(attachment)
            var offer = file.offer
            offer.recipient = attachment
            actions.append(.say(.offer(offer)))
        }
    }

    /// Who took an offer before their name was known goes by it from now on, so that they can go on
    /// under another attachment.
    private mutating func nameTaker(
        of number: OfferNumber, _ attachment: AttachmentID, key: [UInt8]
    ) {
        guard outgoing[number]?.takers[.key(key)] == nil,
            let taker = outgoing[number]?.takers.removeValue(forKey: .attachment(attachment))
        else { return }
        outgoing[number]?.takers[.key(key)] = taker
        if case .running(let token) = taker.state { jobs[token] = .sending(number, .key(key)) }
    }

    // MARK: Streams

    mutating func sendingProgressed(_ token: TransferToken, bytes: UInt64, now: Duration) {
        guard case .sending(let number, let peer) = jobs[token] else { return }
        outgoing[number]?.takers[peer]?.bytes = bytes
        outgoing[number]?.takers[peer]?.meter.note(bytes, at: now)
        tellTaker(number, peer, .running)
    }

    mutating func sendingEnded(
        _ token: TransferToken, _ outcome: SendOutcome, me: Person, now: Duration
    ) {
        guard case .sending(let number, let peer) = jobs.removeValue(forKey: token),
            let file = outgoing[number]
        else { return }
        switch outcome {
        case .delivered(let sha256):
            outgoing[number]?.digest = sha256
            outgoing[number]?.takers[peer]?.bytes = file.offer.size
            outgoing[number]?.takers[peer]?.state = .delivered(since: now)
            let digest = Content.FileDigest(file: file.offer.file, token: token, sha256: sha256)
            actions.append(.say(.digest(digest)))
        case .broken: setTaker(number, peer, .waiting(since: now), told: .waiting)
        case .changed:
            actions.append(.say(.withdraw(file: file.offer.file, reason: .changed)))
            withdraw(number, told: .failed(Sentences.changedHere), me: me)
        case .unreadable(let sentence):
            actions.append(.say(.withdraw(file: file.offer.file, reason: .changed)))
            withdraw(number, told: .failed(sentence), me: me)
        }
        startQueued()
    }

    // MARK: Telling

    mutating func setTaker(
        _ number: OfferNumber, _ peer: Peer, _ state: Taker.State, told: TransferUpdate.State,
        sha256: String? = nil
    ) {
        outgoing[number]?.takers[peer]?.state = state
        tellTaker(number, peer, told, sha256: sha256)
    }

    private mutating func tellTaker(
        _ number: OfferNumber, _ peer: Peer, _ state: TransferUpdate.State, sha256: String? = nil
    ) {
        guard let file = outgoing[number], let taker = file.takers[peer] else { return }
        tell(
            outgoing: file, taker.peer, state, bytes: taker.bytes,
            rate: state == .running ? taker.meter.rate : nil, sha256: sha256)
    }

    private mutating func tell(
        outgoing file: Outgoing, _ peer: Person, _ state: TransferUpdate.State, bytes: UInt64 = 0,
        rate: Double? = nil, sha256: String? = nil
    ) {
        actions.append(
            .event(
                .transfer(
                    TransferUpdate(
                        number: file.number, direction: .sending, state: state, peer: peer,
                        fileName: file.fileName, bytes: bytes, size: file.offer.size, rate: rate,
                        sha256: sha256))))
    }
}
