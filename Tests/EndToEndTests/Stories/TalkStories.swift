import Testing

extension EndToEnd {
    @Suite("Talking")
    struct Talk {
        @Test(
            "three people join, talk and leave; a late one sees nothing earlier",
            .timeLimit(.minutes(1)))
        func talk() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try await world.person("bob", in: link)
            try await alice.meets("bob")
            let carol = try await world.person("carol", in: link)
            try await alice.meets("carol")
            for name in ["alice", "bob"] { try await carol.sees(name) }

            bob.enter("hello from bob")
            let heard = try await alice.hears("hello from bob")
            #expect(heard["from"]["name"].string == "bob")
            try await carol.sees("bob  hello from bob")
            try alice.say("hello from alice \u{1F600}")
            try await alice.next("sent")
            try await bob.sees("alice  hello from alice \u{1F600}")
            try await carol.sees("alice  hello from alice \u{1F600}")

            #expect(try await carol.quit() == 0)
            try await alice.next("person") { $0.mentions("carol") && $0.saysLeft }

            let dave = try await world.talker("dave", in: link)
            try await alice.meets("dave")
            try alice.say("hello dave")
            try await dave.hears("hello dave")
            let texts = try dave.events.filter { $0["type"] == "message" }.map { $0["text"] }
            #expect(texts == ["hello dave"])

            #expect(try await alice.quit() == 0)
            #expect(try await dave.quit() == 0)
            #expect(try await bob.quit() == 0)
            try await server.stop()
        }

        @Test("a message of 5 MiB arrives whole", .timeLimit(.minutes(1)))
        func longMessage() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try await world.talker("bob", in: link)
            try await alice.meets("bob")
            var text = "the first line\n"
            let line = "\u{e9}\u{4e2d}\u{1F600} \"quoted\" back\\slash, line "
            var number = 0
            while text.utf8.count < 5 << 20 {
                number += 1
                text += line + String(number) + "\n"
            }
            try alice.say(text)
            let heard = try await bob.next("message", within: .seconds(40))
            #expect(heard["text"].string == text)
            try bob.say("got it")
            try await alice.hears("got it")
        }

        @Test(
            "scripts say things from an argument and from standard input", .timeLimit(.minutes(1)))
        func scripts() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let one = try Program(
                ["send", link.text, "from an argument", "--name", "script"],
                home: try world.home("script"))
            #expect(try await one.exitCode() == 0)
            let heard = try await alice.hears("from an argument")
            #expect(heard["from"]["name"].string == "script")
            let two = try Program(["send", link.text], home: try world.home("script"))
            two.type("from standard input\nin two lines\n")
            two.endInput()
            #expect(try await two.exitCode() == 0)
            try await alice.next("message") {
                $0["text"].string?.hasPrefix("from standard input\nin two lines") == true
            }
        }
    }
}

extension Talker {
    /// Waits until this client knows somebody by name.
    func meets(_ name: String) async throws {
        try await wait(for: "\(name) to come", within: .seconds(20)) { events in
            events.contains {
                ["person", "joined"].contains($0["type"].string) && $0.mentions(name)
            }
        }
    }
}

extension JSON {
    /// Whether somebody of this name is somewhere in here.
    func mentions(_ name: String) -> Bool {
        switch self {
        case .object(let members):
            members["name"]?.string == name || members.values.contains { $0.mentions(name) }
        case .array(let elements): elements.contains { $0.mentions(name) }
        default: false
        }
    }

    var saysLeft: Bool { self["change"].string == "left" }
}

extension World.Server {
    /// Ends it as an operator does.
    func stop() async throws {
        program.signal(15)
        let code = try await program.exitCode(within: .seconds(6))
        guard code == 0 else { throw Unmet("the server ended with \(code)") }
    }
}
