import Foundation
import Testing

extension EndToEnd {
    @Suite("A server that is started by hand")
    struct Serving {
        @Test(
            "SIGHUP does not end a server, under nohup or not, where it is told in the log",
            .timeLimit(.minutes(1)), arguments: [nil, "trap '' HUP"])
        func hangup(shell: String?) async throws {
            let world = try World()
            let server = try Program(
                ["serve", "--listen", "127.0.0.1:0", "--state", "\(world.path)/state"],
                home: try world.home("serve"), shell: shell)
            try await server.expect("make a room with")
            for _ in 0..<2 { server.signal(SIGHUP) }
            // A signal that was ignored from the start never reaches the program.
            if shell == nil { try await server.expectError("SIGHUP is ignored") }
            server.signal(SIGTERM)
            #expect(try await server.exitCode() == 0)
        }

        @Test(
            "with a certificate that was given, a link is proposed that outlives its renewal",
            .timeLimit(.minutes(1)))
        func certificate() async throws {
            let world = try World()
            try await world.serve(state: "state").stop()
            let pem = "\(world.path)/state/server.pem"
            let server = try Program(
                [
                    "serve", "--listen", "127.0.0.1:0", "--tls-certificate", pem, "--tls-key", pem,
                ], home: try world.home("serve"))
            // The certificate that a server makes of its own is for the name "chatbox".
            let line = /chatbox new chatbox:\d+ --public\n/
            try await server.output.wait(for: "--public", within: .seconds(20)) { bytes, _ in
                String(decoding: bytes, as: UTF8.self).contains(line) ? () : nil
            }
            try await server.expect(" --key ")
            server.signal(SIGTERM)
            #expect(try await server.exitCode() == 0)
        }
    }
}
