import Testing

extension EndToEnd {
    @Suite(
        "Screens of tmux",
        .enabled(if: Tmux.isExpected, "tmux is not installed: the screens are not looked at"))
    struct Screens {
        @Test(
            "a conversation reads the same at every size", .timeLimit(.minutes(2)),
            arguments: [(80, 24), (40, 10), (120, 50)])
        func conversation(columns: Int, rows: Int) async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link, columns: columns, rows: rows)
            try await alice.meets("bob")
            try await bob.sees("2 here")
            try alice.say("hello")
            try await bob.sees("alice  hello")
            try bob.enter("hello yourself")
            try await alice.hears("hello yourself")
            try alice.say("two\nlines, bob")
            try bob.type("half a tho")
            let rest =
                "2 here · connected since HH:MM · post-quantum encrypted · received by 1 of 1"
            let status =
                switch columns {
                case 40: "2 here · received by 1 of 1"
                case 80: rest
                default: "HOST · \(rest)"
                }
            let hints =
                columns > 40
                ? ["-- what was said before stays unread; /help lists the commands"]
                : ["-- what was said before stays unread;", "   /help lists the commands"]
            let all =
                hints + [
                    "HH:MM alice  hello", "HH:MM bob  hello yourself", "HH:MM alice  two",
                    "             lines, bob", status, "> half a tho",
                ]
            try await bob.shows(all)
        }

        @Test(
            "what is said while the window changes its size is there once, in order",
            .timeLimit(.minutes(2)))
        func resizing() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link)
            try await bob.sees("2 here")
            try bob.type("typed before")
            var number = 0
            for (columns, rows) in [(40, 10), (120, 50), (60, 20), (33, 12), (100, 30), (80, 24)] {
                for _ in 0..<5 {
                    number += 1
                    try alice.say("message \(number) that is long enough to be wrapped somewhere")
                }
                try bob.resize(columns: columns, rows: rows)
                try bob.type(".")
            }
            try alice.say("the end")
            try await bob.sees("the end")
            try await bob.sees("the input") { $0.last == "> typed before......" }
            let past = try await bob.sees("all messages", past: true) {
                $0.contains { $0.contains("the end") }
            }
            let said = past.compactMap { $0.firstMatch(of: /alice  message (\d+)/)?.1 }
            #expect(said.map(String.init) == (1...30).map(String.init))
            #expect(past.count { $0.contains("typed before") } == 1)
        }

        @Test(
            "every terminal shows the conversation", .timeLimit(.minutes(2)),
            arguments: ["xterm-256color", "screen", "linux", "xterm"])
        func terminals(term: String) async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link, variables: ["TERM": term])
            try await bob.sees("2 here")
            try alice.say("hello")
            try bob.enter("hi")
            try await bob.sees("my own words") { rows in
                rows.contains { $0.hasSuffix(" bob  hi") } && rows.last == ">"
            }
            try await bob.sees("alice  hello")
            #expect(try bob.colored.joined().contains("\u{1B}["))
        }

        @Test(
            "a terminal that can do nothing gets words, and so does --plain",
            .timeLimit(.minutes(2)))
        func plain() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let windows = [
                try world.window("bob", in: link, variables: ["TERM": "dumb"]),
                try world.window("bob", in: link, options: "--plain"),
            ]
            for bob in windows {
                try await bob.sees("you are bob")
                try alice.say("hello\nyou")
                try await bob.sees("the words") {
                    $0.contains("alice says: hello") && $0.contains("    you")
                }
                try bob.enter("/nonsense")
                try await bob.sees("error: there is no /nonsense")
                #expect(try !bob.colored.joined().contains("\u{1B}"))
            }
        }

        @Test(
            "without colour there is none, and without UTF-8 there is ASCII",
            .timeLimit(.minutes(2)))
        func poorTerminals() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("älice", in: link)
            let bob = try world.window("bob", in: link, variables: ["NO_COLOR": "1"])
            let carol = try world.window("carol", in: link, variables: ["LC_ALL": "C"])
            for window in [bob, carol] { try await window.sees("stays unread") }
            try alice.say("zażółć \u{1F600}")
            try await bob.sees("älice  zażółć \u{1F600}")
            try await carol.sees("?lice  za???? ?")
            let colors = try bob.colored.joined().matches(of: /\u{1B}\[[0-9;]*m/)
            let codes = colors.flatMap { $0.0.dropFirst(2).dropLast().split(separator: ";") }
            #expect(!codes.contains { ("30"..."38").contains($0) || ("90"..."97").contains($0) })
            #expect(try carol.screen.joined().unicodeScalars.allSatisfy(\.isASCII))
        }

        @Test("20 and 300 columns are wide enough", .timeLimit(.minutes(2)), arguments: [20, 300])
        func extremes(columns: Int) async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link, columns: columns, rows: 24)
            try await bob.sees("2 here")
            try alice.say("one two three four five six seven")
            try bob.type("typing typing typing")
            let rows = try await bob.sees("the message and the input") { rows in
                rows.contains { $0.contains("seven") } && rows.last?.hasSuffix("typing") == true
            }
            // What was printed before the face is the terminal's to wrap.
            let own = rows.drop { !$0.contains("you are") }
            #expect(own.allSatisfy { $0.count < columns })
            let start = rows.firstIndex { $0.contains("one") } ?? 0
            #expect(rows[(start + 1)..<(rows.count - 2)].allSatisfy { $0.hasPrefix("  ") })
        }
    }
}
