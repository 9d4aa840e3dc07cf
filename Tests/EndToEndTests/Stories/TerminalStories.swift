import Testing

extension EndToEnd {
    @Suite("Terminals")
    struct Terminals {
        /// A link on a screen: no space in it, and nothing of a line's end.
        private let link = /chatbox:\/\/[^\s#]+#[A-Za-z0-9_-]{40,}/

        @Test(
            "without arguments: a prompt, and a link that others join by", .timeLimit(.minutes(1)))
        func noArguments() async throws {
            let world = try World()
            let home = try world.home("host")
            let program = try Program(
                [], home: home,
                console: .terminal(rows: Person.rows, columns: Person.columns))
            let host = Person(name: "host", program: program, home: home)
            // The one question: where to put what others send. Return takes what is shown.
            try await host.sees("a question for the folder") { screen in
                screen.lines.contains { $0.lowercased().contains("folder") }
            }
            host.enter("")
            let screen = try await host.sees("a link") { $0.text.contains(link) }
            let match = try #require(screen.text.firstMatch(of: link))
            let port = try #require(String(match.0).firstMatch(of: /:(\d+)\//)?.1)
            let number = try #require(UInt16(port))
            let roomLink = World.RoomLink(
                text: String(match.0).replacing(
                    /chatbox:\/\/[^\/]+\//, with: "chatbox://127.0.0.1:\(number)/"))
            let guest = try await world.talker("guest", in: roomLink)
            try await host.sees("guest")
            host.enter("welcome")
            try await guest.hears("welcome")
            #expect(try await host.quit() == 0)
        }

        @Test("a line that is being typed survives the lines that come in", .timeLimit(.minutes(1)))
        func typedLine() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try await world.person("bob", in: link)
            try await alice.meets("bob")
            try await bob.sees("alice")
            bob.program.type("half a thou")
            try await bob.sees("what bob types") { $0.currentLine.contains("half a thou") }
            for number in 1...20 { try alice.say("interruption \(number)") }
            let screen = try await bob.sees("all of it") { screen in
                screen.lines.contains { $0.contains("alice  interruption 20") }
                    && screen.currentLine.contains("half a thou")
            }
            let lines = screen.lines.filter { $0.contains("interruption") }
            #expect(lines.count == 20)
            #expect(!lines.contains { $0.contains("half") })
            #expect(screen.lines.count { $0.contains("half a thou") } == 1)
            bob.enter("ght")
            try await alice.hears("half a thought")
        }

        @Test("what others write cannot move a person's cursor", .timeLimit(.minutes(1)))
        func hostileText() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("al\u{202e}ice", in: link)
            let bob = try await world.person("bob", in: link)
            try await alice.meets("bob")
            try alice.say("one\u{1b}[2J\u{1b}[H\u{9b}31m\rtwo\u{202e}eerht\u{7}\u{0}")
            try alice.say("the end")
            try await bob.sees("the end")
            let screen = bob.screen
            let bytes = bob.program.output.bytes
            for bad in ["\u{1b}[2J", "\u{1b}[H", "\u{9b}", "\u{202e}", "\u{0}"] {
                #expect(!bytes.contains(Array(bad.utf8)), "\(bad.debugDescription)")
            }
            #expect(screen.lines.contains { $0.contains("one") })
            #expect(screen.lines.contains { $0.contains("two") })
        }

        @Test("in a pipe nothing is asked and no escape is written", .timeLimit(.minutes(1)))
        func pipes() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try Program(
                ["join", link.text, "--name", "bob"], home: try world.home("bob"))
            try await alice.meets("bob")
            try await bob.expectError("alice")
            bob.type("from a pipe\n")
            try await alice.hears("from a pipe")
            try alice.say("to a pipe")
            try await bob.expect("alice: to a pipe\n")
            bob.endInput()
            #expect(try await bob.finish() == 0)
            #expect(!bob.output.bytes.contains(0x1b))
            #expect(!bob.errors.bytes.contains(0x1b))
        }
    }
}

extension Screen {
    /// All lines; a line that was broken at the screen's edge is one again.
    var text: String { lines.joined(separator: "\n") }
}
