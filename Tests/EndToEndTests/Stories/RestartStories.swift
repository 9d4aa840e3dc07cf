import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension EndToEnd {
    @Suite("Rooms that end, and servers that are started again")
    struct Restarts {
        @Test(
            "text for an empty room, or by a link with a wrong character, is not called sent",
            .timeLimit(.minutes(1)))
        func emptyRoom() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let mistyped = try #require(link.mistyped)
            let program = try Program(
                ["send", mistyped.text, "to nobody"], home: try world.home("script"))
            // Somebody who comes a moment later still hears it.
            let empty = try await world.newRoom(on: server)
            let early = try Program(["send", empty.text, "hello"], home: try world.home("early"))
            let late = try await world.talker("late", in: empty)
            try await late.hears("hello")
            #expect(try await early.finish() == 0)

            #expect(try await program.finish() == 69)
            #expect(program.errors.text.contains("nobody is in the room, so nothing was said"))
            #expect(try alice.events.allSatisfy { $0["type"] != "message" })
        }

        // MARK: A server that is killed

        @Test(
            "what is said around a restart is heard by a member that comes back much later",
            .timeLimit(.minutes(2)))
        func lateReturn() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            var talkers: [Talker] = []
            for name in ["ann", "ben", "dan"] {
                talkers.append(try await world.talker(name, in: link))
            }
            let (ann, ben, dan) = (talkers[0], talkers[1], talkers[2])
            for other in [ben, dan] { try await ann.meets(other.name) }
            dan.program.signal(SIGSTOP)
            server.program.signal(SIGKILL)
            _ = try await server.program.exitCode()
            try ann.say("while it was down")
            let again = try await world.serve(port: server.port)
            // The others wait for dan, and then go on.
            try await ben.hears("while it was down", within: .seconds(60))
            try ben.say("when it was back")
            try await ann.hears("when it was back")
            dan.program.signal(SIGCONT)
            for text in ["while it was down", "when it was back"] {
                try await dan.hears(text, within: .seconds(60))
            }
            #expect(again.key == server.key)
            for talker in talkers {
                #expect(try !talker.events.contains { $0["type"] == "missed" }, "\(talker.name)")
                #expect(try talker.events.allSatisfy { $0["type"] != "warning" })
            }
        }

        /// Each kill is in the midst of what is said, so that anything may be lost.
        @Test(
            "30 kills of the server: those who lost something are told, and nobody else",
            .timeLimit(.minutes(10)))
        func kills() async throws {
            let world = try World()
            var server = try await world.serve()
            let link = try await world.newRoom(on: server)
            var talkers: [Talker] = []
            for name in ["ann", "ben", "cat"] {
                talkers.append(try await world.talker(name, in: link))
            }
            for talker in talkers {
                for other in talkers where other !== talker { try await talker.meets(other.name) }
            }
            for kill in 1...Soak.share(of: 30) {
                for talker in talkers {
                    for number in 0..<20 { try talker.say("\(talker.name) \(kill) \(number)") }
                }
                try await talkers[kill % 3].next("sent")
                server.program.signal(SIGKILL)
                _ = try await server.program.exitCode()
                server = try await world.serve(port: server.port)
                for talker in talkers { try talker.say("\(talker.name) after \(kill)") }
                for talker in talkers {
                    for other in talkers where other !== talker {
                        try await talker.hears("\(other.name) after \(kill)", within: .seconds(60))
                    }
                }
            }
            for talker in talkers { try expectHonesty(of: talker, among: talkers) }
        }

        private func expectHonesty(of talker: Talker, among all: [Talker]) throws {
            let kills = Soak.share(of: 30)
            let heard = try talker.events.filter { $0["type"] == "message" }
                .compactMap { $0["text"].string }
            #expect(Set(heard).count == heard.count, "\(talker.name) heard something twice")
            let expected = all.filter { $0 !== talker }.flatMap { other in
                (1...kills).flatMap { kill in (0..<20).map { "\(other.name) \(kill) \($0)" } }
            }
            let lost = Set(expected).subtracting(heard)
            let told = try talker.events.contains { $0["type"] == "missed" }
            #expect(told == !lost.isEmpty, "\(talker.name) lost \(lost.sorted())")
            #expect(lost.isEmpty)
        }

        // MARK: A room that ends

        private func host(in world: World) async throws -> (Program, World.RoomLink) {
            let home = try world.home("host")
            let program = try Program(
                ["--host", "127.0.0.1", "--name", "host", "--folder", home.received], home: home)
            try await program.expect("\n")
            let line = program.output.text.split(separator: "\n").first
            return (program, World.RoomLink(text: String(try #require(line))))
        }

        @Test(
            "when the host leaves, the others hear that the room has ended", .timeLimit(.minutes(1))
        )
        func hostLeaves() async throws {
            let world = try World()
            let (host, link) = try await host(in: world)
            let alice = try await world.talker("alice", in: link)
            let bob = try await world.person("bob", in: link)
            try await alice.meets("bob")
            host.endInput()
            #expect(try await host.exitCode() == 0)
            let error = try await alice.next("error")
            #expect(error["text"].string?.hasPrefix("host closed the room") == true)
            #expect(try await alice.program.exitCode() == 69)
            try await bob.sees("host closed the room")
            #expect(try await bob.program.exitCode() == 69)
        }

        @Test(
            "it is said after 20 seconds that a host is gone, or that nobody is in a room",
            .timeLimit(.minutes(2)))
        func goneOrEmpty() async throws {
            let world = try World()
            let (host, link) = try await host(in: world)
            let alice = try await world.talker("alice", in: link)
            let bob = try await world.person("bob", in: link)
            try await alice.meets("bob")
            let server = try await world.serve()
            let empty = try await world.newRoom(on: server)
            let lonely = try await world.talker("lonely", in: empty)
            host.signal(SIGKILL)
            try await alice.next("connection", within: .seconds(40)) {
                $0["state"] == "unreachable"
            }
            try await bob.sees("nobody answers at 127.0.0.1", within: .seconds(40))
            #expect(try await lonely.next("alone", within: .seconds(40))["inside"] == true)
            #expect(try !alice.events.contains { $0["type"] == "alone" })
        }
    }
}

extension World.RoomLink {
    /// The same with another character in the middle of the secret.
    fileprivate var mistyped: World.RoomLink? {
        var characters = Array(text)
        guard let index = characters.indices.dropLast(8).last else { return nil }
        characters[index] = characters[index] == "A" ? "B" : "A"
        return World.RoomLink(text: String(characters))
    }
}
