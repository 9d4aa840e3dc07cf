import Foundation
import Testing

extension EndToEnd {
    @Suite(
        "Cancelled files in tmux",
        .enabled(if: Tmux.isExpected, "tmux is not installed: the screens are not looked at"))
    struct CancelledFiles {
        /// Bytes of a file that is still on its way when something happens to its sender; none of
        /// them takes room on the disk there.
        private static let size: UInt64 = 1 << 30

        @Test(
            "a file whose sender was killed waits for them, and is gone when it is cancelled",
            .timeLimit(.minutes(2)))
        func killedSender() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let ann = try await world.talker("ann", in: link)
            let bob = try world.window("bob", in: link, columns: 100)
            try await ann.meets("bob")
            let path = "\(world.path)/big.bin"
            try Data().write(to: URL(fileURLWithPath: path))
            try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: Self.size)
            try ann.send(path)
            try await bob.sees("ann offers big.bin")
            try bob.enter("/accept 1")
            try await bob.sees("1 ↓ big.bin")
            ann.program.signal(SIGKILL)
            try await bob.sees("waiting for ann to come back")
            try bob.enter("/cancel 1")
            try await bob.sees("the end of the row") { rows in
                rows.contains("-- big.bin from ann was cancelled")
                    && !rows.contains { $0.contains("↓") }
            }
            try bob.enter("/transfers")
            try await bob.sees("nothing is offered or under way")
        }

        @Test("an offer that is taken back is said to be, on both sides", .timeLimit(.minutes(2)))
        func takenBack() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let ann = try await world.talker("ann", in: link)
            let bob = try world.window(
                "bob", in: link, columns: 100, options: "--share \(Tmux.quoted(world.path))")
            try await ann.meets("bob")
            try Data([1]).write(to: URL(fileURLWithPath: "\(world.path)/oops"))
            try bob.enter("/send \(world.path)/oops")
            let offer = try await ann.next("offer")
            try bob.enter("/cancel 1")
            try await bob.sees("-- oops is not offered any more")
            try await ann.next("transfer") { $0["state"].string == "cancelled" }
            try ann.accept(offer)
            let error = try await ann.next("error")
            #expect(error["text"].string == "offer 1 was taken back; it has to be offered again")
            #expect(error["command"].string == "accept" && error["offer"] == offer["offer"])
            try bob.enter("/cancel 1")
            try await bob.sees("error: offer 1 was taken back")
        }
    }
}
