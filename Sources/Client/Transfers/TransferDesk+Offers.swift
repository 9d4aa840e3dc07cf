import Crypto
import Folder
import Wire

/// What this person offers, from the wish until everybody has answered.
extension TransferDesk {
    // MARK: What this person wants

    /// - Parameters:
    ///   - path: as the person gave it.
    ///   - recipient: whom it is for, if for one.
    mutating func offer(
        _ source: SourceFile, path: String, to recipient: Person?, people: People, now: Duration
    ) throws(ClientRefusal) -> OfferNumber {
        guard makeRoomForOwn() else { throw .tooManyOffers(limit: Self.maximumOffers) }
        let agreement = Curve25519.KeyAgreement.PrivateKey()
        let offer = Content.FileOffer(
            file: .random(using: &random),
            name: Array(source.name.utf8.prefix(Content.FileOffer.maximumName)),
            size: source.size, key: SymmetricKey(size: .bits256),
            agreement: Array(agreement.publicKey.rawRepresentation),
            recipient: recipient?.attachment)
        let file = Outgoing(
            number: nextNumber(), offer: offer, agreement: agreement, source: source, path: path,
            recipient: recipient, recipientKey: recipient.flatMap { people.key(of: $0.attachment) })
        outgoing[file.number] = file
        looksAt = looksAt ?? now + Self.lookInterval
        sayOffers(people: people, now: now)
        if outgoing[file.number]?.phase == .queued {
            tell(outgoing: file, recipient ?? people.me, .queued)
        }
        return file.number
    }

    /// False when there are as many offers as may be, and each may still be taken.
    private mutating func makeRoomForOwn() -> Bool {
        let held = outgoing.values.filter { !$0.isWithdrawn }
        guard held.count >= Self.maximumOffers else { return true }
        let settled = held.filter { $0.phase == .settled }
        guard let oldest = settled.min(by: { $0.number < $1.number }) else { return false }
        outgoing[oldest.number] = nil
        return true
    }

    mutating func cancelOutgoing(
        _ number: OfferNumber, people: People, now: Duration
    ) throws(ClientRefusal) {
        guard let file = outgoing[number] else { throw .noSuchOffer(number) }
        guard !file.isWithdrawn else { throw .withdrawn(number) }
        withdraw(number, .cancelled, told: .cancelled, me: people.me)
        sayOffers(people: people, now: now)
    }

    /// Ends an offer and all that came of it.
    mutating func withdraw(
        _ number: OfferNumber, _ reason: Content.EndReason, told: TransferUpdate.State, me: Person
    ) {
        guard let file = outgoing[number], !file.isWithdrawn else { return }
        if file.phase != .queued {
            actions.append(.say(.withdraw(file: file.offer.file, reason: reason)))
        }
        outgoing[number]?.phase = .withdrawn
        outgoing[number]?.isSourceLost = reason == .changed
        let unfinished = file.takers.filter { !$0.value.isOver }
        for (id, taker) in unfinished {
            if case .running(let token) = taker.state { stop(token) }
            setTaker(number, id, .ended, told: told)
        }
        if unfinished.isEmpty { tell(outgoing: file, file.recipient ?? me, told) }
        actions.append(.event(.settled(number)))
        bury(number)
    }

    // MARK: The queue

    /// Says as many of the offers that wait as may be open, in their order; none while nobody is
    /// there: who comes later does not hear what was said before.
    mutating func sayOffers(people: People, now: Duration) {
        guard outgoing.values.contains(where: { $0.phase == .queued }) else { return }
        let here = people.keys
        guard !here.isEmpty else { return }
        var free = Self.maximumOpen - outgoing.values.count { $0.isOpen(here) }
        let queued = outgoing.values.filter { $0.phase == .queued }
        for file in queued.sorted(by: { $0.number < $1.number }) where free > 0 {
            if let key = file.recipientKey, !here.contains(key) { continue }
            var offer = file.offer
            if let recipient = file.recipient, !people.isPresent(recipient.attachment) {
                // They are back under another attachment.
                let other = people.audience.first { people.key(of: $0) == file.recipientKey }
                offer.recipient = other ?? recipient.attachment
                outgoing[file.number]?.recipient = other.map(people.person) ?? recipient
            }
            outgoing[file.number]?.phase = .open
            outgoing[file.number]?.pending = file.recipientKey.map { [$0] } ?? here
            outgoing[file.number]?.audience = Set(people.audience)
            actions.append(.say(.offer(offer)))
            let own = OwnOffer(
                number: file.number, path: file.path, recipient: file.recipient)
            actions.append(.event(.offered(own)))
            free -= 1
        }
    }

    /// Somebody has as many offers of ours as they keep.
    mutating func heardCrowded(
        _ id: FileID, _ speaker: Speaker, _ people: People, now: Duration
    ) {
        guard let number = find(id), let file = outgoing[number], file.phase == .open,
            file.pending.contains(speaker.key), taker(of: number, speaker, people) == nil,
            file.takers.count < Self.maximumTakers
        else { return }
        outgoing[number]?.takers[speaker.attachment] = Taker(
            peer: speaker.person, key: speaker.key, state: .crowded(since: now))
        tellTaker(number, speaker.attachment, .queued)
    }

    /// Offers the first of what somebody had no place for to them again.
    mutating func offerAgain(to speaker: Speaker) {
        let crowded = outgoing.values.filter {
            if case .crowded = $0.takers[speaker.attachment]?.state { true } else { false }
        }
        guard let first = crowded.min(by: { $0.number < $1.number }) else { return }
        outgoing[first.number]?.takers[speaker.attachment] = nil
        var offer = first.offer
        offer.recipient = speaker.attachment
        actions.append(.say(.offer(offer)))
    }

    /// Somebody who has not answered is back, and may have started anew and know nothing of it.
    mutating func offerToReturned(_ speaker: Speaker, people: People) {
        guard people.audience.count <= Self.smallRoom else { return }
        for (number, file) in outgoing
        where file.phase == .open && file.pending.contains(speaker.key)
            && !file.audience.contains(speaker.attachment)
        {
            outgoing[number]?.audience.insert(speaker.attachment)
            var offer = file.offer
            offer.recipient = speaker.attachment
            actions.append(.say(.offer(offer)))
        }
    }

    // MARK: Its end

    /// Somebody takes a file, be it that all others have answered.
    mutating func reopen(_ number: OfferNumber, for speaker: Speaker, now: Duration) {
        outgoing[number]?.phase = .open
        outgoing[number]?.pending.remove(speaker.key)
        looksAt = looksAt ?? now + Self.lookInterval
    }

    /// Somebody's answer is final.
    mutating func answered(_ number: OfferNumber, by key: [UInt8]) {
        outgoing[number]?.pending.remove(key)
        settleIfDone(number)
    }

    mutating func settleIfDone(_ number: OfferNumber) {
        guard let file = outgoing[number], file.phase == .open, file.pending.isEmpty,
            !file.isUnderWay
        else { return }
        outgoing[number]?.phase = .settled
        actions.append(.event(.settled(number)))
    }

    /// Somebody is gone: nothing more is expected of them.
    mutating func leftOffers(_ attachment: AttachmentID, people: People, now: Duration) {
        // Who says goodbye is still there for a moment, and hears nothing more.
        defer { if !people.isPresent(attachment) { sayOffers(people: people, now: now) } }
        guard let key = people.key(of: attachment) else { return }
        let isElsewhere = people.audience.contains {
            $0 != attachment && people.key(of: $0) == key
        }
        guard !isElsewhere else { return }
        for (number, file) in outgoing {
            if case .crowded = file.takers[attachment]?.state {
                setTaker(number, attachment, .left, told: .failed(Sentences.nobodyLeft))
            }
            if file.phase == .queued, file.recipientKey == key {
                withdraw(number, .cancelled, told: .failed(Sentences.nobodyLeft), me: people.me)
            } else if file.pending.contains(key) {
                giveUp(on: [key], of: number, me: people.me)
            }
        }
    }

    /// Nothing more is expected of people who have not answered.
    private mutating func giveUp(on keys: Set<[UInt8]>, of number: OfferNumber, me: Person) {
        guard let file = outgoing[number], file.phase == .open else { return }
        outgoing[number]?.pending.subtract(keys)
        if outgoing[number]?.pending.isEmpty == true, file.takers.isEmpty {
            tell(outgoing: file, file.recipient ?? me, .failed(Sentences.nobodyLeft))
        }
        settleIfDone(number)
    }

    /// Looks at what is offered and not settled, now and then: a file that changed is taken back before
    /// anybody waits for it, and what nobody is there to take is not waited for without end.
    mutating func lookAtOffers(people: People, now: Duration) {
        guard let looksAt, now >= looksAt else { return }
        let here = people.keys
        for (number, file) in outgoing where file.phase == .queued || file.phase == .open {
            guard file.source.isUnchanged else {
                withdraw(number, .changed, told: .failed(Sentences.changedHere), me: people.me)
                continue
            }
            guard file.phase == .open, file.pending.isDisjoint(with: here) else {
                outgoing[number]?.lonelySince = nil
                continue
            }
            let since = file.lonelySince ?? now
            outgoing[number]?.lonelySince = since
            if now >= since + Self.patience { giveUp(on: file.pending, of: number, me: people.me) }
        }
        offerCrowded(people: people, now: now)
        sayOffers(people: people, now: now)
        let isWatched = outgoing.values.contains { $0.phase == .queued || $0.phase == .open }
        self.looksAt = isWatched ? now + Self.lookInterval : nil
    }

    /// Who had no place for an offer may have one by now without having told us.
    private mutating func offerCrowded(people: People, now: Duration) {
        var waiting: Set<AttachmentID> = []
        for file in outgoing.values {
            for (id, taker) in file.takers {
                guard case .crowded(let since) = taker.state, now >= since + Self.longestRetry
                else { continue }
                waiting.insert(id)
            }
        }
        for id in waiting where people.isHere(id) {
            guard let key = people.key(of: id) else { continue }
            offerAgain(to: Speaker(attachment: id, key: key, person: people.person(id)))
        }
    }

    // MARK: Streams that broke

    /// The other end of a stream knows that it has ended; the connection here may look alive.
    mutating func heardBroken(
        _ token: TransferToken, of file: FileID, from speaker: Speaker, now: Duration
    ) {
        switch jobs[token] {
        case .receiving(let number):
            guard let offer = incoming[number], offer.key == speaker.key, offer.offer.file == file
            else { return }
            stop(token)
            waitAgain(number, now: now)
        case .sending(let number, let id):
            guard outgoing[number]?.takers[id]?.key == speaker.key,
                outgoing[number]?.offer.file == file
            else { return }
            stop(token)
            waitAgain(number, id, now: now)
            startQueued(now: now)
        case nil: return
        }
    }
}

extension TransferDesk.Outgoing {
    /// True while it takes one of the places for open offers.
    ///
    /// - Parameter here: identity keys of those who are there.
    fileprivate func isOpen(_ here: Set<[UInt8]>) -> Bool {
        guard phase == .open else { return false }
        if isUnderWay { return true }
        return !takers.values.contains(where: \.isOver) && !pending.isDisjoint(with: here)
    }
}
