import Foundation
import Testing

extension EndToEnd {
    /// What is said around an outage that nobody notices at once, while the keys of the room change:
    /// longer than a client waits for a silent line, and than old keys were once kept by the clock.
    @Suite("Outages")
    struct Outages {
        private static let outage: Duration = .seconds(75)

        /// One room: one person behind a line that fails, two who hear, and one who goes, which
        /// changes the keys.
        private struct Room {
            let line: FaultProxy
            let ann: Talker
            let listeners: [Talker]
            let goer: Talker
            /// Of the first of those who hear.
            let otherLine: FaultProxy

            init(_ world: World, _ server: World.Server) async throws {
                let link = try await world.newRoom(on: server)
                line = try await FaultProxy.start(to: server.port)
                otherLine = try await FaultProxy.start(to: server.port)
                ann = try await world.talker("ann", in: link.through(line.port))
                let ben = try await world.talker("ben", in: link.through(otherLine.port))
                let cat = try await world.talker("cat", in: link)
                goer = try await world.talker("dan", in: link)
                listeners = [ben, cat]
                for talker in [ann, ben, cat] { try await talker.meets("dan") }
            }

            /// All hear all of it, once and in order, nobody missed anything, and Ann is told.
            func expect(_ words: [String]) async throws {
                for talker in listeners {
                    try await talker.hears(words[words.count - 1], within: .seconds(60))
                    let events = try talker.events
                    let heard = events.filter { $0["type"] == "message" }
                        .compactMap { $0["text"].string }
                    #expect(heard == words, "\(talker.name)")
                    #expect(!events.contains { $0["type"] == "missed" || $0["type"] == "warning" })
                }
                try await ann.wait(for: "receipts for all", within: .seconds(20)) { events in
                    events.count { $0["type"] == "received" && $0["by"].int == 2 }
                        >= words.count
                }
            }
        }

        @Test(
            "what was said around an outage of 75 s is heard once, in order, by all who stayed",
            .timeLimit(.minutes(4)))
        func outages() async throws {
            let world = try World()
            let server = try await world.serve()
            async let lid: Void = lid(try Room(world, server))
            async let order: Void = order(try Room(world, server))
            async let pipe: Void = pipe(try Room(world, server))
            async let two: Void = twoOutages(try Room(world, server))
            _ = try await (lid, order, pipe, two)
        }

        /// The network goes, then Return is pressed, then the lid is closed.
        private func lid(_ room: Room) async throws {
            try await room.line.fallSilent()
            try room.ann.say("1")
            try room.ann.say("2")
            try await room.ann.queued(2)
            room.ann.program.signal(SIGSTOP)
            #expect(try await room.goer.quit() == 0)
            try await Task.sleep(for: Self.outage)
            try await room.line.hearAgain()
            room.ann.program.signal(SIGCONT)
            try room.ann.say("3")
            try await room.expect(["1", "2", "3"])
        }

        /// Some is typed before anybody notices, some after.
        private func order(_ room: Room) async throws {
            try await room.line.fallSilent()
            #expect(try await room.goer.quit() == 0)
            for number in 1...4 {
                try await Task.sleep(for: Self.outage / 5)
                try room.ann.say("\(number)")
            }
            try await Task.sleep(for: Self.outage / 5)
            try await room.line.hearAgain()
            try await room.ann.queued(4)
            try room.ann.say("5")
            try await room.expect(["1", "2", "3", "4", "5"])
        }

        /// What was typed waits in the input of a program that stands still.
        private func pipe(_ room: Room) async throws {
            room.ann.program.signal(SIGSTOP)
            try await room.line.fallSilent()
            for number in 1...3 { try room.ann.say("\(number)") }
            #expect(try await room.goer.quit() == 0)
            try await Task.sleep(for: Self.outage)
            room.ann.program.signal(SIGCONT)
            try await room.line.hearAgain()
            try await room.expect(["1", "2", "3"])
        }

        /// Two lines fail, one after the other, and the words pass between.
        private func twoOutages(_ room: Room) async throws {
            try await room.line.fallSilent()
            for number in 1...3 { try room.ann.say("\(number)") }
            try await room.ann.queued(3)
            #expect(try await room.goer.quit() == 0)
            try await room.listeners[0].next("person") { $0["change"] == "left" }
            try await room.otherLine.fallSilent()
            try await Task.sleep(for: .seconds(12))
            try await room.line.hearAgain()
            try await Task.sleep(for: Self.outage - .seconds(12))
            try await room.otherLine.hearAgain()
            try room.ann.say("4")
            try await room.expect(["1", "2", "3", "4"])
        }
    }
}

extension Talker {
    /// Waits until its program has taken so many words.
    fileprivate func queued(_ count: Int) async throws {
        try await wait(for: "\(count) words queued", within: .seconds(20)) { events in
            events.count { $0["type"] == "queued" } >= count
        }
    }
}
