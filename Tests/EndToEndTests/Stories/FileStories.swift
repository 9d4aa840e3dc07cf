import Foundation
import Testing

extension EndToEnd {
    @Suite("Files")
    struct FileTransfers {
        @Test(
            "a file of 256 MiB and an empty one arrive whole", .timeLimit(.minutes(3)),
            arguments: [256 << 20, 0])
        func wholeFile(size: Int) async throws {
            let world = try World()
            let pair = try await Two(world)
            let path = "\(world.path)/film.bin"
            let hash = try Files.makeRandom(at: path, size: size)
            try pair.alice.send(path)
            let offer = try await pair.bob.next("offer")
            #expect(offer["name"].string == "film.bin")
            #expect(offer["size"].int == size)
            #expect(offer["from"]["name"].string == "alice")
            try pair.bob.accept(offer)
            let end = try await pair.bob.completes(offer["offer"], within: .seconds(150))
            #expect(end["sha256"].string == hash)
            #expect(try Files.hash(of: "\(pair.bobsHome.received)/film.bin") == hash)
            #expect(pair.bobsHome.list("received") == ["film.bin"])
            try await pair.alice.next("transfer") { $0["state"] == "completed" }
        }

        @Test("two files go in opposite directions at once", .timeLimit(.minutes(2)))
        func bothDirections() async throws {
            let world = try World()
            let pair = try await Two(world)
            let (up, down) = ("\(world.path)/up.bin", "\(world.path)/down.bin")
            let upHash = try Files.makeRandom(at: up, size: 48 << 20)
            let downHash = try Files.makeRandom(at: down, size: 48 << 20)
            try pair.alice.send(up)
            try pair.bob.send(down)
            let toBob = try await pair.bob.next("offer")
            let toAlice = try await pair.alice.next("offer")
            try pair.bob.accept(toBob)
            try pair.alice.accept(toAlice)
            let first = try await pair.bob.completes(toBob["offer"], within: .seconds(90))
            let second = try await pair.alice.completes(toAlice["offer"], within: .seconds(90))
            #expect(first["sha256"].string == upHash)
            #expect(second["sha256"].string == downHash)
            #expect(try Files.hash(of: "\(pair.bobsHome.received)/up.bin") == upHash)
            #expect(try Files.hash(of: "\(pair.alicesHome.received)/down.bin") == downHash)
        }

        @Test("a script's file is taken by those who take all", .timeLimit(.minutes(1)))
        func scripts() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let home = try world.home("bob")
            let bob = try await world.talker(
                "bob", in: link, home: home, options: ["--accept-all"])
            let path = "\(world.path)/report.txt"
            let hash = try Files.makeRandom(at: path, size: 100_000)
            let script = try Program(
                ["send", link.text, "--file", path], home: try world.home("script"))
            let end = try await bob.next("transfer") { $0["state"] == "completed" }
            #expect(end["sha256"].string == hash)
            #expect(try await script.exitCode() == 0)
            #expect(try Files.hash(of: "\(home.received)/report.txt") == hash)
        }

        @Test("an offer is for one person, and is declined", .timeLimit(.minutes(1)))
        func privateAndDeclined() async throws {
            let world = try World()
            let pair = try await Two(world)
            let carol = try await world.talker("carol", in: pair.link)
            try await pair.alice.meets("carol")
            let path = "\(world.path)/secret.txt"
            _ = try Files.makeRandom(at: path, size: 1000)
            try pair.alice.send(path, to: "bob")
            let offer = try await pair.bob.next("offer")
            #expect(offer["private"].bool == true)
            try pair.bob.tell(["type": "decline", "offer": offer["offer"]])
            try await pair.alice.next("transfer") { $0["state"] == "declined" }
            // What comes after the offer has reached carol, and no offer before it.
            try pair.alice.say("that was it")
            try await carol.hears("that was it")
            #expect(try !carol.events.contains { $0["type"] == "offer" })
            #expect(pair.bobsHome.list("received") == [])
        }
    }
}

/// Two people in a room who know each other.
struct Two: Sendable {
    let server: World.Server
    let link: World.RoomLink
    let alice: Talker
    let bob: Talker
    let alicesHome: Home
    let bobsHome: Home

    init(_ world: World, shell: String? = nil) async throws {
        server = try await world.serve()
        link = try await world.newRoom(on: server)
        alicesHome = try world.home("alice")
        bobsHome = try world.home("bob")
        alice = try await world.talker("alice", in: link, home: alicesHome)
        bob = try await world.talker("bob", in: link, home: bobsHome, shell: shell)
        try await alice.meets("bob")
        try await bob.meets("alice")
    }
}
