import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    @Suite("The original protocol, as it is used")
    struct Classic {
        private struct Server {
            let program: Program
            let port: String
        }

        private func serve(_ world: World, number: Int = 198) async throws -> Server {
            let program = try Program(
                ["classic", "serve", "--port", "0", "--key", String(number)],
                home: try world.home("server"))
            let line =
                /listening at 127\.0\.0\.1 port (\d+), insecurely; the key's number is (\d+)\n/
            let found = try await program.output.wait(for: "the port", within: .seconds(20)) {
                bytes, _ -> [String]? in
                String(decoding: bytes, as: UTF8.self).firstMatch(of: line)
                    .map { [String($0.1), String($0.2)] }
            }
            #expect(found[1] == String(number))
            return Server(program: program, port: found[0])
        }

        private func join(_ server: Server, _ name: String, _ home: Home) async throws -> Program {
            let program = try Program(
                [
                    "classic", "join", "127.0.0.1:\(server.port)", "--name", name, "--folder",
                    home.received, "--share", (home.path as NSString).deletingLastPathComponent,
                ], home: home)
            try await program.expectError("the number is 198, so the key is 188")
            return program
        }

        @Test("people talk, leave, come late, and end with their server", .timeLimit(.minutes(1)))
        func talk() async throws {
            let world = try World()
            let server = try await serve(world)
            let ann = try await join(server, "ann", try world.home("ann"))
            let bob = try await join(server, "bob", try world.home("bob"))
            try await server.program.expectError("here: 2")
            ann.type("So it starts!\n")
            try await bob.expect("ann: So it starts!\n")
            bob.type("Right?\n//slash\n")
            try await ann.expect("bob: Right?\nbob: /slash\n")
            ann.type(String(repeating: "long ", count: 100_000) + "end\n")
            try await bob.expect("long end\n")
            bob.endInput()
            #expect(try await bob.finish() == 0)
            let carl = try await join(server, "carl", try world.home("carl"))
            try await server.program.expectError("left; here: 1")
            ann.type("Yep!\n")
            try await carl.expect("ann: Yep!\n")
            #expect(carl.output.text == "ann: Yep!\n")
            server.program.signal(SIGTERM)
            #expect(try await server.program.finish() == 0)
            for client in [ann, carl] {
                #expect(try await client.finish() == 75)
                #expect(client.errors.text.contains("reset the connection"))
            }
        }

        @Test("what others say and send does no harm", .timeLimit(.minutes(1)))
        func harmless() async throws {
            let world = try World()
            let server = try await serve(world)
            let bobsHome = try world.home("bob")
            let ann = try await join(server, "ann", try world.home("ann"))
            let bob = try await join(server, "bob", bobsHome)
            try await server.program.expectError("here: 2")
            ann.type("\u{1B}[31mred\u{202E}\u{7}\n")
            try await bob.expect("ann: ␛[31mred␇\n")
            let path = "\(world.path)/-rf \u{1B}.txt"
            let hash = try Files.makeRandom(at: path, size: 200_001)
            for _ in 0..<2 { ann.type("/send '\(path)'\n") }
            try await bob.expectError("_ (2).txt")
            let names = bobsHome.list("received")
            #expect(names == ["rf _ (2).txt", "rf _.txt"])
            for name in names {
                #expect(try Files.hash(of: "\(bobsHome.received)/\(name)") == hash)
            }
            ann.type("/who\n/send \(world.path)/none\n")
            try await ann.expectError("-- here are only /send FILE")
            try await ann.expectError("there is no such file")
            ann.endInput()
            #expect(try await ann.finish() == 0)
        }

        @Test("every text of it says that it is insecure", .timeLimit(.minutes(1)))
        func insecure() async throws {
            let world = try World()
            for arguments in [[], ["serve"], ["join"], ["decode"]] {
                let program = try Program(
                    ["classic"] + arguments + ["--help"], home: try world.home("reader"))
                #expect(try await program.finish() == 0)
                #expect(program.output.text.contains("INSECURE"))
            }
            let server = try await serve(world)
            try await server.program.expectError("INSECURE")
            let ann = try await join(server, "ann", try world.home("ann"))
            try await ann.expectError("INSECURE")
        }

        @Test("mistakes are told in one sentence", .timeLimit(.minutes(1)))
        func mistakes() async throws {
            let world = try World()
            let taken = try await serve(world)
            let text = "\(world.path)/text"
            try Data("no capture".utf8).write(to: URL(fileURLWithPath: text))
            let cases: [(Int32, [String], String)] = [
                (66, ["decode", "/no/such.pcap"], "cannot be read"),
                (66, ["decode", text], "no pcap or pcapng file"),
                (69, ["serve", "--port", taken.port], "choose another"),
                (64, ["serve", "--key", "256"], "256"),
                (64, ["join", "a b", "--folder", "\(world.path)/in"], "no server's address"),
                (69, ["join", "127.0.0.1:1", "--folder", "\(world.path)/in"], "nobody answers"),
            ]
            for (code, arguments, words) in cases {
                let program = try Program(
                    ["classic"] + arguments, home: try world.home("somebody"))
                program.endInput()
                #expect(try await program.finish() == code, "\(arguments)")
                #expect(program.errors.text.contains(words), "\(program.errors.text)")
            }
        }
    }

    @Suite("Following along")
    struct FollowingAlong {
        private static let secrets = "CLIENT_TRAFFIC_SECRET_0 "

        @Test(
            "keys are logged only when that is asked for, and with a warning",
            .timeLimit(.minutes(1)))
        func keyLog() async throws {
            let world = try World()
            let home = try world.home("serve")
            let log = "\(world.path)/server.keys"
            let program = try Program(
                [
                    "serve", "--listen", "127.0.0.1:0", "--state", "\(world.path)/state",
                    "--tls-key-log", log,
                ], home: home)
            let line = /chatbox new 127\.0\.0\.1:(\d+) --key (\S+)\n/
            let found = try await program.output.wait(for: "the address", within: .seconds(20)) {
                bytes, _ -> [String]? in
                String(decoding: bytes, as: UTF8.self).firstMatch(of: line)
                    .map { [String($0.1), String($0.2)] }
            }
            try await program.expectError(
                "WARNING: the secrets of these TLS connections go to \(log)")
            let server = World.Server(
                program: program, port: try #require(UInt16(found[0])), key: found[1])
            let link = try await world.newRoom(on: server)
            #expect(try String(contentsOfFile: log, encoding: .utf8).contains(Self.secrets))
            let mode = try FileManager.default.attributesOfItem(atPath: log)[.posixPermissions]
            #expect(mode as? Int == 0o600)

            let quiet = "\(world.path)/quiet.keys"
            let variable = "export SSLKEYLOGFILE='\(quiet)'"
            let silent = try await world.talker("ann", in: link, shell: variable)
            #expect(!FileManager.default.fileExists(atPath: quiet))
            #expect(!silent.program.errors.text.contains("WARNING"))
            let told = try await world.talker(
                "bob", in: link, options: ["--tls-key-log", "env"], shell: variable)
            #expect(try String(contentsOfFile: quiet, encoding: .utf8).contains(Self.secrets))
            try await told.program.expectError("WARNING")
            try await server.stop()
        }

        @Test("a key log that cannot be written is told so", .timeLimit(.minutes(1)))
        func noKeyLog() async throws {
            let world = try World()
            for (place, code) in [("/no/such/folder/keys", 74), ("env", 64)] as [(String, Int32)] {
                let program = try Program(
                    ["serve", "--listen", "127.0.0.1:0", "--tls-key-log", place],
                    home: try world.home("serve"))
                #expect(try await program.finish() == code)
                #expect(program.errors.text.contains("--tls-key-log"))
            }
        }

        @Test(
            "the page of the walk-through says what its commands print",
            .enabled(if: Tshark.isHere, Tshark.notice), .timeLimit(.minutes(5)))
        func page() throws {
            let script = "\(Tshark.root)/tools/wireshark/run-page.sh"
            let program = try #require(Tshark.Program("bash"))
            do {
                #expect(try program.run([script, Program.path]).isEmpty)
            } catch let failure as Tshark.Failure {
                Issue.record("tools/wireshark/run-page.sh says:\n\(failure.output)")
            }
        }
    }
}
