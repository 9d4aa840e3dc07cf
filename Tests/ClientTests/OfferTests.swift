import Folder
import SealedFile
import Testing
import Wire

@testable import Client

/// Desks of several people who hear each other; files go across at once, and time by hand.
struct DeskRoom {
    struct Seat {
        var desk: TransferDesk
        var people: People
        /// Takes what is offered.
        var accepts = true
        var wanted: [OfferNumber] = []
        var received: [String] = []
        var events: [ClientEvent] = []
        var said: [Content] = []
    }

    private(set) var now = Duration.zero
    var seats: [AttachmentID: Seat] = [:]
    /// False to let streams hang.
    var carries = true
    let folder: TemporaryFolder

    init(_ names: String...) throws {
        folder = try TemporaryFolder()
        let members = names.enumerated().map { index, name in
            RoomMember(
                attachment: AttachmentID(UInt64(index + 1)), name: Array(name.utf8),
                identityKey: Array(repeating: UInt8(index + 1), count: 32))
        }
        for member in members {
            let me = Person(
                attachment: member.attachment, name: String(decoding: member.name, as: UTF8.self),
                keyTag: "")
            var people = People(me: me)
            people.place(
                roster: members.map { Presence(attachment: $0.attachment, state: .here) })
            people.enter(me: member, others: members, now: 0)
            var desk = TransferDesk(folder: folder.folder, random: SeededGenerator(1))
            desk.setConnected(true, now: .zero)
            seats[member.attachment] = Seat(desk: desk, people: people)
        }
    }

    subscript(_ number: UInt64) -> Seat {
        get {
            guard let seat = seats[AttachmentID(number)] else {
                preconditionFailure("nobody sits there")
            }
            return seat
        }
        set { seats[AttachmentID(number)] = newValue }
    }

    mutating func offer(_ count: Int, by sender: UInt64 = 1, to recipient: UInt64? = nil) throws {
        for number in 0..<count {
            let source = try SourceFile(path: try folder.write([7], as: "\(number)"))
            let person = recipient.map { self[sender].people.person(AttachmentID($0)) }
            let people = self[sender].people
            _ = try self[sender].desk.offer(
                source, path: "\(number)", to: person, people: people, now: now)
            run()
        }
    }

    /// Lets time pass, a moment after the other, until nothing happens any more or it is over.
    mutating func pass(_ time: Duration) {
        let end = now + time
        while now < end {
            now += .milliseconds(250)
            for id in seats.keys.sorted(by: { $0.number < $1.number }) {
                guard let people = seats[id]?.people else { continue }
                if let deadline = seats[id]?.desk.deadline, deadline <= now {
                    seats[id]?.desk.tick(people: people, now: now)
                }
            }
            run()
        }
    }

    /// Carries out what the desks want, until they want nothing.
    mutating func run() {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for id in seats.keys.sorted(by: { $0.number < $1.number }) {
                let actions = seats[id]?.desk.takeActions() ?? []
                if !actions.isEmpty { isQuiet = false }
                for action in actions { perform(action, of: id) }
            }
        }
    }

    private mutating func perform(_ action: TransferDesk.Action, of id: AttachmentID) {
        switch action {
        case .say(let content):
            seats[id]?.said.append(content)
            for other in seats.keys.sorted(by: { $0.number < $1.number }) where other != id {
                guard let people = seats[other]?.people else { continue }
                seats[other]?.desk.heard(content, from: id, people: people, now: now)
            }
        case .event(let event): note(event, at: id)
        case .startReceiving(let order):
            seats[id]?.desk.receivingBegan(order.secret.token, firstChunk: 0, bytes: 0)
        case .startSending(let order): if carries { carry(order, from: id) }
        case .stop, .digest: break
        }
    }

    private mutating func carry(_ order: SendOrder, from id: AttachmentID) {
        let token = order.secret.token
        let digest = [UInt8](repeating: 0, count: 32)
        guard let me = seats[id]?.people.me else { return }
        seats[id]?.desk.sendingEnded(token, .delivered(sha256: digest), me: me, now: now)
        for other in seats.keys where seats[other]?.desk.jobs[token] != nil {
            let name = String(decoding: order.offer.name, as: UTF8.self)
            seats[other]?.received.append(name)
            seats[other]?.desk.receivingEnded(
                token, .completed(fileName: name, sha256: digest), now: now)
        }
    }

    private mutating func note(_ event: ClientEvent, at id: AttachmentID) {
        seats[id]?.events.append(event)
        if case .offer(let offer) = event { seats[id]?.wanted.append(offer.number) }
        guard seats[id]?.accepts == true else { return }
        while let next = seats[id]?.wanted.first {
            do throws(ClientRefusal) { try seats[id]?.desk.accept(next) } catch {
                if case .tooManyTransfers = error { return }
            }
            seats[id]?.wanted.removeFirst()
        }
    }

    /// Somebody says goodbye, or is not there any more.
    mutating func leave(_ number: UInt64, inGoodOrder: Bool = true) {
        let id = AttachmentID(number)
        seats[id] = nil
        for other in seats.keys {
            _ = seats[other]?.people.depart(id)
            guard let people = seats[other]?.people else { continue }
            seats[other]?.desk.left(id, inGoodOrder: inGoodOrder, people: people, now: now)
        }
        run()
    }
}

extension DeskRoom.Seat {
    var offered: [String] {
        events.compactMap { if case .offered(let offer) = $0 { offer.path } else { nil } }
    }
    var settled: [Int] {
        events.compactMap { if case .settled(let number) = $0 { number.number } else { nil } }
    }
    var updates: [TransferUpdate] { events.compactMap(\.transfer) }
    var offers: [IncomingOffer] { events.compactMap(\.offer) }
}

@Suite("Many offers", .timeLimit(.minutes(1)))
struct OfferTests {
    @Test("are all taken, in order, by who takes everything", arguments: [80, 120, 300])
    func all(count: Int) throws {
        var room = try DeskRoom("ann", "bob")
        try room.offer(count)
        room.pass(.seconds(10))
        let names = (0..<count).map { "\($0)" }
        #expect(room[1].offered == names)
        #expect(room[2].received.sorted() == names.sorted())
        #expect(room[2].offers.map(\.fileName) == names)
        #expect(room[1].settled.sorted() == Array(1...count))
    }

    @Test("wait for answers: so many are open at once, the others are not called offered")
    func bound() throws {
        var room = try DeskRoom("ann", "bob")
        room[2].accepts = false
        try room.offer(120)
        let most = TransferDesk.maximumOpen
        #expect(room[1].offered.count == most && room[2].offers.count == most)
        #expect(room[1].updates.count { $0.state == .queued } == 120 - most)
        // An answer of either kind makes room for the next.
        try room[2].desk.decline(OfferNumber(1))
        try room[2].desk.accept(OfferNumber(2))
        room.run()
        #expect(room[1].offered == (0..<most + 2).map { "\($0)" })
        #expect(room[2].received == ["1"])
    }

    @Test("go on to who takes them while another does not answer, who has them all later")
    func idler() throws {
        var room = try DeskRoom("ann", "bob", "cid")
        let (count, kept) = (100, TransferDesk.maximumOpenPerSender)
        room[3].accepts = false
        try room.offer(count)
        room.pass(.seconds(5))
        #expect(room[2].received.count == count)
        // That cid has no place for the others is told.
        #expect(room[3].desk.incoming.values.count(where: \.isOpen) == kept)
        let refused = room[3].said.count {
            if case .cancel(_, _, .crowded) = $0 { true } else { false }
        }
        #expect(refused >= count - kept)
        let waits = room[1].updates.filter { $0.state == .queued && $0.peer.name == "cid" }
        #expect(Set(waits.map(\.number)).count == count - kept)
        #expect(room[1].settled.isEmpty)
        room[3].accepts = true
        try room[3].desk.accept(room[3].wanted.removeFirst())
        room.pass(.seconds(30))
        #expect(Set(room[3].received).count == count)
        #expect(Set(room[1].settled).count == count)
    }

    @Test("beyond what is kept are refused, with a sentence; what is settled makes room")
    func tooMany() throws {
        var room = try DeskRoom("ann", "bob")
        room[2].accepts = false
        try room.offer(TransferDesk.maximumOffers)
        #expect(throws: ClientRefusal.tooManyOffers(limit: TransferDesk.maximumOffers)) {
            try room.offer(1)
        }
        try room[2].desk.decline(OfferNumber(1))
        room.run()
        try room.offer(1)
        #expect(room[1].desk.outgoing.count == TransferDesk.maximumOffers)
    }

    @Test("of a sender who does not heed the bound fill nobody's memory")
    func hostile() throws {
        var room = try DeskRoom("ann", "bob")
        room[2].accepts = false
        let people = room[2].people
        for number in 0..<5000 {
            room[2].desk.heard(
                .offer(Offering(UInt128(number)).offer), from: AttachmentID(1), people: people,
                now: .zero)
        }
        #expect(room[2].desk.incoming.count == TransferDesk.maximumOpenPerSender)
        let answers = room[2].desk.takeActions().count { if case .say = $0 { true } else { false } }
        #expect(answers <= TransferDesk.crowdedReplies.burst)
    }

    @Test("wait for somebody to come")
    func empty() throws {
        var room = try DeskRoom("ann", "bob")
        room.leave(2)
        try room.offer(2)
        #expect(room[1].offered.isEmpty && room[1].said.isEmpty)
        let bob = RoomMember(
            attachment: AttachmentID(9), name: Array("bob".utf8),
            identityKey: Array(repeating: 2, count: 32))
        _ = room[1].people.join([bob], now: 0)
        let people = room[1].people
        room[1].desk.met(bob.attachment, people: people, now: .zero)
        room.run()
        #expect(room[1].offered == ["0", "1"])
    }
}

@Suite("An offer's end", .timeLimit(.minutes(1)))
struct OfferEndTests {
    @Test("comes when everybody declined, and not before")
    func declined() throws {
        var room = try DeskRoom("ann", "bob", "cid")
        (room[2].accepts, room[3].accepts) = (false, false)
        try room.offer(1)
        try room[2].desk.decline(OfferNumber(1))
        room.run()
        #expect(room[1].settled.isEmpty)
        try room[3].desk.decline(OfferNumber(1))
        room.run()
        #expect(room[1].settled == [1])
        #expect(room[1].updates.map(\.state) == [.declined, .declined])
    }

    @Test("comes when nobody is left who could take it", arguments: [true, false])
    func nobodyLeft(inGoodOrder: Bool) throws {
        var room = try DeskRoom("ann", "bob", "cid")
        (room[2].accepts, room[3].accepts) = (false, false)
        try room.offer(1)
        room.leave(2, inGoodOrder: inGoodOrder)
        #expect(room[1].settled.isEmpty)
        room.leave(3, inGoodOrder: inGoodOrder)
        #expect(room[1].settled == [1])
        #expect(room[1].updates.map(\.state) == [.failed(Sentences.nobodyLeft)])
    }

    @Test("comes when the one person it is for leaves, be it that it waits still")
    func recipientLeft() throws {
        var room = try DeskRoom("ann", "bob", "cid")
        (room[2].accepts, room[3].accepts) = (false, false)
        try room.offer(TransferDesk.maximumOpen + 1, to: 2)
        room.leave(2)
        #expect(room[1].settled.count == TransferDesk.maximumOpen + 1)
    }

    @Test("comes when those who could take it are nowhere for ten minutes, though nobody says so")
    func lost() throws {
        var room = try DeskRoom("ann", "bob")
        room[2].accepts = false
        try room.offer(1)
        // The log began anew, and bob is not in it.
        let me = RoomMember(
            attachment: AttachmentID(1), name: [], identityKey: Array(repeating: 1, count: 32))
        room[1].people.enter(me: me, others: [], now: 0)
        room.pass(TransferDesk.patience - .seconds(10))
        #expect(room[1].settled.isEmpty)
        room.pass(.seconds(30))
        #expect(room[1].settled == [1])
    }

    @Test("comes soon after the file changed, though nobody took it")
    func changed() throws {
        var room = try DeskRoom("ann", "bob")
        room[2].accepts = false
        try room.offer(1)
        _ = try room.folder.write([1, 2, 3], as: "0")
        room.pass(TransferDesk.lookInterval + .seconds(1))
        #expect(room[1].settled == [1])
        #expect(room[1].updates.map(\.state) == [.failed(Sentences.changedHere)])
        #expect(room[1].updates.last?.isSourceLost == true)
        #expect(room[2].updates.map(\.state) == [.failed(Sentences.changedThere)])
    }

    @Test("is told to the sender when the receiver cannot go on")
    func stopped() throws {
        var room = try DeskRoom("ann", "bob")
        room.carries = false
        try room.offer(1)
        let token = try #require(room[2].desk.jobs.keys.first)
        room[2].desk.receivingEnded(token, .failed("the disk is full"), now: room.now)
        room.run()
        #expect(room[1].updates.last?.state == .failed(Sentences.stoppedThere))
        #expect(room[1].settled == [1] && room[1].desk.unfinishedCount == 0)
        // Accepted again it goes on, and is settled once more.
        room.carries = true
        try room[2].desk.accept(OfferNumber(1))
        room.run()
        #expect(room[2].received == ["0"] && room[1].settled == [1, 1])
    }

    @Test("is not put off by one who comes back without having heard it")
    func returned() throws {
        var room = try DeskRoom("ann", "bob")
        room[2].accepts = false
        try room.offer(1)
        let bob = RoomMember(
            attachment: AttachmentID(9), name: Array("bob".utf8),
            identityKey: Array(repeating: 2, count: 32))
        _ = room[1].people.join([bob], now: 0)
        let people = room[1].people
        for _ in 0..<3 {
            room[1].desk.met(bob.attachment, people: people, now: .zero)
            room.run()
        }
        let offers = room[1].said.compactMap(\.offer)
        #expect(offers.map(\.recipient) == [nil, bob.attachment])
    }
}

@Suite("A stream that broke at one end", .timeLimit(.minutes(1)))
struct BrokenStreamTests {
    /// A room in which ann sends bob one file, and nothing moves.
    private func hanging() throws -> (DeskRoom, TransferToken) {
        var room = try DeskRoom("ann", "bob", "eve")
        room.carries = false
        room[3].accepts = false
        try room.offer(1)
        return (room, try #require(room[2].desk.jobs.keys.first))
    }

    @Test("is begun anew at once by the receiver, who is told")
    func sender() throws {
        var (room, token) = try hanging()
        let me = room[1].people.me
        room[1].desk.sendingEnded(token, .broken, me: me, now: room.now)
        room.carries = true
        room.run()
        #expect(room[2].updates.last?.state == .waiting)
        room.pass(.seconds(1))
        #expect(room[2].received == ["0"])
    }

    @Test("is not called running by a sender whose receiver says so")
    func receiver() throws {
        var (room, token) = try hanging()
        room[2].desk.receivingEnded(token, .broken, now: room.now)
        room.run()
        #expect(room[1].updates.last?.state == .waiting)
        #expect(room[1].desk.jobs.isEmpty)
    }

    @Test("is ended by nobody but those two")
    func others() throws {
        var (room, token) = try hanging()
        let file = try #require(room[1].said.compactMap(\.offer).first?.file)
        for number in [UInt64(1), 2] {
            let people = room[number].people
            room[number].desk.heard(
                .broken(file: file, token: token), from: AttachmentID(3), people: people,
                now: room.now)
            room[number].desk.heard(
                .broken(file: file, token: TransferToken(number: 5)),
                from: AttachmentID(3 - number), people: people, now: room.now)
        }
        #expect(room[1].desk.jobs.count == 1 && room[2].desk.jobs.count == 1)
    }

    @Test("time after time, with nothing across, is given up after ten minutes by both")
    func inVain() throws {
        var (room, _) = try hanging()
        var time = Duration.zero
        while room[2].desk.unfinishedCount > 0 || room[1].desk.unfinishedCount > 0,
            time < .seconds(900)
        {
            for token in room[2].desk.jobs.keys {
                room[2].desk.receivingEnded(token, .broken, now: room.now)
            }
            room.pass(.seconds(1))
            time += .seconds(1)
        }
        #expect(time > .seconds(590) && time < .seconds(650))
        #expect(room[2].updates.last?.state == .failed(Sentences.peerSilent))
        #expect(room[1].updates.last?.state == .failed(Sentences.peerSilent))
    }
}
