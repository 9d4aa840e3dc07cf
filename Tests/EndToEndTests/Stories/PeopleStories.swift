import Testing

extension EndToEnd {
    @Suite(
        "People in tmux",
        .enabled(if: Tmux.isExpected, "tmux is not installed: the screens are not looked at"))
    struct PeopleOnScreens {
        @Test("two people see the same number, and from then on a mark", .timeLimit(.minutes(2)))
        func verification() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try world.window("alice", in: link)
            try await alice.sees("you are alice")
            let bob = try world.window("bob", in: link)
            try await alice.sees("bob joined, for the first time")
            try await bob.sees("1 other here")
            try alice.enter("/verify bob")
            try bob.enter("/verify alice")
            var numbers: [String] = []
            for window in [alice, bob] {
                let rows = try await window.sees("else: /verify")
                let number = rows.compactMap { $0.firstMatch(of: /(\d{5} ){5}\d{5}/)?.0 }.last
                numbers.append(String(try #require(number)))
            }
            #expect(numbers[0] == numbers[1])
            try bob.enter("/verify alice yes")
            try await bob.sees("-- alice is marked as verified")
            try alice.enter("it is me")
            try await bob.sees("✓alice  it is me")
            try bob.enter("/verify alice no")
            try await bob.sees("-- alice is not marked as verified any more")
        }

        @Test(
            "who is removed is out, and the new link that is shown lets others in",
            .timeLimit(.minutes(2)))
        func removal() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            // Wide enough for a link in one row.
            let alice = try world.window("alice", in: link, columns: 200)
            try await alice.sees("you are alice")
            let bob = try world.window("bob", in: link)
            try await alice.sees("bob joined")
            let mallory = try world.window("mallory", in: link)
            try await alice.sees("mallory joined")
            try await bob.sees("mallory joined")
            try alice.enter("/remove mallory")
            try await mallory.sees("alice removed you from the room")
            let rows = try await alice.sees("the new link") { rows in
                rows.contains { $0.contains("the room has moved without mallory") }
                    && rows.contains { $0.hasPrefix("chatbox://") }
            }
            try await bob.sees("alice moved the room without mallory")
            let shown = try #require(rows.last { $0.hasPrefix("chatbox://") })
            #expect(shown != link.text)
            let carol = try world.window("carol", in: .init(text: shown))
            // Who is still on the way does not hear what is said before they are there.
            for window in [alice, bob] { try await window.sees("carol") }
            try carol.enter("hello")
            for window in [alice, bob] { try await window.sees("carol  hello") }
        }

        @Test("a newcomer waits at the door until a member opens it", .timeLimit(.minutes(2)))
        func door() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server, options: ["--approve"])
            let alice = try world.window("alice", in: link)
            try await alice.sees("you are alice")
            let bob = try world.window("bob", in: link)
            try await bob.sees("waiting for a member to let you in")
            try await alice.sees("1 asks to come in: /admit")
            try alice.enter("/admit")
            try await alice.sees("-- alice let bob")
            try await bob.sees("1 other here")
            let mallory = try world.window("mallory", in: link)
            try await alice.sees("asks to be let in: /admit mallory")
            try bob.enter("/refuse mallory")
            try await mallory.sees("did not let you in")
        }
    }
}
