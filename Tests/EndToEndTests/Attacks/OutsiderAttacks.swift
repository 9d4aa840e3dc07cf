import NIOCore
import TestSupport
import Testing
import Wire

@testable import Client

extension EndToEnd {
    /// What somebody with the link does who was never let in, and what those who are in notice of it.
    @Suite("Somebody who has the link and is not in the room")
    struct OutsiderAttacks {
        /// Each says so many numbered words, one by one; all that was said.
        private func say(_ words: Int, as talkers: [Talker], _ round: String) throws -> [String] {
            try talkers.flatMap { talker in
                try (1...words).map { number in
                    let text = "\(round) \(talker.name) \(number)"
                    try talker.say(text)
                    return text
                }
            }
        }

        private func texts(_ talker: Talker) throws -> Set<String> {
            Set(
                try talker.events.compactMap { event in
                    event["type"] == "message" ? event["text"].string : nil
                })
        }

        /// Everybody hears what the others said.
        private func expectHeard(_ said: [String], by talkers: [Talker]) async throws {
            for talker in talkers {
                let others = said.filter { !$0.contains(" \(talker.name) ") }
                try await talker.wait(for: "hears all", within: .seconds(30)) { events in
                    Set(others).isSubset(of: Set(events.compactMap { $0["text"].string }))
                }
            }
        }

        private func warnings(_ talker: Talker) throws -> [JSON] {
            try talker.events.filter { $0["type"] == "warning" }
        }

        @Test(
            "two words of epoch 2^63 and a place that is kept away stop nobody",
            .timeLimit(.minutes(2)))
        func laterEpoch() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            var talkers: [Talker] = []
            for name in ["ann", "bob", "cas", "dan"] {
                talkers.append(try await world.talker(name, in: link))
            }
            let liars = [try await HostileClient(link), try await HostileClient(link)]
            let away = try await HostileClient(link)
            let first = try say(1, as: talkers, "first")
            let group = try await liars[0].groupID()
            for liar in liars {
                try await liar.append(
                    HostileClient.forgedMessage(group: group, epoch: 1 << 63))
            }
            // What they wrote is in the log before they go.
            for liar in liars {
                while let frame = try await liar.connection.nextWord() {
                    if case .appended = frame { break }
                }
                try await liar.connection.send(.leave)
            }
            var resume = away.resume
            await away.connection.close()
            for round in 1...10 {
                let said = try say(10, as: talkers, "round\(round)")
                try await expectHeard(said, by: talkers)
                let again = try await HostileClient(link, resume: resume)
                resume = again.resume
                await again.connection.close()
            }
            try await expectHeard(first, by: talkers)
            for talker in talkers {
                #expect(try warnings(talker).map { $0["kind"] } == ["outsider"])
                #expect(try talker.events.count { $0["type"] == "joined" } == 1)
            }
            // And others come in.
            let eve = try await world.talker("eve", in: link)
            for talker in talkers { try await talker.meets("eve") }
            let last = try say(1, as: talkers + [eve], "last")
            try await expectHeard(last, by: talkers + [eve])
            for talker in talkers + [eve] { #expect(try await talker.quit() == 0) }
        }

        @Test("garbage by hundreds, each by another, is one line", .timeLimit(.minutes(2)))
        func garbage() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let ann = try await world.talker("ann", in: link)
            let bob = try await world.person("bob", in: link)
            try await bob.sees("with 1 other here")
            let count = Soak.share(of: 2160)
            for number in 0..<count {
                let liar = try await HostileClient(link)
                try await liar.append([UInt8(number & 0xff), 2, 3])
                while let frame = try await liar.connection.nextWord() {
                    if case .appended = frame { break }
                }
                await liar.connection.close()
            }
            try ann.say("still here")
            try await bob.sees("still here")
            let sentence = "somebody who has the link but is not in the room writes into it"
            #expect(try warnings(ann).map { $0["kind"] } == ["outsider"])
            let lines = bob.screen.lines
            #expect(lines.count { $0.contains("WARNING") } == 1)
            #expect(lines.contains { $0.contains(sentence) })
            #expect(!lines.contains { $0.contains("the server") })
            #expect(try await ann.quit() == 0)
            #expect(try await bob.quit() == 0)
        }

        /// Somebody's client as far as the door, where it stays.
        private func knock(
            _ link: World.RoomLink, called name: String
        ) async throws -> HostileClient {
            let client = try await HostileClient(link)
            let room = try Link(parsing: link.text)
            let group = MLSRoomGroup(
                GroupSetting(
                    secret: room.secret, identity: Identity(), name: Array(name.utf8),
                    options: room.options, wallClock: WallClock.system.now,
                    random: SystemRandomNumberGenerator()))
            for step in group.attached(client.attached, now: .zero) {
                if case .knock(let payload) = step {
                    try await client.connection.send(.knock(payload))
                }
            }
            return client
        }

        @Test("sixty-four who ask hide nobody who asks after them", .timeLimit(.minutes(2)))
        func manyAsk() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server, options: ["--approve"])
            let ann = try await world.talker("ann", in: link)
            var liars: [HostileClient] = []
            for number in 1...64 { liars.append(try await knock(link, called: "mal\(number)")) }
            let dora = try world.newcomer("dora", in: link)
            let asks = try await ann.next("newcomer", within: .seconds(60)) {
                $0["newcomer"]["name"] == "dora"
            }
            #expect(asks["newcomer"]["name"] == "dora")
            try ann.tell(["type": "admit", "person": "dora"])
            try await dora.next("joined", within: .seconds(60))
            for liar in liars { await liar.connection.close() }
            #expect(try await dora.quit() == 0)
            #expect(try await ann.quit() == 0)
        }

        @Test(
            "who is first after a restart does not take a room where members decide",
            .timeLimit(.minutes(2)))
        func strangerFirst() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server, options: ["--approve"])
            let proxy = try await FaultProxy.start(to: server.port)
            let ann = try await world.talker("ann", in: link.through(proxy.port))
            let bob = try world.newcomer("bob", in: link.through(proxy.port))
            try await ann.next("newcomer")
            try ann.tell(["type": "admit", "person": "bob"])
            try await bob.next("joined", within: .seconds(40))
            server.program.signal(9)
            _ = try await server.program.exitCode()
            // The members' way to the server is slow at that moment.
            try await proxy.stall(for: .seconds(3))
            let again = try await world.serve(port: server.port)
            let eve = try await world.talker("eve", in: link)
            try await bob.next("joined", within: .seconds(60))
            try await ann.next("joined", within: .seconds(60))
            try ann.say("are you there?")
            try await bob.hears("are you there?")
            try bob.say("I am")
            try await ann.hears("I am")
            let told = try [ann, bob].flatMap { try warnings($0) }.map { $0["kind"] }
            #expect(told.contains("strangersFirst"))
            #expect(try warnings(eve).map { $0["kind"] } == ["secondConversation"])
            // The stranger hears nothing, and has to ask like everybody else.
            #expect(try texts(eve).isEmpty)
            #expect(try await eve.quit() == 0)
            let asking = try world.newcomer("eve", in: link)
            try await ann.next("newcomer") { $0["newcomer"]["name"] == "eve" }
            #expect(try asking.events.contains { $0["type"] == "joined" } == false)
            _ = try await asking.quit()
            for talker in [ann, bob] { #expect(try await talker.quit() == 0) }
            _ = again
        }
    }
}
