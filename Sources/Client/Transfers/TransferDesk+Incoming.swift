import Crypto
import Folder
import SealedFile
import Wire

/// One stream to be received.
struct ReceiveOrder: Sendable {
    var secret: StreamSecret
    var offer: Content.FileOffer
    var partID: [UInt8]
    var safeName: SafeFileName
    var folder: DestinationFolder
}

/// How a stream that was received ended.
enum ReceiveOutcome: Sendable {
    case completed(fileName: String, sha256: [UInt8])
    /// The connection broke; what came is kept.
    case broken
    /// What came is kept; the sentence says what is wrong.
    case failed(String)
    /// What came is not what was promised; it is deleted.
    case damaged(String)
}

/// Files that others offer.
extension TransferDesk {
    /// The offer of a file by somebody, who may have another attachment by now. Everybody in the room
    /// knows the ids of its files: only a key shows that it is the same person.
    private func find(_ file: FileID, from speaker: Speaker) -> OfferNumber? {
        incoming.first { $0.value.offer.file == file && $0.value.key == speaker.key }?.key
    }

    /// The name of a part: the same person's file of the same size only, so that nobody's offer of a
    /// file of the same id can touch what came from another, or begin without being accepted.
    static func partID(of offer: Content.FileOffer, key: [UInt8]) -> [UInt8] {
        let size = (0..<8).map { UInt8(truncatingIfNeeded: offer.size >> UInt64(56 - 8 * $0)) }
        let name = Array("chatbox/1 part".utf8) + offer.file.bytes + size + key
        return Array(SHA256.hash(data: name).prefix(16))
    }

    // MARK: What the room says

    mutating func heardOffer(
        _ offer: Content.FileOffer, from speaker: Speaker, people: People, now: Duration
    ) {
        if let recipient = offer.recipient, recipient != people.me.attachment { return }
        if let number = find(offer.file, from: speaker) {
            return offeredAgain(number, by: speaker, now: now)
        }
        guard makeRoomForOffer(of: speaker.key, people, now: now) else {
            return refuse(offer.file, of: speaker.attachment, now: now)
        }
        let file = Incoming(
            number: nextNumber(), offer: offer, sender: speaker.attachment, peer: speaker.person,
            key: speaker.key)
        incoming[file.number] = file
        // What was begun in an earlier run of this client goes on by itself.
        guard !startIfBegun(file.number) else { return }
        actions.append(
            .event(
                .offer(
                    IncomingOffer(
                        number: file.number, sender: file.peer, fileName: file.fileName,
                        size: file.offer.size, isPrivate: file.offer.recipient != nil))))
    }

    /// False when there are as many offers as are kept, and nobody's are more easily done without.
    private mutating func makeRoomForOffer(
        of key: [UInt8], _ people: People, now: Duration
    ) -> Bool {
        let open = incoming.values.filter(\.isOpen)
        let own = open.filter { $0.key == key }
        if own.count >= Self.maximumOpenPerSender {
            // What failed before gives way; what nobody has looked at yet does not.
            let failed = own.filter { if case .stopped = $0.state { true } else { false } }
            return forgetOldest(of: failed, now: now)
        }
        guard incoming.count >= Self.maximumIncoming else { return true }
        // Who is gone gives way first, so that nobody can use up all the places and leave.
        let ofTheGone = open.filter { !people.isPresent($0.sender) }
        if forgetOldest(of: ofTheGone, now: now) { return true }
        let shares = Dictionary(grouping: open, by: \.key)
        guard let greatest = shares.values.max(by: { $0.count < $1.count }),
            greatest.count > own.count + 1
        else { return false }
        return forgetOldest(of: greatest, now: now)
    }

    private mutating func forgetOldest(of offers: [Incoming], now: Duration) -> Bool {
        guard let oldest = offers.min(by: { $0.number < $1.number }) else { return false }
        if case .offered = oldest.state {
            refuse(oldest.offer.file, of: oldest.sender, now: now)
            setIncoming(oldest.number, .ended, told: .cancelled)
        }
        incoming[oldest.number] = nil
        return true
    }

    /// The part of an earlier run of this client, from the same person: it goes on by itself.
    private mutating func startIfBegun(_ number: OfferNumber) -> Bool {
        guard let folder, let file = incoming[number],
            folder.hasPart(id: file.partID, name: file.safeName),
            receivingCount < Self.maximumActive
        else { return false }
        start(number)
        return true
    }

    /// Somebody came: offers of theirs are there again. Those that they made where they still are,
    /// on another terminal, stay there.
    mutating func metSender(_ speaker: Speaker, people: People, now: Duration) {
        for (number, file) in incoming where file.key == speaker.key {
            if file.sender != speaker.attachment {
                guard !people.isHere(file.sender) else { continue }
                incoming[number]?.sender = speaker.attachment
            }
            incoming[number]?.peer = speaker.person
            retrySoon(number, now: now)
        }
    }

    /// What waits for the sender's return is asked for again. Not at once: who says every moment
    /// that they are there does not make this client try every moment.
    private mutating func retrySoon(_ number: OfferNumber, now: Duration) {
        guard case .waiting(let retryAt, let since) = incoming[number]?.state else { return }
        let soon = now + retryPause(0)
        incoming[number]?.state = .waiting(
            retryAt: retryAt.map { min($0, soon) } ?? soon, since: since)
    }

    /// The sender came back, or did not hear that it was said already.
    private mutating func offeredAgain(
        _ number: OfferNumber, by speaker: Speaker, now: Duration
    ) {
        incoming[number]?.sender = speaker.attachment
        incoming[number]?.peer = speaker.person
        guard let file = incoming[number] else { return }
        switch file.state {
        case .completed:
            reply(.received(file: file.offer.file, sender: speaker.attachment), now: now)
        case .waiting: retrySoon(number, now: now)
        case .offered, .running, .stopped, .ended: break
        }
    }

    mutating func heardDigest(_ digest: Content.FileDigest, from speaker: Speaker) {
        guard case .receiving(let number) = jobs[digest.token], let file = incoming[number],
            file.key == speaker.key, file.offer.file == digest.file
        else { return }
        actions.append(.digest(digest.token, digest.sha256))
    }

    /// The sender ends it.
    mutating func endIncoming(_ id: FileID, from speaker: Speaker, reason: Content.EndReason) {
        guard let number = find(id, from: speaker), let file = incoming[number] else { return }
        var state = Incoming.State.ended
        let told: TransferUpdate.State
        switch reason {
        case .cancelled, .damaged, .crowded, .stopped: told = .cancelled
        case .changed: told = .failed(Sentences.changedThere)
        case .unknown:
            state = .stopped
            told = .failed(Sentences.unknownThere)
        }
        switch file.state {
        case .running(let token): stop(token, discard: reason != .unknown)
        case .offered, .waiting, .stopped: if reason != .unknown { discardPart(of: file) }
        case .ended, .completed: return
        }
        incoming[number]?.isWithdrawn = reason != .unknown
        setIncoming(number, state, told: told)
    }

    /// Deletes the part that no job has open.
    private func discardPart(of file: Incoming) {
        // A part that cannot be opened cannot be deleted either; it does no harm.
        guard let folder, folder.hasPart(id: file.partID, name: file.safeName),
            let part = try? folder.openPart(id: file.partID, name: file.safeName)
        else { return }
        part.discard()
    }

    // MARK: What this person wants

    mutating func accept(_ number: OfferNumber) throws(ClientRefusal) {
        guard let file = incoming[number] else {
            throw outgoing[number] == nil ? .noSuchOffer(number) : .alreadyDecided(number)
        }
        switch file.state {
        case .offered, .stopped: break
        case .running, .waiting, .ended, .completed: throw file.decided
        }
        guard let folder else { throw .noFolder }
        guard receivingCount < Self.maximumActive else {
            throw .tooManyTransfers(limit: Self.maximumActive)
        }
        do throws(FolderError) {
            // What came of it already is not much: a whole file's room is asked for unless it did.
            let isBegun = folder.hasPart(id: file.partID, name: file.safeName)
            let missing = file.offer.size - min(file.offer.size, isBegun ? file.bytes : 0)
            let free = try folder.freeSpace()
            guard free >= missing, free - missing >= promised else { throw .noSpace }
        } catch { throw .file(error.sentence) }
        incoming[number]?.attempts = 0
        incoming[number]?.stalledSince = nil
        start(number)
    }

    /// Bytes that the files under way will still take.
    private var promised: UInt64 {
        incoming.values.lazy.filter(\.isUnfinished).reduce(0) {
            $0 + ($1.offer.size - min($1.offer.size, $1.bytes))
        }
    }

    mutating func decline(_ number: OfferNumber) throws(ClientRefusal) {
        guard let file = incoming[number] else { throw .noSuchOffer(number) }
        guard case .offered = file.state else { throw file.decided }
        actions.append(.say(.decline(file: file.offer.file, sender: file.sender)))
        setIncoming(number, .ended, told: .declined)
    }

    mutating func cancelIncoming(_ number: OfferNumber) throws(ClientRefusal) {
        guard let file = incoming[number] else { throw .noSuchOffer(number) }
        switch file.state {
        case .running(let token): stop(token, discard: true)
        case .waiting, .stopped: discardPart(of: file)
        case .offered: return try decline(number)
        case .ended, .completed: throw file.decided
        }
        actions.append(
            .say(.cancel(file: file.offer.file, peer: file.sender, reason: .cancelled)))
        setIncoming(number, .ended, told: .cancelled)
    }

    // MARK: Streams

    private mutating func start(_ number: OfferNumber) {
        guard let folder, let file = incoming[number] else { return }
        let agreement = Curve25519.KeyAgreement.PrivateKey()
        guard let secret = try? StreamSecret(taking: file.offer, with: agreement) else {
            return setIncoming(number, .ended, told: .failed(Sentences.senseless))
        }
        jobs[secret.token] = .receiving(number)
        incoming[number]?.agreement = Array(agreement.publicKey.rawRepresentation)
        incoming[number]?.meter.reset()
        setIncoming(number, .running(secret.token), told: .running)
        actions.append(
            .startReceiving(
                ReceiveOrder(
                    secret: secret, offer: file.offer, partID: file.partID,
                    safeName: file.safeName, folder: folder)))
    }

    mutating func tickIncoming(people: People, now: Duration) {
        for (number, file) in incoming {
            guard case .waiting(let retryAt, let since) = file.state else { continue }
            if now >= since + Self.patience {
                setIncoming(number, .stopped, told: .failed(Sentences.peerSilent))
            } else if isConnected, let retryAt, now >= retryAt {
                // Who is not there need not be asked; they are waited for.
                if people.isPresent(file.sender), receivingCount < Self.maximumActive {
                    start(number)
                } else {
                    incoming[number]?.state = .waiting(
                        retryAt: now + Self.longestRetry, since: since)
                }
            }
        }
    }

    /// A take did not come into the log that its sender reads.
    mutating func retake(_ take: Content.Take, now: Duration) {
        for (number, file) in incoming where file.agreement == take.agreement {
            guard case .running(let token) = file.state else { continue }
            stop(token)
            waitAgain(number, now: now)
        }
    }

    /// A stream broke; it is asked for again after a pause.
    mutating func waitAgain(_ number: OfferNumber, now: Duration) {
        guard let file = incoming[number] else { return }
        let retryAt = now + retryPause(file.attempts)
        let since = file.stalledSince ?? now
        incoming[number]?.attempts += 1
        incoming[number]?.stalledSince = since
        setIncoming(number, .waiting(retryAt: retryAt, since: since), told: .waiting)
    }

    /// A job has looked at the part and is about to wait at the server.
    mutating func receivingBegan(_ token: TransferToken, firstChunk: UInt64, bytes: UInt64) {
        guard case .receiving(let number) = jobs[token], let file = incoming[number] else { return }
        incoming[number]?.bytes = bytes
        let take = Content.Take(
            file: file.offer.file, sender: file.sender, agreement: file.agreement,
            firstChunk: firstChunk)
        actions.append(.say(.take(take)))
    }

    mutating func receivingProgressed(_ token: TransferToken, bytes: UInt64, now: Duration) {
        guard case .receiving(let number) = jobs[token] else { return }
        incoming[number]?.attempts = 0
        incoming[number]?.stalledSince = nil
        incoming[number]?.bytes = bytes
        incoming[number]?.meter.note(bytes, at: now)
        tell(incoming: number, .running)
    }

    mutating func receivingEnded(
        _ token: TransferToken, _ outcome: ReceiveOutcome, now: Duration
    ) {
        guard case .receiving(let number) = jobs.removeValue(forKey: token),
            let file = incoming[number]
        else { return }
        switch outcome {
        case .completed(let fileName, let sha256):
            incoming[number]?.bytes = file.offer.size
            actions.append(.say(.received(file: file.offer.file, sender: file.sender)))
            setIncoming(
                number, .completed, told: .completed(fileName: fileName),
                sha256: sha256.hexadecimal)
        case .broken:
            reply(.broken(file: file.offer.file, token: token), now: now)
            waitAgain(number, now: now)
        case .failed(let sentence):
            actions.append(
                .say(.cancel(file: file.offer.file, peer: file.sender, reason: .stopped)))
            setIncoming(number, .stopped, told: .failed(sentence))
        case .damaged(let sentence):
            actions.append(
                .say(.cancel(file: file.offer.file, peer: file.sender, reason: .damaged)))
            setIncoming(number, .ended, told: .failed(sentence))
        }
    }

    // MARK: Telling

    mutating func setIncoming(
        _ number: OfferNumber, _ state: Incoming.State, told: TransferUpdate.State,
        sha256: String? = nil
    ) {
        incoming[number]?.state = state
        tell(incoming: number, told, sha256: sha256)
        switch state {
        case .ended, .completed: bury(number)
        case .offered, .running, .waiting, .stopped: break
        }
    }

    private mutating func tell(
        incoming number: OfferNumber, _ state: TransferUpdate.State, sha256: String? = nil
    ) {
        guard let file = incoming[number] else { return }
        actions.append(
            .event(
                .transfer(
                    TransferUpdate(
                        number: number, direction: .receiving, state: state, peer: file.peer,
                        fileName: file.fileName, bytes: file.bytes, size: file.offer.size,
                        rate: state == .running ? file.meter.rate : nil, sha256: sha256))))
    }
}

extension TransferDesk.Incoming {
    var fileName: String { String(decoding: offer.name, as: UTF8.self) }

    /// Why nothing is to be decided of it any more.
    var decided: ClientRefusal { isWithdrawn ? .withdrawn(number) : .alreadyDecided(number) }
}
