import Crypto
import Folder
import SealedFile
import Wire

/// One stream to be sent.
struct SendOrder: Sendable {
    var secret: StreamSecret
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
    func find(_ file: FileID) -> OfferNumber? {
        outgoing.first { $0.value.offer.file == file }?.key
    }

    /// Under which attachment somebody is among the takers of an offer: their own or, if they have
    /// come back under another, that at which they are no longer.
    func taker(
        of number: OfferNumber, _ speaker: Speaker, _ people: People
    ) -> AttachmentID? {
        guard let takers = outgoing[number]?.takers else { return nil }
        if takers[speaker.attachment] != nil { return speaker.attachment }
        return takers.first { $0.value.key == speaker.key && !people.isHere($0.key) }?.key
    }

    // MARK: What the room says

    mutating func heardTake(
        _ take: Content.Take, from speaker: Speaker, people: People, now: Duration
    ) {
        guard take.sender == people.me.attachment else { return }
        guard let number = find(take.file), let file = outgoing[number], !file.isWithdrawn,
            take.firstChunk < SealedFile.chunkCount(ofSize: file.offer.size),
            let secret = try? StreamSecret(giving: file.offer, with: file.agreement, to: take)
        else {
            let answer = Content.cancel(
                file: take.file, peer: speaker.attachment, reason: .unknown)
            return reply(answer, now: now)
        }
        // Everybody in the room hears of an offer; only who it is for may take it.
        guard isFor(speaker, file) else { return }
        let old = taker(of: number, speaker, people)
        // A take that is said again after a break starts nothing new, nor does one that was
        // overheard and is said by another.
        guard !file.takers.values.contains(where: { $0.lastToken == secret.token }) else { return }
        guard old != nil || file.takers.count < Self.maximumTakers else { return }
        replace(old, of: number, by: speaker, take, secret)
        reopen(number, for: speaker, now: now)
        startQueued(now: now)
    }

    private mutating func replace(
        _ old: AttachmentID?, of number: OfferNumber, by speaker: Speaker, _ take: Content.Take,
        _ secret: StreamSecret
    ) {
        let former = old.flatMap { outgoing[number]?.takers.removeValue(forKey: $0) }
        if case .running(let token) = former?.state { stop(token) }
        var taker = Taker(
            peer: speaker.person, key: speaker.key, state: .queued(take, secret),
            lastToken: secret.token)
        taker.stalledSince = former?.stalledSince
        if case .queued = former?.state, let turn = former?.turn {
            taker.turn = turn
        } else {
            lastTurn += 1
            taker.turn = lastTurn
        }
        outgoing[number]?.takers[speaker.attachment] = taker
        if case .queued = former?.state { return }
        tellTaker(number, speaker.attachment, .waiting)
    }

    private func isFor(_ speaker: Speaker, _ file: Outgoing) -> Bool {
        guard let recipient = file.recipient else { return true }
        return recipient.attachment == speaker.attachment || file.recipientKey == speaker.key
    }

    /// Begins as many of the streams that wait as may be. Who has the fewest under way is first,
    /// then who took first: nobody gets all the places by taking many files, and nothing from them.
    mutating func startQueued(now: Duration) {
        while sendingCount < Self.maximumActive {
            var running: [[UInt8]: Int] = [:]
            var queued: [(OfferNumber, AttachmentID, Taker)] = []
            for (number, file) in outgoing {
                for (id, taker) in file.takers {
                    switch taker.state {
                    case .running: running[taker.key, default: 0] += 1
                    case .queued: queued.append((number, id, taker))
                    case .delivered, .waiting, .crowded, .left, .ended: break
                    }
                }
            }
            let next = queued.min {
                (running[$0.2.key] ?? 0, $0.2.turn) < (running[$1.2.key] ?? 0, $1.2.turn)
            }
            guard let (number, id, taker) = next, case .queued(let take, let secret) = taker.state,
                starts.spend(now: now)
            else { return }
            start(number, id, take, secret)
        }
    }

    private mutating func start(
        _ number: OfferNumber, _ id: AttachmentID, _ take: Content.Take, _ secret: StreamSecret
    ) {
        guard let file = outgoing[number] else { return }
        jobs[secret.token] = .sending(number, id)
        let start = min(take.firstChunk * UInt64(SealedFile.chunkSize), file.offer.size)
        outgoing[number]?.takers[id]?.bytes = start
        setTaker(number, id, .running(secret.token), told: .running)
        actions.append(
            .startSending(
                SendOrder(
                    secret: secret, offer: file.offer, firstChunk: take.firstChunk,
                    source: file.source, hashed: file.hashed)))
    }

    /// A receiver says how it ended for them.
    mutating func endTaker(
        of file: FileID, _ speaker: Speaker, _ people: People, state: TransferUpdate.State,
        now: Duration
    ) {
        guard let number = find(file), let file = outgoing[number], !file.isWithdrawn,
            isFor(speaker, file)
        else { return }
        guard let id = taker(of: number, speaker, people), let taker = file.takers[id] else {
            guard state == .declined, file.takers.count < Self.maximumTakers else { return }
            // Noted, so that it is told once.
            outgoing[number]?.takers[speaker.attachment] = Taker(
                peer: speaker.person, key: speaker.key, state: .ended)
            tell(outgoing: file, speaker.person, state)
            return answered(number, by: speaker.key)
        }
        if case .ended = taker.state { return }
        if case .running(let token) = taker.state { stop(token) }
        setTaker(number, id, .ended, told: state)
        answered(number, by: speaker.key)
        startQueued(now: now)
    }

    mutating func heardReceived(
        _ file: FileID, from speaker: Speaker, people: People, now: Duration
    ) {
        // Who says so before all of it was sent is mistaken, whatever they mean.
        guard let number = find(file), let file = outgoing[number],
            let id = taker(of: number, speaker, people), let taker = file.takers[id], taker.hasAll
        else { return }
        if case .ended = taker.state { return }
        if case .running(let token) = taker.state { stop(token) }
        outgoing[number]?.takers[id]?.bytes = file.offer.size
        setTaker(
            number, id, .ended, told: .completed(fileName: file.fileName),
            sha256: file.digest?.hexadecimal)
        startQueued(now: now)
    }

    mutating func leftOutgoing(_ attachment: AttachmentID, now: Duration) {
        for (number, file) in outgoing {
            guard let taker = file.takers[attachment], taker.isUnfinished else { continue }
            if case .running(let token) = taker.state { stop(token) }
            setTaker(number, attachment, .left, told: .failed(Sentences.receiverLeft))
        }
        startQueued(now: now)
    }

    /// Somebody who has yet to confirm a file cannot do so now; they are waited for.
    mutating func vanishedOutgoing(_ attachment: AttachmentID, now: Duration) {
        for (number, file) in outgoing {
            switch file.takers[attachment]?.state {
            case .delivered, .queued:
                setTaker(number, attachment, .waiting(since: now), told: .waiting)
            case .running, .waiting, .crowded, .left, .ended, nil: break
            }
        }
    }

    /// Somebody who had not got all of a file is back under another attachment: it is offered to
    /// them again, and they go on with the part that they have.
    mutating func resumeOutgoing(to speaker: Speaker, people: People) {
        for (number, file) in outgoing where !file.isWithdrawn {
            guard let id = taker(of: number, speaker, people), id != speaker.attachment,
                var taker = file.takers[id]
            else { continue }
            if case .ended = taker.state { continue }
            taker.peer = speaker.person
            outgoing[number]?.takers[id] = nil
            outgoing[number]?.takers[speaker.attachment] = taker
            if case .running(let token) = taker.state {
                jobs[token] = .sending(number, speaker.attachment)
            }
            var offer = file.offer
            offer.recipient = speaker.attachment
            actions.append(.say(.offer(offer)))
        }
    }

    // MARK: Streams

    mutating func sendingProgressed(_ token: TransferToken, bytes: UInt64, now: Duration) {
        guard case .sending(let number, let id) = jobs[token] else { return }
        outgoing[number]?.takers[id]?.bytes = bytes
        outgoing[number]?.takers[id]?.stalledSince = nil
        outgoing[number]?.takers[id]?.meter.note(bytes, at: now)
        tellTaker(number, id, .running)
    }

    mutating func sendingEnded(
        _ token: TransferToken, _ outcome: SendOutcome, me: Person, now: Duration
    ) {
        guard case .sending(let number, let id) = jobs.removeValue(forKey: token),
            let file = outgoing[number]
        else { return }
        switch outcome {
        case .delivered(let sha256):
            outgoing[number]?.digest = sha256
            outgoing[number]?.takers[id]?.bytes = file.offer.size
            outgoing[number]?.takers[id]?.state = .delivered(since: now)
            outgoing[number]?.takers[id]?.hasAll = true
            let digest = Content.FileDigest(file: file.offer.file, token: token, sha256: sha256)
            actions.append(.say(.digest(digest)))
        case .broken:
            reply(.broken(file: file.offer.file, token: token), now: now)
            waitAgain(number, id, now: now)
        case .changed: withdraw(number, .changed, told: .failed(Sentences.changedHere), me: me)
        case .unreadable(let sentence): withdraw(number, .changed, told: .failed(sentence), me: me)
        }
        startQueued(now: now)
    }

    /// A stream broke; its receiver is expected to take the file again.
    mutating func waitAgain(_ number: OfferNumber, _ id: AttachmentID, now: Duration) {
        let since = outgoing[number]?.takers[id]?.stalledSince ?? now
        outgoing[number]?.takers[id]?.stalledSince = since
        setTaker(number, id, .waiting(since: since), told: .waiting)
    }

    // MARK: Telling

    mutating func setTaker(
        _ number: OfferNumber, _ id: AttachmentID, _ state: Taker.State, told: TransferUpdate.State,
        sha256: String? = nil
    ) {
        outgoing[number]?.takers[id]?.state = state
        tellTaker(number, id, told, sha256: sha256)
        settleIfDone(number)
    }

    mutating func tellTaker(
        _ number: OfferNumber, _ id: AttachmentID, _ state: TransferUpdate.State,
        sha256: String? = nil
    ) {
        guard let file = outgoing[number], let taker = file.takers[id] else { return }
        tell(
            outgoing: file, taker.peer, state, bytes: taker.bytes,
            rate: state == .running ? taker.meter.rate : nil, sha256: sha256)
    }

    mutating func tell(
        outgoing file: Outgoing, _ peer: Person, _ state: TransferUpdate.State, bytes: UInt64 = 0,
        rate: Double? = nil, sha256: String? = nil
    ) {
        actions.append(
            .event(
                .transfer(
                    TransferUpdate(
                        number: file.number, direction: .sending, state: state, peer: peer,
                        fileName: file.fileName, bytes: bytes, size: file.offer.size, rate: rate,
                        sha256: sha256,
                        isSourceLost: outgoing[file.number]?.isSourceLost ?? false))))
    }
}
