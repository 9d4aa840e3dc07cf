import Foundation
import TestSupport
import Testing

extension EndToEnd {
    @Suite("Endings")
    struct Endings {
        /// What the others are told of somebody who is not there any more.
        private func expectLeft(_ name: String, by talker: Talker) async throws {
            let event = try await talker.next("person") {
                $0["person"]["name"].string == name
                    && ["left", "away"].contains($0["change"].string)
            }
            #expect(event["change"] == "left", "\(name)")
        }

        @Test("who closes the terminal's window has left", .timeLimit(.minutes(3)))
        func closedWindow() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            for number in 1...max(6, Soak.share(of: 24)) {
                let bob = try await world.person("bob \(number)", in: link)
                try await alice.meets(bob.name)
                try await bob.sees("alice")
                bob.program.closeWindow()
                try await expectLeft(bob.name, by: alice)
                #expect(try await bob.program.exitCode() == 0)
            }
        }

        @Test("a host whose window is closed has left", .timeLimit(.minutes(1)))
        func closedHost() async throws {
            let world = try World()
            let home = try world.home("host")
            let program = try Program(
                ["--folder", home.received, "--name", "host", "--host", "127.0.0.1"], home: home,
                console: .terminal(rows: Person.rows, columns: Person.columns))
            let host = Person(name: "host", program: program, home: home)
            let pattern = /chatbox:\/\/[^\s#']+#[A-Za-z0-9_-]{40,}/
            let screen = try await host.sees("a link") { $0.text.contains(pattern) }
            let match = try #require(screen.text.firstMatch(of: pattern))
            let guest = try await world.talker(
                "guest", in: World.RoomLink(text: String(match.0)))
            try await host.sees("guest")
            program.closeWindow()
            try await expectLeft("host", by: guest)
            #expect(try await program.exitCode() == 0)
        }

        @Test(
            "a script's file is taken back by a signal, and the script has left",
            .timeLimit(.minutes(1)), arguments: [SIGINT, SIGTERM, SIGHUP])
        func signals(number: Int32) async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let path = "\(world.path)/report.txt"
            _ = try Files.makeRandom(at: path, size: 1000)
            let script = try Program(
                ["send", link.text, "--file", path, "--name", "script"],
                home: try world.home("script"))
            let offer = try await alice.next("offer")
            script.signal(number)
            #expect(try await script.finish() == 128 + number)
            try await expectLeft("script", by: alice)
            try await alice.next("transfer") {
                $0["offer"] == offer["offer"] && $0["state"] == "cancelled"
            }
            #expect(script.errors.text.isEmpty)
        }

        @Test("a stay that a signal ends has left", .timeLimit(.minutes(2)))
        func stays() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            for number in [SIGINT, SIGTERM, SIGHUP] {
                let listener = try await world.talker("listener \(number)", in: link)
                let piped = try Program(
                    ["join", link.text, "--name", "piped \(number)"], home: try world.home("piped"))
                let person = try await world.person("person \(number)", in: link)
                for name in [listener.name, "piped \(number)", person.name] {
                    try await alice.meets(name)
                }
                try await piped.expectError("alice")
                try await person.sees("alice")
                for program in [listener.program, piped, person.program] { program.signal(number) }
                for name in [listener.name, "piped \(number)", person.name] {
                    try await expectLeft(name, by: alice)
                }
                for program in [listener.program, piped, person.program] {
                    #expect(try await program.exitCode() == 0)
                }
            }
        }

        @Test(
            "a transfer whose sender lost its connection goes on, though the receiver's looks alive",
            .timeLimit(.minutes(2)))
        func halfDead() async throws {
            let world = try World()
            let server = try await world.serve()
            let proxy = try await FaultProxy.start(to: server.port, seed: 44)
            let link = try await world.newRoom(on: server)
            let home = try world.home("bob")
            let bob = try await world.talker("bob", in: link, home: home)
            let alice = try await world.talker("alice", in: link.through(proxy.port))
            try await alice.meets("bob")
            let path = "\(world.path)/film"
            let hash = try Files.makeRandom(at: path, size: 256 << 20)
            try alice.send(path)
            let offer = try await bob.next("offer")
            try bob.accept(offer)
            try await bob.next("transfer") { ($0["bytes"].int ?? 0) > 0 }
            try await proxy.cutClients()
            let start = ContinuousClock.now
            // A stream on which nothing moves is given up after a minute.
            try await bob.next("transfer", within: .seconds(30)) { $0["state"] == "waiting" }
            #expect(ContinuousClock.now - start < .seconds(30))
            let end = try await bob.completes(offer["offer"], within: .seconds(60))
            #expect(end["sha256"].string == hash)
        }

        @Test("who started it with nohup is not bothered by the window", .timeLimit(.minutes(1)))
        func nohup() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try await world.talker("bob", in: link, shell: "trap '' HUP")
            try await alice.meets("bob")
            bob.program.signal(SIGHUP)
            try bob.say("still here")
            try await alice.hears("still here")
            #expect(try await bob.quit() == 0)
        }
    }
}
