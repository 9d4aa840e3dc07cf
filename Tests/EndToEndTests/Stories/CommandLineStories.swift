import NIOCore
import NIOPosix
import TestSupport
import Testing

extension EndToEnd {
    @Suite("Command lines")
    struct CommandLines {
        private static let secret = "ARAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4P"

        private func run(
            _ arguments: [String], in world: World
        ) async throws -> (code: Int32, output: String, errors: String) {
            let program = try Program(arguments, home: try world.home("somebody"))
            program.endInput()
            let code = try await program.finish(within: .seconds(30))
            return (code, program.output.text, program.errors.text)
        }

        /// One sentence on standard error, nothing on standard output, and the documented code.
        private func expectRefusal(
            _ code: Int32, _ arguments: [String], in world: World,
            at location: SourceLocation = #_sourceLocation
        ) async throws {
            let result = try await run(arguments, in: world)
            let what = Comment("chatbox \(arguments.joined(separator: " "))")
            let lines = result.errors.split(separator: "\n")
            #expect(result.code == code, what, sourceLocation: location)
            #expect(result.output.isEmpty, what, sourceLocation: location)
            // For a wrong usage, the parser adds how it should be.
            let isSentence = code == 64 ? lines.count >= 1 : lines.count == 1
            #expect(isSentence, what, sourceLocation: location)
            let sentence = lines.first ?? ""
            #expect((15...300).contains(sentence.utf8.count), what, sourceLocation: location)
            // Nothing of the machinery in it: no crash, no place in a source.
            for word in ["Fatal", ".swift:", ".cc:", "0x", "("] {
                #expect(!sentence.contains(word), what, sourceLocation: location)
            }
            // A failed command must not repeat a room's secret.
            #expect(!result.errors.contains(Self.secret), what, sourceLocation: location)
        }

        @Test("a wrong usage is told so", .timeLimit(.minutes(1)))
        func usage() async throws {
            let world = try World()
            try await expectRefusal(64, ["frobnicate"], in: world)
            try await expectRefusal(64, ["join"], in: world)
            try await expectRefusal(64, ["--no-such-option"], in: world)
            try await expectRefusal(64, ["serve", "--listen", "127.0.0.1:99999"], in: world)
            try await expectRefusal(64, ["new", "a b"], in: world)
        }

        @Test(
            "a mangled link is refused", .timeLimit(.minutes(1)),
            arguments: ["join", "send", "listen"])
        func links(command: String) async throws {
            let world = try World()
            let extra = command == "listen" ? ["--json"] : command == "send" ? ["text"] : []
            for link in [
                "http://example.org/", "chatbox://example.org/", "chatbox://example.org/#abc",
                "chatbox://example.org:0/#\(Self.secret)", "chatbox://exa mple/#\(Self.secret)",
                "chatbox://h/#\(Self.secret.dropLast(3))", "",
            ] {
                try await expectRefusal(65, [command, link] + extra, in: world)
            }
        }

        @Test("what is not there is told so", .timeLimit(.minutes(2)))
        func missing() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            try await expectRefusal(66, ["send", link.text, "--file", "/no/such/file"], in: world)
            try await expectRefusal(66, ["send", link.text, "--file", world.path], in: world)
            try await expectRefusal(
                69,
                ["serve", "--listen", "127.0.0.1:\(server.port)", "--state", "\(world.path)/b"],
                in: world)
            try await expectRefusal(
                73, ["listen", link.text, "--json", "--folder", "/proc/no/folder"], in: world)
            try await server.stop()
            try await expectRefusal(
                69, ["new", "127.0.0.1:\(server.port)", "--key", server.key], in: world)
            try await expectRefusal(69, ["send", link.text, "text"], in: world)
            try await expectRefusal(
                69, ["send", "chatbox://\(unknownHost)/#\(Self.secret)", "text"], in: world)
        }

        @Test("a server with another key is refused", .timeLimit(.minutes(1)))
        func wrongKey() async throws {
            let world = try World()
            let server = try await world.serve()
            let other = try await world.serve(state: "other")
            try await expectRefusal(
                77, ["new", "127.0.0.1:\(server.port)", "--key", other.key], in: world)
            let link = try await world.newRoom(on: server).through(other.port)
            try await expectRefusal(77, ["send", link.text, "text"], in: world)
        }

        @Test("a server that speaks something else is told apart", .timeLimit(.minutes(1)))
        func otherProtocol() async throws {
            let world = try World()
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Greeter())
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let link = "chatbox://127.0.0.1:\(server.localAddress?.port ?? 0)/#\(Self.secret)"
            try await expectRefusal(76, ["send", link, "text"], in: world)
            try await server.close()
        }

        @Test("help and version go to standard output", .timeLimit(.minutes(1)))
        func help() async throws {
            let world = try World()
            let help = try await run(["--help"], in: world)
            #expect(help.code == 0 && help.errors.isEmpty)
            for command in ["join", "serve", "new", "send", "listen"] {
                #expect(help.output.contains(command))
            }
            let version = try await run(["--version"], in: world)
            #expect(version.code == 0 && version.errors.isEmpty)
            #expect(version.output.contains(/\d+\.\d+/))
        }
    }
}

/// A server of something else, which speaks first.
private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let greeting = ByteBuffer(string: "220 mail.example ESMTP\r\n")
        context.writeAndFlush(wrapOutboundOut(greeting), promise: nil)
    }
}
