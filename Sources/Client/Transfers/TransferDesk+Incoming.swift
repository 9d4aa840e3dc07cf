import Crypto
import Folder
import SealedFile
import Wire

/// One stream to be received.
struct ReceiveOrder: Sendable {
    var token: TransferToken
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
    private func find(
        _ file: FileID, from sender: AttachmentID, people: People
    ) -> OfferNumber? {
        let key = people.key(of: sender)
        return incoming.first { _, known in
            guard known.offer.file == file else { return false }
            return known.sender == sender || key != nil && key == known.key
        }?.key
    }

    /// The offer of somebody who is gone, and whom this nameless sender may turn out to be.
    private func findClaimed(
        _ file: FileID, by sender: AttachmentID, people: People
    ) -> OfferNumber? {
        guard people.key(of: sender) == nil else { return nil }
        return incoming.first { _, known in
            known.offer.file == file && known.key != nil && !people.isPresent(known.sender)
        }?.key
    }

    /// The name of a part: the same person's file only, so that nobody's offer of a file of the same
    /// id can touch what came from another, or begin without being accepted.
    static func partID(_ file: FileID, key: [UInt8]?) -> [UInt8] {
        Array(SHA256.hash(data: Array("chatbox/1 part".utf8) + file.bytes + (key ?? [])).prefix(16))
    }

    // MARK: What the room says

    mutating func heardOffer(
        _ offer: Content.FileOffer, from sender: AttachmentID, people: People, now: Duration
    ) {
        if let recipient = offer.recipient, recipient != people.me.attachment { return }
        let key = people.key(of: sender)
        if let number = find(offer.file, from: sender, people: people) {
            return offeredAgain(number, by: sender, people: people, now: now)
        }
        if let number = findClaimed(offer.file, by: sender, people: people) {
            incoming[number]?.claimant = sender
            return
        }
        let open = incoming.values.count { file in
            guard case .offered = file.state else { return false }
            return file.sender == sender
        }
        guard open < Self.maximumOpenPerSender, makeRoomForOffer(people) else { return }
        let file = Incoming(
            number: nextNumber(), offer: offer, safeName: SafeFileName(untrusted: offer.name),
            sender: sender, peer: people.person(sender), key: key)
        incoming[file.number] = file
        // Without a name nobody knows whose it is, nor whether it goes on by itself.
        guard key == nil else { return show(file.number) }
        incoming[file.number]?.toldAt = now + Self.nameWait
    }

    /// Begins what was begun in an earlier run of this client, or asks the person.
    private mutating func show(_ number: OfferNumber) {
        incoming[number]?.toldAt = nil
        guard !startIfBegun(number), let file = incoming[number] else { return }
        actions.append(
            .event(
                .offer(
                    IncomingOffer(
                        number: file.number, sender: file.peer, fileName: file.fileName,
                        size: file.offer.size, isPrivate: file.offer.recipient != nil))))
    }

    /// False when there are as many offers as are kept, all of people who are here or under way;
    /// otherwise who is gone gives way, so that nobody can use up all the places and leave.
    private mutating func makeRoomForOffer(_ people: People) -> Bool {
        guard incoming.count >= Self.maximumIncoming else { return true }
        let gone = incoming.values.filter { file in
            switch file.state {
            case .offered, .stopped: !people.isPresent(file.sender)
            case .running, .waiting, .ended, .completed: false
            }
        }
        guard let oldest = gone.min(by: { $0.number < $1.number }) else { return false }
        if case .offered = oldest.state { setIncoming(oldest.number, .ended, told: .cancelled) }
        incoming[oldest.number] = nil
        return true
    }

    /// The part of an earlier run of this client, from the same person: it goes on by itself.
    private mutating func startIfBegun(_ number: OfferNumber) -> Bool {
        guard let folder, let file = incoming[number], file.key != nil,
            folder.hasPart(id: file.partID, name: file.safeName),
            receivingCount < Self.maximumActive
        else { return false }
        start(number)
        return true
    }

    /// Somebody is known by name now: whose offers are theirs.
    mutating func metSender(_ attachment: AttachmentID, key: [UInt8], people: People, now: Duration)
    {
        for (number, file) in incoming {
            if file.sender == attachment, file.key == nil {
                incoming[number]?.key = key
                incoming[number]?.peer = people.person(attachment)
                guard case .offered = file.state else { continue }
                incoming[number]?.partID = Self.partID(file.offer.file, key: key)
                if file.toldAt != nil { show(number) } else { _ = startIfBegun(number) }
            } else if file.sender != attachment, file.key == key {
                incoming[number]?.sender = attachment
                incoming[number]?.peer = people.person(attachment)
                if case .waiting(_, let since) = file.state {
                    let retryAt = now + retryPause(0)
                    incoming[number]?.state = .waiting(retryAt: retryAt, since: since)
                }
                guard file.claimant == attachment else { continue }
                incoming[number]?.claimant = nil
                offeredAgain(number, by: attachment, people: people, now: now)
            }
        }
    }

    /// The sender came back, or did not hear that it was said already.
    private mutating func offeredAgain(
        _ number: OfferNumber, by sender: AttachmentID, people: People, now: Duration
    ) {
        incoming[number]?.sender = sender
        incoming[number]?.peer = people.person(sender)
        guard let file = incoming[number] else { return }
        switch file.state {
        case .completed:
            actions.append(.say(.received(file: file.offer.file, sender: sender)))
        case .waiting(_, let since):
            incoming[number]?.state = .waiting(retryAt: now, since: since)
            tickIncoming(people: people, now: now)
        case .offered, .running, .stopped, .ended: break
        }
    }

    mutating func heardDigest(_ digest: Content.FileDigest, from sender: AttachmentID) {
        guard case .receiving(let number) = jobs[digest.token], let file = incoming[number],
            file.sender == sender, file.offer.file == digest.file
        else { return }
        actions.append(.digest(digest.token, digest.sha256))
    }

    /// The sender ends it.
    mutating func endIncoming(
        _ id: FileID, from sender: AttachmentID, reason: Content.EndReason, people: People
    ) {
        guard let number = find(id, from: sender, people: people),
            let file = incoming[number]
        else { return }
        var state = Incoming.State.ended
        let told: TransferUpdate.State
        switch reason {
        case .cancelled, .damaged: told = .cancelled
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
        case .running, .waiting, .ended, .completed: throw .alreadyDecided(number)
        }
        guard let folder else { throw .noFolder }
        guard receivingCount < Self.maximumActive else {
            throw .tooManyTransfers(limit: Self.maximumActive)
        }
        do throws(FolderError) {
            // What came of it already is not much: a whole file's room is asked for unless it did.
            let isBegun = folder.hasPart(id: file.partID, name: file.safeName)
            let missing = file.offer.size - min(file.offer.size, isBegun ? file.bytes : 0)
            guard try folder.freeSpace() >= missing else { throw .noSpace }
        } catch { throw .file(error.sentence) }
        incoming[number]?.attempts = 0
        start(number)
    }

    mutating func decline(_ number: OfferNumber) throws(ClientRefusal) {
        guard let file = incoming[number] else { throw .noSuchOffer(number) }
        guard case .offered = file.state else { throw .alreadyDecided(number) }
        actions.append(.say(.decline(file: file.offer.file, sender: file.sender)))
        setIncoming(number, .ended, told: .declined)
    }

    mutating func cancelIncoming(_ number: OfferNumber) throws(ClientRefusal) {
        guard let file = incoming[number] else { throw .noSuchOffer(number) }
        switch file.state {
        case .running(let token): stop(token, discard: true)
        case .waiting, .stopped: discardPart(of: file)
        case .offered: return try decline(number)
        case .ended, .completed: throw .alreadyDecided(number)
        }
        actions.append(
            .say(.cancel(file: file.offer.file, peer: file.sender, reason: .cancelled)))
        setIncoming(number, .ended, told: .cancelled)
    }

    // MARK: Streams

    private mutating func start(_ number: OfferNumber) {
        guard let folder, let file = incoming[number] else { return }
        let token = TransferToken.random(using: &random)
        jobs[token] = .receiving(number)
        incoming[number]?.meter.reset()
        setIncoming(number, .running(token), told: .running)
        actions.append(
            .startReceiving(
                ReceiveOrder(
                    token: token, offer: file.offer, partID: file.partID,
                    safeName: file.safeName, folder: folder)))
    }

    mutating func tickIncoming(people: People, now: Duration) {
        for (number, file) in incoming {
            if let toldAt = file.toldAt, now >= toldAt { show(number) }
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

    /// A job has looked at the part and is about to wait at the server.
    mutating func receivingBegan(_ token: TransferToken, firstChunk: UInt64, bytes: UInt64) {
        guard case .receiving(let number) = jobs[token], let file = incoming[number] else { return }
        incoming[number]?.bytes = bytes
        let take = Content.Take(
            file: file.offer.file, sender: file.sender, token: token, firstChunk: firstChunk)
        actions.append(.say(.take(take)))
    }

    mutating func receivingProgressed(_ token: TransferToken, bytes: UInt64, now: Duration) {
        guard case .receiving(let number) = jobs[token] else { return }
        incoming[number]?.attempts = 0
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
            let pause = retryPause(file.attempts)
            incoming[number]?.attempts += 1
            setIncoming(number, .waiting(retryAt: now + pause, since: now), told: .waiting)
        case .failed(let sentence): setIncoming(number, .stopped, told: .failed(sentence))
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
        incoming[number]?.toldAt = nil
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
}
