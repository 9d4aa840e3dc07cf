import Folder
import Testing
import Wire

@testable import Client

/// What members could do to this client without breaking any seal.
@Suite("A hostile member")
struct HostileRoomTests {
    private let me = Person(attachment: AttachmentID(1), name: "me", keyTag: "")

    /// People of a room.
    private func people(_ identities: [UInt64: Identity]) -> People {
        var people = People(me: me)
        people.place(
            roster: identities.keys.map { Presence(attachment: AttachmentID($0), state: .here) })
        let others = identities.map { id, identity in
            RoomMember(
                attachment: AttachmentID(id), name: Array("p\(id)".utf8),
                identityKey: identity.publicKey)
        }
        let own = RoomMember(
            attachment: me.attachment, name: Array("me".utf8), identityKey: Identity().publicKey)
        people.enter(me: own, others: others, now: 0)
        return people
    }

    private func said(by desk: inout TransferDesk) throws -> Content.FileOffer {
        for case .say(.offer(let offer)) in desk.takeActions() { return offer }
        throw CancellationError()
    }

    @Test("cannot make a message longer than the longest by saying a part twice")
    func partTwice() {
        var joiner = MessageJoiner()
        let full = [UInt8](repeating: 7, count: 60_000)
        let ann = AttachmentID(2)
        func part(_ index: UInt32, _ bytes: [UInt8]) -> Content.TextPart {
            Content.TextPart(
                message: MessageID(number: 1), index: index, count: 400, bytes: bytes)
        }
        for index in UInt32(0)..<400 {
            let first = joiner.add(part(index, []), from: ann)
            let second = joiner.add(part(index, full), from: ann)
            #expect((first ?? second ?? []).count <= MessageJoiner.maximumMessage)
        }
        #expect(joiner.bytesHeld <= MessageJoiner.maximumBytes)
    }

    @Test("cannot keep memory busy with empty parts")
    func emptyParts() {
        var joiner = MessageJoiner()
        for number in UInt32(0)..<2000 {
            let part = Content.TextPart(
                message: MessageID(number: 1), index: number, count: 2048, bytes: [])
            _ = joiner.add(part, from: AttachmentID(2))
        }
        #expect(joiner.bytesHeld >= 2000 * MessageJoiner.partCost)
        joiner.dropAll()
        #expect(joiner.bytesHeld == 0)
    }

    @Test("cannot take what was offered to another")
    func takesForAnother() throws {
        let folder = try TemporaryFolder()
        let source = try SourceFile(path: try folder.write([1, 2, 3], as: "private"))
        let bob = Identity()
        let people = people([2: bob, 3: Identity(), 4: bob])
        var desk = TransferDesk(folder: nil, random: SeededGenerator(1))
        let two = AttachmentID(2)
        _ = try desk.offer(
            source, path: "private", to: people.person(two), people: people, now: .zero)
        let offer = try said(by: &desk)
        func take(by taker: UInt64) throws -> TransferToken {
            let taking = Taking(offer.file, of: me.attachment)
            desk.heard(.take(taking.take), from: AttachmentID(taker), people: people, now: .zero)
            return try taking.secret(offer).token
        }
        _ = try take(by: 3)
        #expect(desk.jobs.isEmpty && desk.takeActions().isEmpty)
        // The one it is for may, under another attachment of theirs as well.
        let first = try take(by: 2)
        let second = try take(by: 4)
        #expect(Set(desk.jobs.keys) == [first, second])
    }

    @Test("who takes all of a file and never says so is not waited for without end")
    func silentReceiver() throws {
        let folder = try TemporaryFolder()
        let source = try SourceFile(path: try folder.write([1, 2, 3], as: "file"))
        let people = people([2: Identity()])
        var desk = TransferDesk(folder: nil, random: SeededGenerator(1))
        _ = try desk.offer(source, path: "file", to: nil, people: people, now: .zero)
        let offer = try said(by: &desk)
        let taking = Taking(offer.file, of: me.attachment)
        desk.heard(.take(taking.take), from: AttachmentID(2), people: people, now: .zero)
        desk.sendingEnded(
            try taking.secret(offer).token, .delivered(sha256: Array(repeating: 0, count: 32)),
            me: me,
            now: .seconds(1))
        #expect(desk.unfinishedCount == 1)
        // It looks at its offers every few seconds besides.
        var last = Duration.zero
        while desk.unfinishedCount > 0, last < .seconds(700) {
            last = try #require(desk.deadline)
            desk.tick(people: people, now: last)
        }
        #expect(last == .seconds(601))
        #expect(desk.unfinishedCount == 0)
        let failures = desk.takeActions().compactMap { action -> String? in
            guard case .event(.transfer(let update)) = action else { return nil }
            return update.state.sentence
        }
        #expect(failures == [Sentences.peerSilent])
    }

    @Test("cannot use up all offers and go")
    func offersOfTheGone() throws {
        var desk = TransferDesk(folder: nil, random: SeededGenerator(1))
        let perSender = TransferDesk.maximumOpenPerSender
        let crowd = TransferDesk.maximumIncoming / perSender
        var here = people(
            Dictionary(
                uniqueKeysWithValues: ([2] + (0..<UInt64(crowd)).map { 100 + $0 }).map {
                    ($0, Identity())
                }))
        for number in 0..<TransferDesk.maximumIncoming {
            let sender = AttachmentID(UInt64(100 + number / perSender))
            desk.heard(
                .offer(Offering(UInt128(number)).offer), from: sender, people: here, now: .zero)
        }
        for number in 0..<UInt64(crowd) { _ = here.depart(AttachmentID(100 + number)) }
        #expect(desk.incoming.count == TransferDesk.maximumIncoming)
        _ = desk.takeActions()
        desk.heard(.offer(Offering(.max).offer), from: AttachmentID(2), people: here, now: .zero)
        #expect(desk.incoming.count == TransferDesk.maximumIncoming)
        let offers = desk.takeActions().compactMap { action -> AttachmentID? in
            guard case .event(.offer(let offer)) = action else { return nil }
            return offer.sender.attachment
        }
        #expect(offers == [AttachmentID(2)])
    }

    @Test("cannot go on with another's file, nor begin one that nobody accepted")
    func anothersFile() throws {
        let folder = try TemporaryFolder()
        let ann = Identity()
        let offer = Offering(9, size: 100_000).offer
        let begun = try folder.folder.openPart(
            id: TransferDesk.partID(of: offer, key: ann.publicKey),
            name: SafeFileName(untrusted: offer.name))
        try begun.append([1, 2, 3])
        begun.keep()
        // Ann is gone: her file is offered by another.
        let eve = people([3: Identity()])
        var desk = TransferDesk(folder: folder.folder, random: SeededGenerator(1))
        desk.heard(.offer(offer), from: AttachmentID(3), people: eve, now: .zero)
        #expect(desk.jobs.isEmpty && desk.incoming.count == 1)
        // Her own offer goes on by itself.
        let back = people([5: ann])
        desk.heard(.offer(offer), from: AttachmentID(5), people: back, now: .zero)
        #expect(desk.jobs.count == 1)
    }

    @Test("cannot end or take over what one who is gone offered")
    func anothersOffer() throws {
        let folder = try TemporaryFolder()
        let ann = Identity()
        var people = people([2: ann, 4: Identity()])
        let offer = Offering(9, size: 100_000).offer
        var desk = TransferDesk(folder: folder.folder, random: SeededGenerator(1))
        desk.heard(.offer(offer), from: AttachmentID(2), people: people, now: .zero)
        let number = try #require(desk.incoming.keys.first)
        _ = people.depart(AttachmentID(2))
        let eve = AttachmentID(4)
        desk.heard(.offer(offer), from: eve, people: people, now: .zero)
        desk.heard(
            .withdraw(file: offer.file, reason: .cancelled), from: eve, people: people, now: .zero)
        #expect(desk.incoming[number]?.sender == AttachmentID(2))
        guard case .offered = desk.incoming[number]?.state else {
            Issue.record("ended by another")
            return
        }
    }
}
