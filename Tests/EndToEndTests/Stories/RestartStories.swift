import Testing

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
