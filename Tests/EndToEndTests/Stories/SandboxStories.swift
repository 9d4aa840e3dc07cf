import Foundation
import Sandbox
import Testing

extension EndToEnd {
    /// What the kernel keeps: tried by a member of a room that looks for ways out (`Tests/Escaper`).
    @Suite("The sandbox", .enabled(if: Restriction.isKnownHere && Restriction.landlock >= 4))
    struct Sandboxes {
        /// Fewer would be a list that lost some.
        private let fewestDoors = 100

        @Test("the ways out are open without a sandbox", .timeLimit(.minutes(1)))
        func open() async throws {
            let world = try World()
            let doors = try await Yard(world).doors(["free"])
            #expect(doors.count >= fewestDoors)
            for door in doors where door["mayBeShut"].bool == false {
                #expect(door["code"].int == 0, "\(door)")
            }
        }

        @Test(
            "no way leads out, and a room, files and a reconnect work meanwhile",
            .timeLimit(.minutes(2)))
        func shut() async throws {
            let world = try World()
            let yard = try Yard(world)
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alicesHome = try world.home("alice")
            let alice = try await world.talker("alice", in: link, home: alicesHome)
            let program = try yard.start(["chat", link.text])
            let escaper = Talker(name: "escaper", program: program)
            let promise = try await escaper.next("promise")
            for part in ["files", "ports", "calls"] { #expect(promise[part].bool == true) }
            try await escaper.next("joined")
            try await alice.meets("escaper")
            try await exchange(alice, alicesHome, escaper, yard, in: world, suffix: "1")

            try await server.stop()
            try await escaper.next("connection") { $0["state"] == "reconnecting" }
            let again = try await world.serve(port: server.port)
            try await escaper.next("joined", within: .seconds(40))
            try await alice.next("joined", within: .seconds(40))
            try await exchange(alice, alicesHome, escaper, yard, in: world, suffix: "2")

            // From the first thread, from one of its own, and from a task of the pool.
            let doors = try await yard.doors(of: escaper, until: 3 * fewestDoors)
            for place in ["main", "thread", "task"] {
                #expect(doors.count { $0["from"].string == place } >= fewestDoors)
            }
            for door in doors { #expect(door["code"].int != 0, "\(door)") }
            #expect(try await escaper.quit() == 0)
            try await again.stop()
        }

        /// Words and files in both directions.
        private func exchange(
            _ alice: Talker, _ alicesHome: Home, _ escaper: Talker, _ yard: Yard,
            in world: World, suffix: String
        ) async throws {
            try alice.say("to the escaper \(suffix)")
            try await escaper.hears("to the escaper \(suffix)")
            try escaper.say("to alice \(suffix)")
            try await alice.hears("to alice \(suffix)")
            let inward = "\(world.path)/inward\(suffix).bin"
            let inwardHash = try Files.makeRandom(at: inward, size: 3_000_000)
            try alice.send(inward)
            let end = try await escaper.next("transfer") { $0["state"] == "completed" }
            #expect(end["sha256"].string == inwardHash)
            #expect(try Files.hash(of: "\(yard.folder)/inward\(suffix).bin") == inwardHash)
            let outward = "\(yard.share)/outward\(suffix).bin"
            let outwardHash = try Files.makeRandom(at: outward, size: 3_000_000)
            try escaper.send(outward)
            let offer = try await alice.next("offer")
            try alice.accept(offer)
            let arrived = try await alice.completes(offer["offer"], within: .seconds(30))
            #expect(arrived["sha256"].string == outwardHash)
            try await escaper.next("transfer") {
                $0["state"] == "completed" && $0["direction"] == "sending"
            }
        }

        @Test(
            "on an older kernel what it can is kept, and no more is promised",
            .timeLimit(.minutes(1)), arguments: 0...7)
        func older(version: Int) async throws {
            let world = try World()
            let yard = try Yard(world)
            let escaper = Talker(
                name: "escaper", program: try yard.start(["shut", String(version)]))
            let promise = try await escaper.next("promise")
            #expect(promise["calls"].bool == true)
            #expect(promise["files"].bool == (version >= 1))
            #expect(promise["ports"].bool == (version >= 4))
            #expect((promise["reason"].string == nil) == (version >= 4))
            let doors = try await yard.doors(of: escaper, until: fewestDoors)
            let open = Set(doors.filter { $0["code"].int == 0 }.compactMap { $0["name"].string })
            let ports: Set = [
                "connect to another port", "connect to another port over IPv6",
                "connect by TCP fast open",
            ]
            switch version {
            case 0: #expect(open.isSuperset(of: ["read /etc/passwd", "connect to another port"]))
            case 1...3: #expect(open.isSubset(of: ports))
            default: #expect(open.isEmpty)
            }
        }

        @Test("every thread of every command is restricted", .timeLimit(.minutes(1)))
        func commands() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try await world.person("bob", in: link)
            try await bob.sees("alice")
            let host = try Program([], home: try world.home("host"))
            try await host.expect("chatbox://")
            try await host.expectError("nobody else is here")
            let programs = [server.program, alice.program, bob.program, host]
            for program in programs {
                let states = try Threads(of: program.pid)
                #expect(states.count > 1)
                #expect(states.all { $0.contains("Seccomp:\t2") && $0.contains("NoNewPrivs:\t1") })
            }
            host.endInput()
            #expect(try await host.exitCode() == 0)
        }

        @Test("the first event says who keeps what", .timeLimit(.minutes(1)))
        func event() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let event = try #require(try alice.events.first)
            #expect(event["type"].string == "sandbox")
            for part in ["files", "network", "calls"] { #expect(event[part].string == "kernel") }
            let text = try #require(event["text"].string)
            #expect(text.hasPrefix("kept by the kernel: files only in "))
            #expect(!text.contains("chatbox alone"))
        }

        @Test(
            "a kernel without Landlock, or without filters too, is told so and works",
            .timeLimit(.minutes(1)), arguments: ["landlock", "all"])
        func hidden(what: String) async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alicesHome = try world.home("alice")
            let program = try Program(
                [
                    "hide", what, Program.path, "listen", link.text, "--json", "--name", "alice",
                    "--folder", alicesHome.received, "--accept-all",
                ], home: alicesHome, executable: Program.built("Escaper"))
            let alice = Talker(name: "alice", program: program)
            let event = try await alice.next("sandbox")
            #expect(event["files"].string == "chatbox")
            #expect(event["network"].string == "chatbox")
            #expect(event["calls"].string == (what == "all" ? "chatbox" : "kernel"))
            let text = try #require(event["text"].string)
            #expect(text.contains("this kernel has no Landlock"))
            #expect(text.contains("kept by chatbox alone") == (what == "all"))
            #expect(!text.contains("can still be read"))
            try await alice.next("joined")
            let bob = try await world.talker("bob", in: link)
            try alice.say("hello")
            try await bob.hears("hello")
            let path = "\(world.path)/a.bin"
            let hash = try Files.makeRandom(at: path, size: 100_000)
            try bob.send(path)
            let end = try await alice.next("transfer") { $0["state"] == "completed" }
            #expect(end["sha256"].string == hash)
        }

        @Test(
            "a server known by name is found again, though names are looked up no more",
            .timeLimit(.minutes(1)))
        func byName() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let byName = World.RoomLink(
                text: link.text.replacing("127.0.0.1", with: "localhost"))
            let alice = try await world.talker("alice", in: byName)
            try await server.stop()
            try await alice.next("connection") { $0["state"] == "reconnecting" }
            let again = try await world.serve(port: server.port)
            try await alice.next("joined", within: .seconds(40))
            try alice.say("here again")
            try await alice.next("sent")
            try await again.stop()
        }

        @Test("a person can do without, and is told so in one line", .timeLimit(.minutes(1)))
        func unwanted() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let home = try world.home("alice")
            let alice = try await world.talker(
                "alice", in: link, home: home, options: ["--no-sandbox"])
            let text = try alice.events.first?["text"].string ?? ""
            #expect(
                text.hasPrefix("kept by chatbox alone, not by the kernel (as --no-sandbox asks)"))
            #expect(!(try Threads(of: alice.program.pid).all { $0.contains("Seccomp:\t2") }))
            // The rule for files that are sent is chatbox's own, too.
            try alice.send("/etc/passwd")
            let error = try await alice.next("error")
            #expect(error["text"].string?.contains("--share '/etc'") == true)
        }

        @Test("a person at a terminal reads at most three lines at start", .timeLimit(.minutes(1)))
        func terminal() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let bob = try await world.person("bob", in: link)
            let screen = try await bob.sees("who is here") { screen in
                screen.lines.contains { $0.contains("nobody else is here") }
            }
            let text = screen.lines.joined()
            #expect(text.contains("kept by the kernel: files only in "))
            #expect(text.contains("TCP only to port"))
            #expect(screen.lines.count { $0.hasPrefix("-- ") } <= 3)
        }

        @Test(
            "files are sent from shared folders only, and through no link", .timeLimit(.minutes(1)))
        func shares() async throws {
            let world = try World()
            let yard = try Yard(world)
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let home = try world.home("alice")
            let alice = try await world.talker("alice", in: link, home: home, share: yard.share)
            let bob = try await world.talker("bob", in: link, options: ["--accept-all"])
            try await alice.meets("bob")
            _ = try Files.makeRandom(at: "\(yard.outside)/secret", size: 10)
            for (name, target) in [("link", "\(yard.outside)/secret"), ("up", yard.outside)] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(yard.share)/\(name)", withDestinationPath: target)
            }
            for (path, wanted) in [
                ("\(yard.outside)/secret", "/outside'"),
                ("\(yard.share)/../outside/secret", "/outside'"),
                ("\(yard.share)/link", "links are not followed"),
                ("\(yard.share)/up/secret", "links are not followed"),
                ("\(yard.share)/up/../../outside/secret", "/outside'"),
                ("\(yard.share)/nothing", "no such file"),
                ("/proc/self/status", "--share '/proc/self'"),
            ] {
                try alice.send(path)
                let error = try await alice.next("error")
                #expect(error["text"].string?.contains(wanted) == true, "\(path): \(error)")
            }
            // Beneath the shared folder, and what was received.
            try FileManager.default.createDirectory(
                atPath: "\(yard.share)/deep", withIntermediateDirectories: true)
            for path in ["\(yard.share)/deep/a", "\(home.received)/b"] {
                let hash = try Files.makeRandom(at: path, size: 1000)
                try alice.send(path)
                let end = try await bob.next("transfer") { $0["state"] == "completed" }
                #expect(end["sha256"].string == hash)
            }
        }

        @Test(
            "a folder that is no folder of its own is refused", .timeLimit(.minutes(1)),
            arguments: ["/", "HOME", "/usr/bin"])
        func wholeMachine(folder: String) async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let home = try world.home("alice")
            let program = try Program(
                ["join", link.text, "--folder", folder == "HOME" ? home.path : folder],
                home: home)
            program.endInput()
            #expect(try await program.finish() == 73)
            #expect(program.errors.text.contains("--folder"))
        }
    }
}

/// Three folders beside each other: one to receive into, one to send from, and one for nobody.
struct Yard: Sendable {
    let outside: String
    let folder: String
    let share: String
    private let home: Home

    init(_ world: World) throws {
        home = try world.home("yard")
        outside = "\(home.path)/outside"
        folder = "\(home.path)/folder"
        share = "\(home.path)/share"
        for path in [outside, folder, share] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        }
    }

    func start(_ arguments: [String]) throws -> Program {
        try Program(
            arguments + [outside, folder, share], home: home,
            executable: Program.built("Escaper"))
    }

    /// What a run that ends by itself finds.
    func doors(_ arguments: [String]) async throws -> [JSON] {
        let program = try start(arguments)
        let code = try await program.finish()
        guard code == 0 else { throw Unmet("Escaper ends with \(code): \(program.errors.text)") }
        return try Talker(name: "escaper", program: program).events.filter {
            $0["type"].string == "door"
        }
    }

    /// What was found when there are so many.
    func doors(of escaper: Talker, until count: Int) async throws -> [JSON] {
        try await escaper.wait(for: "\(count) doors", within: .seconds(20)) { events in
            events.count { $0["type"].string == "door" } >= count
        }
        return try escaper.events.filter { $0["type"].string == "door" }
    }
}

/// What the kernel tells of a process's threads.
struct Threads {
    private let states: [String]

    init(of pid: pid_t) throws {
        let folder = "/proc/\(pid)/task"
        states = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
            try? String(contentsOfFile: "\(folder)/\($0)/status", encoding: .utf8)
        }
    }

    var count: Int { states.count }
    func all(_ isSo: (String) -> Bool) -> Bool { states.allSatisfy(isSo) }
}
