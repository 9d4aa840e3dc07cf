import Classic
import Foundation
import TestSupport
import Testing

/// What is written from docs/classic.md alone talks to what is here.
@Suite(
    "Plain Python programs", .oneAtATime,
    .enabled(if: PythonProgram.python != nil, PythonProgram.notice))
struct PythonTests {
    private static let number: UInt8 = 198

    @Test("a plain Python client talks to our server", .timeLimit(.minutes(1)))
    func client() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: ClassicServer.Event.self)
        let server = try await ClassicServer.start(
            at: .address(host: "127.0.0.1", port: 0), keyNumber: Self.number
        ) { continuation.yield($0) }
        let ann = try PythonProgram("client", ["\(server.port)", "ann"])
        let bob = try PythonProgram("client", ["\(server.port)", "bob"])
        for await event in events where event == .came(count: 2) { break }
        var heard = bob.lines.makeAsyncIterator()
        try ann.type("So it starts!")
        #expect(await heard.next() == "M b'ann: So it starts!'")
        try ann.type("ä" + String(repeating: "long", count: 10_000))
        let long = "M b'ann: \\xc3\\xa4" + String(repeating: "long", count: 10_000) + "'"
        #expect(await heard.next() == long)
        let file = URL(fileURLWithPath: NSTemporaryDirectory())
            .appendingPathComponent("classic-\(UUID().uuidString)")
        try Data([1, 10, 2]).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try ann.type("/send \(file.path)")
        let name = file.lastPathComponent
        #expect(await heard.next() == "F b'ann\\n\(name)\\n3\\n0\\n\\x01\\n\\x02'")
        await server.stop()
    }

    @Test("our client talks to a plain Python server", .timeLimit(.minutes(1)))
    func server() async throws {
        let server = try PythonProgram("server", ["3"])
        var lines = server.lines.makeAsyncIterator()
        let port = try #require(Int(await lines.next() ?? ""))
        let ours = try ClassicClient(host: "127.0.0.1", port: port)
        try await ours.withConnection { inbound, outbound in
            var here = inbound.makeAsyncIterator()
            #expect(try await here.next() == .number(3))
            let python = try PythonProgram("client", ["\(port)", "bob"])
            for await line in server.lines where line == "2" { break }
            var heard = python.lines.makeAsyncIterator()
            let key = ClassicKey(number: 3)
            let long = String(repeating: "x", count: 300_000)
            try await outbound.send(
                ClassicFrame(ClassicContent(name: "ann", text: long), key: key))
            #expect(await heard.next() == "M b'ann: \(long)'")
            try python.type("Yep!")
            #expect(try await here.next() == .content(.message(Array("bob: Yep!".utf8))))
            server.kill()
            await #expect(throws: Never.self) {
                // Killed, the kernel closes for it: in good order, when nothing was left unread.
                while let more = try await here.next() { Issue.record("\(more)") }
            }
        }
    }
}
