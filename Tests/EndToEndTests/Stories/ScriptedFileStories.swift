import Foundation
import TestSupport
import Testing

extension EndToEnd {
    @Suite("A script's files")
    struct ScriptedFiles {
        /// A room, somebody in it who takes nothing unasked, and files.
        private struct Scene {
            let world: World
            /// It ends when nobody holds it.
            private let server: World.Server
            let link: World.RoomLink
            let bob: Talker

            init(options: [String] = []) async throws {
                world = try World()
                server = try await world.serve()
                link = try await world.newRoom(on: server)
                bob = try await world.talker("bob", in: link, options: options)
            }

            func files(_ count: Int) throws -> [String] {
                try (0..<count).map { number in
                    let path = "\(world.path)/file \(number)"
                    try Data("number \(number)".utf8).write(to: URL(fileURLWithPath: path))
                    return path
                }
            }

            func send(
                _ files: [String], _ options: String..., console: Program.Console = .pipes
            ) throws -> Program {
                try Program(
                    ["send", link.text, "--name", "script"] + options
                        + files.flatMap { ["--file", $0] },
                    home: try world.home("script"), console: console)
            }
        }

        private func expect(
            _ script: Program, endsWith code: Int32, saying words: String,
            at location: SourceLocation = #_sourceLocation
        ) async throws {
            #expect(try await script.finish() == code, sourceLocation: location)
            let errors = script.errors.text
            #expect(errors.contains(words), "\(errors)", sourceLocation: location)
            #expect(errors.split(separator: "\n").count == 1, sourceLocation: location)
        }

        @Test("120 commands for files give 120 offers, in order", .timeLimit(.minutes(3)))
        func commands() async throws {
            let scene = try await Scene(options: ["--accept-all"])
            let alice = try await scene.world.talker("alice", in: scene.link)
            try await alice.meets("bob")
            let count = 120
            let files = try scene.files(count)
            for path in files { try alice.send(path) }
            try await alice.wait(for: "\(count) settled", within: .seconds(100)) { events in
                events.count { $0["type"] == "settled" } >= count
            }
            let offered = try alice.events.filter { $0["type"] == "offered" }
            #expect(offered.compactMap { $0["path"].string } == files)
            let offers = try scene.bob.events.filter { $0["type"] == "offer" }
            #expect(offers.count == count)
            let arrived = try scene.bob.events.count { $0["state"] == "completed" }
            #expect(arrived == count)
            #expect(try alice.events.allSatisfy { $0["type"] != "error" })
        }

        @Test("all files of one command arrive, however many", .timeLimit(.minutes(4)))
        func manyFiles() async throws {
            let scene = try await Scene(options: ["--accept-all"])
            let count = Soak.isWhole ? 300 : 80
            let script = try scene.send(try scene.files(count))
            #expect(try await script.finish(within: .seconds(200)) == 0)
            #expect(script.errors.text.isEmpty)
            try await scene.bob.wait(for: "all files", within: .seconds(20)) { events in
                events.count { $0["state"] == "completed" } == count
            }
        }

        @Test("a file that everybody declined is over", .timeLimit(.minutes(1)))
        func declined() async throws {
            let scene = try await Scene()
            let script = try scene.send(try scene.files(1))
            let offer = try await scene.bob.next("offer")
            try scene.bob.tell(["type": "decline", "offer": offer["offer"]])
            try await expect(script, endsWith: 75, saying: "file 0 was not delivered: bob declined")
        }

        @Test("a file that changes before anybody takes it is over", .timeLimit(.minutes(1)))
        func changed() async throws {
            let scene = try await Scene()
            let files = try scene.files(1)
            let script = try scene.send(files)
            _ = try await scene.bob.next("offer")
            try Data("other".utf8).write(to: URL(fileURLWithPath: files[0]))
            try await expect(script, endsWith: 66, saying: "the file changed")
            try await scene.bob.next("transfer") { $0["state"] == "failed" }
        }

        @Test("a file is over when the last who could take it leaves", .timeLimit(.minutes(1)))
        func left() async throws {
            let scene = try await Scene()
            let script = try scene.send(try scene.files(1), "--to", "bob")
            _ = try await scene.bob.next("offer")
            #expect(try await scene.bob.quit() == 0)
            try await expect(script, endsWith: 75, saying: "nobody is left who could take it")
        }

        @Test(
            "neither a person who is not there nor anybody is waited for", .timeLimit(.minutes(1)))
        func absent() async throws {
            let scene = try await Scene()
            let script = try scene.send(try scene.files(1), "--to", "carol")
            let other = try await scene.world.serve(state: "other")
            let empty = try await scene.world.newRoom(on: other)
            let alone = try Program(
                ["send", empty.text, "--file", try scene.files(1)[0]],
                home: try scene.world.home("alone"))
            try await expect(script, endsWith: 69, saying: "nobody called carol is in the room")
            try await expect(alone, endsWith: 69, saying: "nobody is in the room")
        }

        @Test("one file of three that nobody took is enough to fail", .timeLimit(.minutes(1)))
        func mixed() async throws {
            let scene = try await Scene()
            let script = try scene.send(try scene.files(3))
            for _ in 0..<3 {
                let offer = try await scene.bob.next("offer")
                if offer["name"] == "file 1" {
                    try scene.bob.tell(["type": "decline", "offer": offer["offer"]])
                } else {
                    try scene.bob.accept(offer)
                }
            }
            try await expect(
                script, endsWith: 75,
                saying: "1 of 3 files were not delivered: file 1 (bob declined")
        }

        @Test("on a terminal it is told what is waited for", .timeLimit(.minutes(1)))
        func terminal() async throws {
            let scene = try await Scene()
            let script = try scene.send(
                try scene.files(1), console: .terminal(rows: 24, columns: 120))
            try await script.expect("waiting for bob to accept file 0; Ctrl-C takes it back")
            script.type("\u{3}")
            #expect(try await script.exitCode() == 128 + SIGINT)
            try await scene.bob.next("transfer") { $0["state"] == "cancelled" }
        }

        @Test("a folder that is removed is noticed while the file comes", .timeLimit(.minutes(2)))
        func removedFolder() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let home = try world.home("bob")
            let bob = try await world.talker("bob", in: link, home: home)
            let alice = try await world.talker("alice", in: link)
            try await alice.meets("bob")
            let path = "\(world.path)/film"
            // Sparse: large enough to be on its way for a while.
            try Data().write(to: URL(fileURLWithPath: path))
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 1 << 30)
            try file.close()
            try alice.send(path)
            let offer = try await bob.next("offer")
            try bob.accept(offer)
            try await bob.next("transfer") { ($0["bytes"].int ?? 0) > 0 }
            try FileManager.default.removeItem(atPath: home.received)
            let end = try await bob.next("transfer", within: .seconds(10)) {
                $0["state"] == "failed"
            }
            #expect(end["error"].string?.contains("folder") == true)
            #expect((end["bytes"].int ?? .max) < 1 << 30)
            try await alice.next("transfer", within: .seconds(10)) { $0["state"] == "failed" }
        }
    }
}
