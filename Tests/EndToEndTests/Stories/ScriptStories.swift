import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What goes in and what comes out, and what a script is told when that cannot be.
    @Suite("Input and output of commands") struct Scripts {
        /// Runs a command in a shell that may redirect, and add arguments, before it becomes it.
        private func run(
            _ arguments: [String], in world: World, shell: String? = nil
        ) async throws -> (code: Int32, output: String, errors: String) {
            let program = try Program(
                arguments, home: try world.home("somebody"), shell: shell)
            program.endInput()
            let code = try await program.finish(within: .seconds(30))
            return (code, program.output.text, program.errors.text)
        }

        /// A room with somebody in it; the server runs as long as this is held.
        private struct Room {
            let server: World.Server
            let link: World.RoomLink
            let alice: Talker

            init(in world: World) async throws {
                server = try await world.serve()
                link = try await world.newRoom(on: server)
                alice = try await world.talker("alice", in: link)
            }
        }

        @Test(
            "a text that looks like an option is said after --, and else refused",
            .timeLimit(.minutes(1)))
        func dashes() async throws {
            let world = try World()
            let room = try await Room(in: world)
            for text in ["-hello", "--version", "--help", "-h", "-5 degrees"] {
                let refused = try await run(["send", room.link.text, text], in: world)
                #expect(refused.code == 64 && refused.output.isEmpty, "\(text)")
                #expect(refused.errors.contains("comes after --"), "\(text)")
            }
            let sent = try await run(["send", room.link.text, "--", "-hello"], in: world)
            #expect(sent.code == 0)
            try await room.alice.hears("-hello")
            #expect(try room.alice.events.filter { $0["type"].string == "message" }.count == 1)
            for word in ["-hello", "-version"] {
                #expect(try await run([word], in: world).code == 64)
            }
            #expect(try await run(["send", "--help"], in: world).code == 0)
        }

        @Test("nothing, and what is not UTF-8, is not sent", .timeLimit(.minutes(1)))
        func texts() async throws {
            let world = try World()
            let room = try await Room(in: world)
            try Data([0x67, 0xE9, 0x0A]).write(to: URL(fileURLWithPath: "\(world.path)/latin"))
            for (arguments, shell) in [
                ([""], nil), ([" \n"], nil), ([], nil), ([], "exec </dev/null"),
                ([], "exec <'\(world.path)/latin'"),
            ] {
                let result = try await run(
                    ["send", room.link.text] + arguments, in: world, shell: shell)
                #expect(result.code == 65, "\(arguments)")
                #expect(result.errors.hasPrefix("chatbox: the"), "\(result.errors)")
            }
            let mangled = try await run(
                ["send", room.link.text], in: world, shell: "set -- \"$@\" \"$(printf 'g\\351')\"")
            #expect(mangled.code == 64 && mangled.errors.contains("is not UTF-8"))
            try room.alice.say("nothing came")
            try await room.alice.next("sent")
            #expect(try room.alice.events.allSatisfy { $0["type"].string != "message" })
        }

        @Test("what is no plain file is called what it is", .timeLimit(.minutes(1)))
        func files() async throws {
            let world = try World()
            let link = World.RoomLink(
                text: "chatbox://127.0.0.1:1/#ARAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4P")
            #expect(mkfifo("\(world.path)/pipe", 0o600) == 0)
            for (path, words) in [
                ("-", "the standard input is no file"), ("\(world.path)/pipe", "this is a pipe"),
                ("/dev/stdin", "this is a pipe"), (world.path, "this is a folder"),
                ("\(world.path)/none", "there is no such file"),
            ] {
                let result = try await run(["send", link.text, "--file", path], in: world)
                #expect(result.code == 66 && result.errors.contains(words), "\(result.errors)")
            }
            let mangled = try await run(
                ["send", link.text, "--file"], in: world,
                shell: "set -- \"$@\" \"$(printf 'caf\\351.txt')\"")
            #expect(mangled.code == 66 && mangled.errors.contains("is not UTF-8"))
        }

        @Test("what cannot be written is not said to have succeeded", .timeLimit(.minutes(1)))
        func fullDisk() async throws {
            let world = try World()
            let room = try await Room(in: world)
            let full = "exec >/dev/full"
            for arguments in [
                ["new", "127.0.0.1:\(room.server.port)", "--key", room.server.key], ["--help"],
                ["serve", "--listen", "127.0.0.1:0", "--state", "\(world.path)/other"],
                ["listen", room.link.text, "--json", "--folder", "\(world.path)/in"],
                ["--plain", "--folder", "\(world.path)/in"],
            ] {
                let result = try await run(arguments, in: world, shell: full)
                #expect(result.code == 74, "\(arguments)")
                #expect(result.errors.contains("cannot be written to"), "\(result.errors)")
            }
            // Somebody in a pipe finds out when the first message comes.
            let bob = try Program(
                ["join", room.link.text, "--name", "bob", "--folder", "\(world.path)/bob"],
                home: try world.home("bob"), shell: full)
            try await room.alice.next("person") { $0["person"]["name"].string == "bob" }
            try room.alice.say("hello")
            #expect(try await bob.finish() == 74)
            try await room.alice.next("person") { $0["change"].string == "left" }
        }

        @Test("typed text ends with one Ctrl-D", .timeLimit(.minutes(1)))
        func typed() async throws {
            let world = try World()
            let room = try await Room(in: world)
            let program = try Program(
                ["send", room.link.text], home: try world.home("somebody"),
                console: .terminal(rows: 24, columns: 80))
            try await program.expect("Ctrl-D")
            program.type("hello\nthere\n\u{4}")
            try await room.alice.hears("hello\nthere")
            #expect(try await program.finish() == 0)
        }

        @Test(
            "what is wrong with a server's name, key or link is told apart", .timeLimit(.minutes(1))
        )
        func servers() async throws {
            let world = try World()
            let server = try await world.serve()
            let secret = "ARAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4P"
            for (arguments, code, words) in [
                (
                    ["new", "127.0.0.1:\(server.port)", "--public"], 77,
                    "of no authority known here"
                ),
                (["new", unknownHost], 69, "no address is known for \(unknownHost)"),
                (["new", "127.0.0.1:1"], 69, "nobody answers at 127.0.0.1:1"),
                (["send", "chatbox://\(unknownHost)/#\(secret)", "x"], 69, "no address is known"),
                (["send", "chatbox://[fe80::1%lo]:1/#\(secret)", "x"], 69, "[fe80::1%lo]:1"),
                (["join", "chatbox://h/#AAAAAAAA"], 65, "damaged or cut short"),
                (["join", "chatbox://127.0.0.1:1/#\(secret)", "--folder", "/proc"], 73, "/proc"),
            ] as [([String], Int32, String)] {
                let result = try await run(arguments, in: world)
                #expect(result.code == code && result.errors.contains(words), "\(result.errors)")
            }
        }
    }
}
