import Foundation
import Testing

extension EndToEnd {
    @Suite("Liars in the room")
    struct Liars {
        /// Names that no file can have here: only a client of somebody's own making says them.
        private static let names: [[UInt8]] =
            [
                "../escape", "../../escape", "/tmp/chatbox-escape", "a/../../escape", "..", ".", "",
                "received/../../escape", "..\\escape", "C:\\escape", "../", "///", "a\u{0}b",
                "..\u{2f}\u{301}escape", "...", "   ", ".part",
            ].map { Array($0.utf8) } + [
                [0xff, 0xfe, 0x2e], [0xc0, 0xae, 0xc0, 0xae, 0xc0, 0xaf, 0x78],
                Array(repeating: 0x78, count: 1000),
                Array(String(repeating: "a\u{301}", count: 300).utf8),
            ]

        @Test("whatever a file is called, it stays in the folder", .timeLimit(.minutes(1)))
        func names() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let home = try world.home("bob")
            let bob = try await world.talker(
                "bob", in: link, home: home, options: ["--accept-all"])
            let lies = Self.names.map { LyingPeer.Lie(name: $0, content: Array("ten bytes!".utf8)) }
            // An honest receiver bounds the offers of one sender: a few at a time.
            for part in stride(from: 0, to: lies.count, by: 7) {
                let some = Array(lies[part..<min(part + 7, lies.count)])
                try await LyingPeer(link).offer(some, as: "mallory") {
                    for _ in some {
                        try await bob.next("transfer") { $0["state"] == "completed" }
                    }
                }
            }
            let received = home.list("received")
            #expect(received.count == lies.count)
            for name in received {
                #expect(name.utf8.count <= 255)
                #expect(
                    try Data(contentsOf: URL(fileURLWithPath: "\(home.received)/\(name)")).count
                        == 10)
            }
            #expect(Set(home.list("")).isSubset(of: ["config", "received"]))
            #expect(!FileManager.default.fileExists(atPath: "/tmp/chatbox-escape"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: world.path)
                    .allSatisfy { !$0.contains("escape") })
        }

        @Test("a file of another size than was said gets no name", .timeLimit(.minutes(1)))
        func sizes() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let home = try world.home("bob")
            let bob = try await world.talker("bob", in: link, home: home)
            let content = [UInt8](repeating: 7, count: 200_000)
            let lies = [
                LyingPeer.Lie(name: Array("short".utf8), declaredSize: 300_000, content: content),
                LyingPeer.Lie(name: Array("long".utf8), declaredSize: 100_000, content: content),
            ]
            try await LyingPeer(link).offer(lies, as: "mallory") {
                for _ in lies {
                    let offer = try await bob.next("offer")
                    try bob.accept(offer)
                    let end = try await bob.next("transfer") { $0["state"] == "failed" }
                    #expect(end["error"].string?.isEmpty == false)
                }
            }
            // What came may be kept as a part; it is no file.
            #expect(home.list("received").allSatisfy { $0.hasSuffix(".part") })
        }

        @Test("a file larger than the disk is not begun", .timeLimit(.minutes(1)))
        func impossibleSizes() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let home = try world.home("bob")
            let bob = try await world.talker("bob", in: link, home: home)
            let lies = [UInt64(1) << 60, .max].map {
                LyingPeer.Lie(name: Array("huge".utf8), declaredSize: $0, content: [1])
            }
            try await LyingPeer(link).offer(lies, as: "mallory") {
                for _ in lies {
                    let offer = try await bob.next("offer")
                    try bob.accept(offer)
                    try await bob.next("error")
                }
                try bob.say("still here")
                try await bob.next("sent")
            }
            #expect(home.list("received") == [])
        }
    }
}
