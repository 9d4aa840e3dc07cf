import NIOCore
import Synchronization
import TLSSyntax
import TestSupport
import Testing
import Wire

extension EndToEnd {
    /// Work that somebody makes for the server or the members, at no cost of their own.
    @Suite("Attacks by work")
    struct WorkAttacks {
        /// Another address than everybody else's.
        private static let source = "127.6.6.6"

        private static func frames(_ count: Int, _ make: (Int) -> ClientFrame) -> [UInt8] {
            var buffer = ByteBuffer()
            for number in 0..<count {
                let body = make(number).tlsEncoded
                buffer.writeInteger(UInt32(body.count))
                buffer.writeBytes(body)
            }
            return Array(buffer.readableBytesView)
        }

        // MARK: Commits

        @Test(
            "commits of whoever has the link keep nobody from coming in or being removed",
            .timeLimit(.minutes(2)))
        func commitFlood() async throws {
            let world = try World()
            let server = try await world.serve()
            let proxy = try await FaultProxy.start(to: server.port)
            let direct = try await world.newRoom(on: server)
            let link = direct.through(proxy.port)
            let ann = try await world.talker("ann", in: link)
            let bob = try await world.talker("bob", in: link)
            // A commit has some tens of milliseconds on its way, in which another is taken.
            try await proxy.delay(upTo: .milliseconds(40))
            let stranger = try await HostileClient(direct)
            let counts = Tally()
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await Self.flood(stranger, counts) }
                let dan = try await world.talker("dan", in: link)
                try ann.tell(["type": "remove", "person": "bob"])
                try await bob.next("closed")
                try ann.say("without bob")
                try await dan.hears("without bob")
                tasks.cancelAll()
            }
            let (sent, taken) = (counts[.sent], counts[.answered])
            #expect(sent > 0 && taken < max(10, sent / 4), "\(taken) of \(sent) were taken")
        }

        /// Fifty commits a second of nothing, each in the epoch that the log has.
        private static func flood(
            _ stranger: HostileClient, _ counts: Tally
        ) async throws {
            var epoch = stranger.attached.epoch
            while !Task.isCancelled {
                try await stranger.append([2, 6, 6, 6], kind: .commit, epoch: epoch)
                counts.count(.sent)
                while let frame = try await stranger.connection.next() {
                    if case .appended = frame {
                        epoch += 1
                        counts.count(.answered)
                        break
                    }
                    if case .conflict(_, let now) = frame {
                        epoch = now
                        break
                    }
                }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }

        // MARK: The door

        @Test(
            "garbage at the door and doorkeepers that never answer keep nobody out",
            .timeLimit(.minutes(2)))
        func garbageAtTheDoor() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let ann = try await world.talker("ann", in: link)
            let bob = try await world.talker("bob", in: link)
            try await ann.next("person") { $0["change"].string == "arrived" }
            var fakes: [HostileClient] = []
            for _ in 0..<30 {
                let fake = try await HostileClient(link)
                try await fake.connection.send(.ready(true))
                fakes.append(fake)
            }
            for _ in 0..<20 {
                let knocker = try await HostileClient(link)
                try await knocker.connection.send(.knock([6, 6, 6]))
            }
            try await withThrowingTaskGroup { tasks in
                for fake in fakes {
                    tasks.addTask {
                        while let frame = try? await fake.connection.next() {
                            if case .knocked = frame { return }
                        }
                    }
                }
                // When one of them is asked, members have been silent for as long as a server waits.
                try await tasks.next()
                let carl = try world.newcomer("carl", in: link)
                try await carl.next("joined", within: .seconds(12))
                try bob.say("welcome")
                try await carl.hears("welcome")
                for fake in fakes { await fake.connection.breakOff() }
            }
        }

        @Test(
            "places that were taken and dropped do not fill a room", .timeLimit(.minutes(1)))
        func attachAndDrop() async throws {
            let world = try World()
            let server = try await world.serve(options: ["--max-room-members", "20"])
            let link = try await world.newRoom(on: server)
            let ann = try await world.talker("ann", in: link)
            for number in 0..<40 {
                let stranger = try await HostileClient(link)
                // Some of them seem to take part.
                if number.isMultiple(of: 2) { try await stranger.append([6]) }
                await stranger.connection.breakOff()
            }
            let bob = try await world.talker("bob", in: link)
            try ann.say("welcome")
            try await bob.hears("welcome")
        }

        // MARK: Pings and fan-out

        @Test("a hundred that ping all the time are answered now and then", .timeLimit(.minutes(2)))
        func pingFlood() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let ann = try await world.talker("ann", in: link)
            let bob = try await world.talker("bob", in: link)
            let limits = (burst: 50, perSecond: 2)
            let pings = Self.frames(2000) { .ping(UInt64($0)) }
            let start = ContinuousClock.now
            let pongs = Tally()
            try await withThrowingTaskGroup { tasks in
                for _ in 0..<Soak.share(of: 1000) {
                    tasks.addTask {
                        let hostile = try await HostileClient(link, source: Self.source)
                        hostile.connection.sendLoosely(bytes: pings)
                        while !Task.isCancelled, let frame = try? await hostile.connection.next() {
                            if case .pong = frame { pongs.count(.answered) }
                        }
                    }
                }
                for number in 0..<50 {
                    try ann.say("word \(number)")
                    try await bob.hears("word \(number)")
                }
                tasks.cancelAll()
            }
            let seconds = Int((ContinuousClock.now - start) / .seconds(1)) + 1
            let most = Soak.share(of: 1000) * (limits.burst + limits.perSecond * seconds + 20)
            #expect(pongs[.answered] <= most)
        }
    }
}

/// What several tasks count.
private final class Tally: Sendable {
    enum Kind: Hashable {
        case sent
        case answered
    }

    private let counts = Mutex<[Kind: Int]>([:])

    subscript(kind: Kind) -> Int { counts.withLock { $0[kind] ?? 0 } }

    func count(_ kind: Kind) { counts.withLock { $0[kind, default: 0] += 1 } }
}
