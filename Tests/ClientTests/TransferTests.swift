import Client
import Crypto
import Folder
import TestSupport
import Testing
import Wire

@Suite("A file", .oneAtATime, .timeLimit(.minutes(1)))
struct TransferTests {
    private let secret = RoomSecret()

    /// Two people in a room, each with a folder.
    private struct Pair: Sendable {
        let server = FakeServer(seed: 3)
        let source: TemporaryFolder
        let destination: TemporaryFolder
        let ann: Guest
        let bob: Guest
        let bobsIdentity = Identity()
        let secret: RoomSecret

        init(_ secret: RoomSecret) throws {
            self.secret = secret
            source = try TemporaryFolder()
            destination = try TemporaryFolder()
            ann = Guest("Ann", server, secret: secret, folder: source.folder)
            bob = Guest(
                "Bob", server, secret: secret, identity: bobsIdentity, folder: destination.folder)
        }

        /// Both are there and know each other.
        func meet<Result: Sendable>(
            _ body: @escaping @Sendable () async throws -> Result
        ) async throws -> Result {
            try await together([ann, bob]) {
                _ = try await ann.witness.waitToJoin()
                _ = try await bob.witness.waitToJoin()
                try await ann.waitForPerson("Bob")
                try await bob.waitForPerson("Ann")
                return try await body()
            }
        }

        /// Ann offers, Bob accepts.
        func hand(over bytes: [UInt8], name: String = "file.bin") async throws -> OfferNumber {
            let path = try source.write(bytes, as: name)
            _ = try await ann.client.offer(path: path, to: nil)
            let offer = try await bob.witness.waitForOffer()
            #expect(offer.fileName == name && offer.size == UInt64(bytes.count))
            #expect(offer.sender.name == "Ann" && !offer.isPrivate)
            try await bob.client.accept(offer.number)
            return offer.number
        }
    }

    @Test(
        "goes across whole and verified, whatever its size",
        arguments: [0, 1, 65_536, 65_537, 1_000_000])
    func sizes(size: Int) async throws {
        let pair = try Pair(secret)
        let bytes = randomBytes(size, seed: 1)
        try await pair.meet {
            _ = try await pair.hand(over: bytes)
            let received = try await pair.bob.witness.waitForTransfer { $0.state.isCompleted }
            #expect(received.state == .completed(fileName: "file.bin"))
            #expect(received.sha256 == sha256(bytes) && received.direction == .receiving)
            let sent = try await pair.ann.witness.waitForTransfer { $0.state.isCompleted }
            #expect(sent.peer.name == "Bob" && sent.bytes == UInt64(size))
            #expect(sent.sha256 == sha256(bytes))
            #expect(try pair.destination.read("file.bin") == bytes)
            #expect(pair.destination.names == ["file.bin"])
            #expect(await pair.ann.client.unfinished == (0, 0))
            #expect(await pair.bob.client.unfinished == (0, 0))
        }
    }

    @Test("that is cut twenty times on its way arrives whole")
    func cuts() async throws {
        let pair = try Pair(secret)
        let bytes = randomBytes(10_000_000, seed: 2)
        pair.server.setFaults {
            $0.transferCuts = 20
            $0.piecesBeforeCut = 1...7
        }
        try await pair.meet {
            _ = try await pair.hand(over: bytes)
            let done = try await pair.bob.witness.waitForTransfer { $0.state.isCompleted }
            #expect(done.sha256 == sha256(bytes))
            #expect(try pair.destination.read("file.bin") == bytes)
            #expect(pair.server.faults.transferCutsDone == 20)
            #expect(pair.bob.witness.events.contains { $0.transfer?.state == .waiting })
            _ = try await pair.ann.witness.waitForTransfer { $0.state.isCompleted }
        }
    }

    @Test("goes on by itself after the server was restarted")
    func serverRestart() async throws {
        let pair = try Pair(secret)
        let bytes = randomBytes(3_000_000, seed: 3)
        pair.server.setFaults {
            $0.transferCuts = 1
            $0.piecesBeforeCut = 20...20
        }
        try await pair.meet {
            _ = try await pair.hand(over: bytes)
            _ = try await pair.bob.witness.waitForTransfer { $0.state == .waiting }
            pair.server.restart()
            _ = try await pair.bob.witness.waitForTransfer { $0.state.isCompleted }
            #expect(try pair.destination.read("file.bin") == bytes)
            _ = try await pair.ann.witness.waitForTransfer { $0.state.isCompleted }
        }
    }

    @Test("goes on from its part after the receiver was started again", arguments: [false, true])
    func receiverRestart(inGoodOrder: Bool) async throws {
        let pair = try Pair(secret)
        let bytes = randomBytes(3_000_000, seed: 4)
        pair.server.setFaults {
            $0.transferCuts = 100
            $0.piecesBeforeCut = 20...20
        }
        try await pair.ann.present {
            _ = try await pair.ann.witness.waitToJoin()
            try await pair.bob.present {
                _ = try await pair.bob.witness.waitToJoin()
                try await pair.bob.waitForPerson("Ann")
                _ = try await pair.hand(over: bytes)
                _ = try await pair.bob.witness.waitForTransfer { $0.state == .waiting }
                if inGoodOrder { await pair.bob.client.leave() }
            }
            #expect(pair.destination.names.allSatisfy { $0.utf8.count > 32 })
            pair.server.setFaults { $0.transferCuts = 0 }
            let again = Guest(
                "Bob", pair.server, secret: secret, identity: pair.bobsIdentity,
                folder: pair.destination.folder)
            try await again.present {
                let first = try await again.witness.waitForTransfer { _ in true }
                #expect(first.state == .running)
                let done = try await again.witness.waitForTransfer { $0.state.isCompleted }
                #expect(done.sha256 == sha256(bytes))
                #expect(again.witness.events.allSatisfy { $0.offer == nil })
                #expect(try pair.destination.read("file.bin") == bytes)
                _ = try await pair.ann.witness.waitForTransfer { $0.state.isCompleted }
            }
        }
    }

    @Test("offered to the room can be taken by many at once")
    func manyReceivers() async throws {
        let server = FakeServer()
        let source = try TemporaryFolder()
        let ann = Guest("Ann", server, secret: secret)
        let folders = try (0..<20).map { _ in try TemporaryFolder() }
        let guests = folders.enumerated().map {
            Guest("guest \($0)", server, secret: secret, folder: $1.folder)
        }
        let bytes = randomBytes(500_000, seed: 5)
        let path = try source.write(bytes, as: "for all")
        try await together([ann] + guests) {
            for guest in [ann] + guests { _ = try await guest.witness.waitToJoin() }
            let number = try await ann.client.offer(path: path, to: nil)
            for guest in guests {
                try await guest.client.accept(try await guest.witness.waitForOffer().number)
            }
            for (guest, folder) in zip(guests, folders) {
                _ = try await guest.witness.waitForTransfer { $0.state.isCompleted }
                #expect(try folder.read("for all") == bytes)
            }
            _ = try await ann.witness.wait { events in
                let done = events.compactMap(\.transfer).filter { $0.state.isCompleted }
                #expect(done.allSatisfy { $0.number == number })
                return Set(done.map(\.peer.attachment)).count == 20 ? true : nil
            }
        }
    }

    @Test("goes both ways at once, several in each direction")
    func bothWays() async throws {
        let pair = try Pair(secret)
        let files = (0..<6).map { randomBytes(300_000 + $0, seed: UInt64($0)) }
        try await pair.meet {
            for (number, bytes) in files.enumerated() {
                let from = number % 2 == 0 ? pair.source : pair.destination
                let sender = number % 2 == 0 ? pair.ann : pair.bob
                let path = try from.write(bytes, as: "\(number)")
                _ = try await sender.client.offer(path: path, to: nil)
            }
            for guest in [pair.ann, pair.bob] {
                let offers = try await guest.witness.wait { events in
                    let offers = events.compactMap(\.offer)
                    return offers.count == 3 ? offers : nil
                }
                for offer in offers { try await guest.client.accept(offer.number) }
            }
            for guest in [pair.ann, pair.bob] {
                _ = try await guest.witness.wait { events in
                    events.compactMap(\.transfer).count { $0.state.isCompleted } == 6 ? true : nil
                }
            }
            for (number, bytes) in files.enumerated() {
                let to = number % 2 == 0 ? pair.destination : pair.source
                #expect(try to.read("\(number)") == bytes)
            }
        }
    }

    @Test("offered to one person is offered to nobody else")
    func privateOffer() async throws {
        let pair = try Pair(secret)
        let eve = Guest("Eve", pair.server, secret: secret, folder: pair.source.folder)
        let path = try pair.source.write([1, 2, 3], as: "secret.txt")
        try await pair.meet {
            try await eve.present {
                _ = try await eve.witness.waitToJoin()
                let bob = await pair.bob.client.people[0].attachment
                _ = try await pair.ann.client.offer(path: path, to: bob)
                let offer = try await pair.bob.witness.waitForOffer()
                #expect(offer.isPrivate)
                _ = try await pair.ann.client.say("that was for Bob")
                _ = try await eve.witness.waitForTexts(1)
                #expect(eve.witness.events.allSatisfy { $0.offer == nil })
                await #expect(throws: ClientRefusal.noSuchPerson) {
                    try await pair.ann.client.offer(path: path, to: AttachmentID(12345))
                }
            }
        }
    }

    @Test("is declined, and the sender is told by whom")
    func decline() async throws {
        let pair = try Pair(secret)
        let path = try pair.source.write([1], as: "no thanks")
        try await pair.meet {
            _ = try await pair.ann.client.offer(path: path, to: nil)
            let number = try await pair.bob.witness.waitForOffer().number
            try await pair.bob.client.decline(number)
            let update = try await pair.ann.witness.waitForTransfer { $0.state == .declined }
            #expect(update.peer.name == "Bob")
            await #expect(throws: ClientRefusal.alreadyDecided(number)) {
                try await pair.bob.client.accept(number)
            }
            await #expect(throws: ClientRefusal.noSuchOffer(OfferNumber(77))) {
                try await pair.bob.client.decline(OfferNumber(77))
            }
        }
    }

    @Test("on its way is cancelled by either side, and no part stays", arguments: [true, false])
    func cancel(bySender: Bool) async throws {
        let pair = try Pair(secret)
        pair.server.setFaults {
            $0.transferCuts = 1000
            $0.piecesBeforeCut = 3...3
        }
        try await pair.meet {
            let number = try await pair.hand(over: randomBytes(5_000_000, seed: 6))
            _ = try await pair.ann.witness.waitForTransfer { $0.state == .running }
            if bySender {
                try await pair.ann.client.cancel(OfferNumber(1))
            } else {
                try await pair.bob.client.cancel(number)
            }
            for guest in [pair.ann, pair.bob] {
                _ = try await guest.witness.waitForTransfer { $0.state == .cancelled }
                #expect(await guest.client.unfinished.transfers == 0)
            }
            // The job may still be closing its part.
            while !pair.destination.names.isEmpty { await Task.yield() }
            let refusal: ClientRefusal = bySender ? .withdrawn(number) : .alreadyDecided(number)
            await #expect(throws: refusal) { try await pair.bob.client.cancel(number) }
        }
    }

    @Test("that the sender takes back cannot be taken any more")
    func withdraw() async throws {
        let pair = try Pair(secret)
        let path = try pair.source.write([1], as: "oops")
        try await pair.meet {
            let number = try await pair.ann.client.offer(path: path, to: nil)
            let offer = try await pair.bob.witness.waitForOffer()
            try await pair.ann.client.cancel(number)
            _ = try await pair.bob.witness.waitForTransfer { $0.state == .cancelled }
            await #expect(throws: ClientRefusal.withdrawn(offer.number)) {
                try await pair.bob.client.accept(offer.number)
            }
            await #expect(throws: ClientRefusal.withdrawn(offer.number)) {
                try await pair.bob.client.cancel(offer.number)
            }
            await #expect(throws: ClientRefusal.withdrawn(number)) {
                try await pair.ann.client.cancel(number)
            }
        }
    }

    @Test("whose sender leaves stops with a sentence, and its part is kept")
    func senderLeaves() async throws {
        let pair = try Pair(secret)
        pair.server.setFaults {
            $0.transferCuts = 1000
            // More than are on their way at once, so that some arrive before a cut.
            $0.piecesBeforeCut = 12...12
        }
        try await pair.meet {
            _ = try await pair.hand(over: randomBytes(5_000_000, seed: 6))
            _ = try await pair.bob.witness.waitForTransfer { $0.bytes > 0 }
            await pair.ann.client.leave()
            let end = try await pair.bob.witness.waitForTransfer { $0.state.sentence != nil }
            #expect(end.state.sentence?.utf8.isEmpty == false)
            #expect(pair.destination.names.count == 1)
        }
    }

    @Test("that changed since it was offered is not sent")
    func changed() async throws {
        let pair = try Pair(secret)
        let path = try pair.source.write(randomBytes(100, seed: 1), as: "draft")
        try await pair.meet {
            _ = try await pair.ann.client.offer(path: path, to: nil)
            let offer = try await pair.bob.witness.waitForOffer()
            _ = try pair.source.write(randomBytes(50, seed: 2), as: "draft")
            try await pair.bob.client.accept(offer.number)
            for guest in [pair.ann, pair.bob] {
                _ = try await guest.witness.waitForTransfer { $0.state.sentence != nil }
            }
            while !pair.destination.names.isEmpty { await Task.yield() }
        }
    }

    @Test("whose bytes are damaged on the way stops with a sentence")
    func damaged() async throws {
        let pair = try Pair(secret)
        pair.server.setFaults {
            $0.mapTransfer = { bytes in
                var bytes = bytes
                if bytes.count > 1000 { bytes[500] ^= 1 }
                return bytes
            }
        }
        try await pair.meet {
            let number = try await pair.hand(over: randomBytes(200_000, seed: 8))
            _ = try await pair.bob.witness.waitForTransfer { $0.state.sentence != nil }
            pair.server.setFaults { $0.mapTransfer = nil }
            try await pair.bob.client.accept(number)
            _ = try await pair.bob.witness.waitForTransfer { $0.state.isCompleted }
        }
    }

    @Test("cannot be offered when it is not there, nor accepted without a folder")
    func refusals() async throws {
        let pair = try Pair(secret)
        let eve = Guest("Eve", pair.server, secret: secret)
        let path = try pair.source.write([1], as: "x")
        try await pair.meet {
            try await eve.present {
                _ = try await eve.witness.waitToJoin()
                await #expect(throws: ClientRefusal.self) {
                    try await pair.ann.client.offer(path: "/nowhere/at/all", to: nil)
                }
                _ = try await pair.ann.client.offer(path: path, to: nil)
                let number = try await eve.witness.waitForOffer().number
                await #expect(throws: ClientRefusal.noFolder) {
                    try await eve.client.accept(number)
                }
            }
        }
    }
}
