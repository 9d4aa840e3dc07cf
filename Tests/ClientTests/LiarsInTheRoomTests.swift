import Folder
import Testing
import Wire

@testable import Client

/// What members can say about files: all of it is heard by this client's desk, and none of it is to
/// harm anybody but themselves.
@Suite("A member who lies about files")
struct LiarsInTheRoomTests {
    let me = Person(attachment: AttachmentID(1), name: "me", keyTag: "")
    let ann = AttachmentID(2)
    let eve = AttachmentID(3)

    /// People of a room; who is not given a key of another's has one of their own.
    func people(_ ids: [UInt64], sameAs: [UInt64: UInt64] = [:]) -> People {
        var people = People(me: me)
        people.place(roster: ids.map { Presence(attachment: AttachmentID($0), state: .here) })
        let members = ids.map { id in
            let number = sameAs[id] ?? id
            let key = (0..<32).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 8))) }
            return RoomMember(
                attachment: AttachmentID(id), name: Array("p\(number)".utf8), identityKey: key)
        }
        let own = RoomMember(
            attachment: me.attachment, name: Array("me".utf8),
            identityKey: Array(repeating: 0xff, count: 32))
        people.enter(me: own, others: members, now: 0)
        return people
    }

    func desk(_ folder: TemporaryFolder? = nil) -> TransferDesk {
        var desk = TransferDesk(folder: folder?.folder, random: SeededGenerator(1))
        desk.setConnected(true, now: .zero)
        return desk
    }

    /// Offers a file of this client's.
    func offered(
        by desk: inout TransferDesk, to recipient: AttachmentID? = nil, _ people: People
    ) throws -> Content.FileOffer {
        let folder = try TemporaryFolder()
        let source = try SourceFile(path: try folder.write([1, 2, 3], as: "file"))
        _ = try desk.offer(
            source, path: "file", to: recipient.map(people.person), people: people, now: .zero)
        return try #require(said(&desk).lazy.compactMap(\.offer).first)
    }

    func said(_ desk: inout TransferDesk) -> [Content] {
        desk.takeActions().compactMap { if case .say(let content) = $0 { content } else { nil } }
    }

    func told(_ actions: [TransferDesk.Action]) -> [TransferUpdate] {
        actions.compactMap { if case .event(let event) = $0 { event.transfer } else { nil } }
    }

    func starts(_ actions: [TransferDesk.Action]) -> Int {
        actions.count {
            switch $0 {
            case .startSending, .startReceiving: true
            default: false
            }
        }
    }

    // MARK: Offers

    @Test("about the space that a file takes is not accepted")
    func space() throws {
        let folder = try TemporaryFolder()
        var desk = desk(folder)
        let offer = Offering(7, name: "huge", size: .max / 2).offer
        desk.heard(.offer(offer), from: ann, people: people([2]), now: .zero)
        #expect(throws: ClientRefusal.file(FolderError.noSpace.sentence)) {
            try desk.accept(OfferNumber(1))
        }
    }

    @Test("about the space that two files take together has one of them accepted")
    func sharedSpace() throws {
        let folder = try TemporaryFolder()
        var desk = desk(folder)
        let size = try folder.folder.freeSpace() / 5 * 3
        for number in [7, 8] as [UInt128] {
            let offer = Offering(number, name: "half\(number)", size: size).offer
            desk.heard(.offer(offer), from: ann, people: people([2]), now: .zero)
        }
        try desk.accept(OfferNumber(1))
        #expect(throws: ClientRefusal.file(FolderError.noSpace.sentence)) {
            try desk.accept(OfferNumber(2))
        }
    }

    @Test("with offers beyond counting fills no memory")
    func offersWithoutEnd() {
        var desk = desk()
        let people = people([2, 3], sameAs: [3: 2])
        for number in 0..<1000 {
            // At two places at once they are one person still.
            let sender = AttachmentID(UInt64(2 + number % 2))
            desk.heard(
                .offer(Offering(UInt128(number)).offer), from: sender, people: people, now: .zero)
        }
        #expect(desk.incoming.count == TransferDesk.maximumOpenPerSender)
    }

    @Test("with a crowd cannot use up all offers while they stay")
    func crowd() throws {
        var desk = desk()
        let perSender = TransferDesk.maximumOpenPerSender
        let crowd = (0..<UInt64(TransferDesk.maximumIncoming / perSender)).map { 100 + $0 }
        let people = people(crowd + [2])
        for number in 0..<TransferDesk.maximumIncoming {
            let sender = AttachmentID(100 + UInt64(number / perSender))
            desk.heard(
                .offer(Offering(UInt128(number)).offer), from: sender, people: people, now: .zero)
        }
        #expect(desk.incoming.count == TransferDesk.maximumIncoming)
        _ = desk.takeActions()
        desk.heard(.offer(Offering(.max).offer), from: ann, people: people, now: .zero)
        let shown = desk.takeActions().compactMap { action -> AttachmentID? in
            if case .event(.offer(let offer)) = action { offer.sender.attachment } else { nil }
        }
        #expect(shown == [ann])
        #expect(desk.incoming.count == TransferDesk.maximumIncoming)
    }

    @Test("whose files all fail is still heard, and takes no more places than before")
    func failures() throws {
        let folder = try TemporaryFolder()
        var desk = desk(folder)
        let people = people([2])
        for number in 0..<UInt128(3 * TransferDesk.maximumOpenPerSender) {
            desk.heard(.offer(Offering(number).offer), from: ann, people: people, now: .zero)
            try desk.accept(OfferNumber(Int(number) + 1))
            let token = try #require(desk.jobs.keys.first)
            desk.receivingEnded(token, .failed("no"), now: .zero)
        }
        #expect(desk.incoming.count == TransferDesk.maximumOpenPerSender)
    }

    @Test("who says another size, name or key of a file that was begun is not believed")
    func otherOffer() throws {
        let folder = try TemporaryFolder()
        let people = people([2])
        let honest = Offering(7, size: 100_000)
        let key = try #require(people.key(of: ann))
        let begun = try folder.folder.openPart(
            id: TransferDesk.partID(of: honest.offer, key: key),
            name: SafeFileName(untrusted: honest.offer.name))
        try begun.append([1, 2, 3])
        begun.keep()
        // After a restart of this client: a part of it is there, but that was another file.
        var desk = desk(folder)
        desk.heard(
            .offer(Offering(7, size: 1 << 50).offer), from: ann, people: people, now: .zero)
        #expect(desk.jobs.isEmpty && starts(desk.takeActions()) == 0)
        // A second word about an offer changes nothing in it.
        desk.heard(.offer(honest.offer), from: ann, people: people, now: .zero)
        let first = try #require(desk.incoming[OfferNumber(1)])
        #expect(desk.incoming.count == 1 && first.offer.size == 1 << 50)
        // The same offer as before goes on by itself.
        var another = self.desk(folder)
        another.heard(.offer(honest.offer), from: ann, people: people, now: .zero)
        #expect(another.jobs.count == 1)
    }

    @Test("with an offer that nobody can agree on ends it, with a sentence", arguments: [0, 1, 9])
    func senselessOffer(byte: UInt8) throws {
        let folder = try TemporaryFolder()
        var desk = desk(folder)
        // Points of small order: the agreement would come out as nothing.
        var offer = Offering(7).offer
        offer.agreement = [byte == 9 ? 0xec : byte] + Array(repeating: 0, count: 31)
        if byte == 9 { offer.agreement.replaceSubrange(1..., with: smallOrder) }
        desk.heard(.offer(offer), from: ann, people: people([2]), now: .zero)
        try desk.accept(OfferNumber(1))
        let actions = desk.takeActions()
        #expect(told(actions).last?.state == .failed(Sentences.senseless))
        #expect(starts(actions) == 0 && desk.unfinishedCount == 0)
    }

    /// Of p - 1, whose first byte is ec.
    private let smallOrder: [UInt8] = Array(repeating: 0xff, count: 30) + [0x7f]

    @Test("by saying every moment that they are back does not make this client try every moment")
    func backAllTheTime() throws {
        let folder = try TemporaryFolder()
        var desk = desk(folder)
        let people = people([2])
        let offer = Offering(7, size: 10).offer
        desk.heard(.offer(offer), from: ann, people: people, now: .zero)
        try desk.accept(OfferNumber(1))
        var count = starts(desk.takeActions())
        for millisecond in 0..<10_000 {
            let now = Duration.milliseconds(millisecond)
            for token in desk.jobs.keys { desk.receivingEnded(token, .broken, now: now) }
            desk.heard(.offer(offer), from: ann, people: people, now: now)
            if let deadline = desk.deadline, deadline <= now { desk.tick(people: people, now: now) }
            count += starts(desk.takeActions())
        }
        // A try each quarter to half of a second; not none because the next is always put off.
        #expect((15...45).contains(count))
    }

    @Test("by asking again for what they know makes this client say little")
    func replies() throws {
        let folder = try TemporaryFolder()
        var desk = desk(folder)
        let people = people([2])
        let offer = Offering(7, size: 10).offer
        desk.heard(.offer(offer), from: ann, people: people, now: .zero)
        try desk.accept(OfferNumber(1))
        let token = try #require(desk.jobs.keys.first)
        desk.receivingEnded(
            token, .completed(fileName: "file", sha256: Array(repeating: 0, count: 32)), now: .zero)
        _ = desk.takeActions()
        for _ in 0..<1000 {
            desk.heard(.offer(offer), from: ann, people: people, now: .seconds(1))
            let taking = Taking(FileID(number: 99), of: me.attachment)
            desk.heard(.take(taking.take), from: ann, people: people, now: .seconds(1))
        }
        #expect(said(&desk).count == TransferDesk.repliesToOthers.burst)
        desk.heard(.offer(offer), from: ann, people: people, now: .seconds(60))
        #expect(said(&desk) == [.received(file: offer.file, sender: ann)])
    }

    // MARK: Digests

    @Test("about another's file is not heard")
    func digests() throws {
        let folder = try TemporaryFolder()
        var desk = desk(folder)
        let people = people([2, 3])
        let offer = Offering(7, size: 10).offer
        desk.heard(.offer(offer), from: ann, people: people, now: .zero)
        desk.heard(.offer(offer), from: eve, people: people, now: .zero)
        try desk.accept(OfferNumber(1))
        let token = try #require(desk.jobs.keys.first)
        _ = desk.takeActions()
        let digest = Content.digest(
            Content.FileDigest(
                file: offer.file, token: token, sha256: Array(repeating: 0, count: 32)))
        desk.heard(digest, from: eve, people: people, now: .zero)
        #expect(desk.takeActions().isEmpty)
        for word in [
            Content.withdraw(file: offer.file, reason: .cancelled),
            .cancel(file: offer.file, peer: me.attachment, reason: .damaged),
        ] {
            desk.heard(word, from: eve, people: people, now: .zero)
        }
        #expect(desk.jobs[token] != nil)
        desk.heard(digest, from: ann, people: people, now: .zero)
        #expect(
            desk.takeActions().contains { if case .digest(token, _) = $0 { true } else { false } })
    }
}

extension Content {
    var offer: FileOffer? { if case .offer(let offer) = self { offer } else { nil } }
}
