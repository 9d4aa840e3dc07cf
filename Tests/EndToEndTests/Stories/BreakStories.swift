import NIOCore
import Synchronization
import Testing

extension EndToEnd {
    @Suite("Broken connections")
    struct Breaks {
        private static let messages = 5_000
        private static let cuts = 200

        /// Each client says every third number. A cut is made inside the traffic of the messages
        /// that are let go with it, so the cuts are spread over the whole exchange. Three of four
        /// wait until all are connected; the fourth hits who is just coming back, or waits for it.
        @Test(
            "5,000 messages of three clients and 200 cuts: none lost, none twice, all in order",
            .timeLimit(.minutes(4)))
        func manyCuts() async throws {
            let world = try World()
            let server = try await world.serve()
            let proxy = try await FaultProxy.start(to: server.port, seed: 42)
            let link = try await world.newRoom(on: server).through(proxy.port)
            var talkers: [Talker] = []
            for name in ["ann", "ben", "cat"] {
                talkers.append(try await world.talker(name, in: link))
            }
            for talker in talkers {
                for other in talkers where other !== talker { try await talker.meets(other.name) }
            }

            try await proxy.delay(upTo: .milliseconds(2))
            var said = 0
            for cut in 1...Self.cuts {
                if cut % 4 > 0 { for talker in talkers { try await talker.isConnected() } }
                async let done: Void = proxy.cutOne(inBytes: 0...20_000)
                while said < Self.messages * cut / Self.cuts {
                    try talkers[said % 3].say("number \(said / 3)")
                    said += 1
                }
                try await done
                if cut % 40 == 0 { try await proxy.stall(for: .milliseconds(200)) }
            }
            #expect(try await proxy.cuts == Self.cuts)
            for talker in talkers { try await check(talker, among: talkers) }
        }

        /// What this one heard of each of the others is every number, once, in order.
        private func check(_ talker: Talker, among all: [Talker]) async throws {
            let expected = all.enumerated().reduce(into: [String: [String]]()) { result, other in
                guard other.element !== talker else { return }
                let numbers = stride(from: other.offset, to: Self.messages, by: 3).map { $0 / 3 }
                result[other.element.name] = numbers.map { "number \($0)" }
            }
            let count = expected.values.reduce(0) { $0 + $1.count }
            try await talker.wait(for: "\(count) messages", within: .seconds(90)) { events in
                events.lazy.filter { $0["type"] == "message" }.count >= count
            }
            var heard: [String: [String]] = [:]
            for event in try talker.events where event["type"] == "message" {
                heard[event["from"]["name"].string ?? "", default: []]
                    .append(event["text"].string ?? "")
            }
            #expect(heard == expected, "\(talker.name) heard what was not said, or not all of it")
            #expect(try !talker.events.contains { $0["type"] == "missed" })
        }

        @Test("a transfer that is cut 20 times completes", .timeLimit(.minutes(2)))
        func cutTransfer() async throws {
            let world = try World()
            let server = try await world.serve()
            let proxy = try await FaultProxy.start(to: server.port, seed: 43)
            let link = try await world.newRoom(on: server).through(proxy.port)
            let alice = try await world.talker("alice", in: link)
            let home = try world.home("bob")
            let bob = try await world.talker("bob", in: link, home: home)
            try await alice.meets("bob")
            let path = "\(world.path)/film.bin"
            let hash = try Files.makeRandom(at: path, size: 160 << 20)
            try alice.send(path)
            let offer = try await bob.next("offer")
            try bob.accept(offer)
            for number in 1...20 {
                try await proxy.cutOne(inBytes: (1 << 20)...(5 << 20), patience: .seconds(5))
                #expect(try await proxy.cuts == number)
            }
            #expect(try !bob.events.contains { $0["state"] == "completed" })
            let end = try await bob.completes(offer["offer"], within: .seconds(60))
            #expect(end["sha256"].string == hash)
            #expect(try Files.hash(of: "\(home.received)/film.bin") == hash)
            #expect(home.list("received") == ["film.bin"])
        }

        @Test("a server that is killed and started again is found again", .timeLimit(.minutes(2)))
        func restartedServer() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try await world.person("bob", in: link)
            try await alice.meets("bob")
            bob.enter("before")
            try await alice.hears("before")

            server.program.signal(9)
            #expect(try await server.program.exitCode() == 128 + 9)
            try await alice.next("connection") { $0["state"] == "reconnecting" }
            try await bob.sees("a word of the broken connection") { screen in
                screen.lines.contains { $0.lowercased().contains("reconnect") }
            }
            let again = try await world.serve(port: server.port)
            #expect(again.key == server.key)
            try await alice.next("connection", within: .seconds(40)) { $0["state"] == "connected" }
            bob.enter("after")
            try await alice.hears("after", within: .seconds(40))
            try alice.say("here too")
            try await bob.sees("alice  here too", within: .seconds(40))
            #expect(try alice.events.filter { $0["text"] == "before" }.count == 1)
        }

        @Test("a server that is asked to stop does so within 5 seconds", .timeLimit(.minutes(1)))
        func stop() async throws {
            let world = try World()
            let pair = try await Two(world)
            let clock = ContinuousClock()
            for signal: Int32 in [15, 2] {
                let server =
                    signal == 15 ? pair.server : try await world.serve(port: pair.server.port)
                let start = clock.now
                server.program.signal(signal)
                #expect(try await server.program.exitCode() == 0)
                #expect(clock.now - start < .seconds(5))
            }
            try await pair.alice.next("connection") { $0["state"] == "reconnecting" }
        }
    }
}

extension Talker {
    /// Waits until the last that this client said of its connection is that it stands.
    fileprivate func isConnected() async throws {
        try await wait(for: "its connection", within: .seconds(40)) { events in
            events.last { $0["type"] == "connection" }?["state"] == "connected"
        }
    }
}
