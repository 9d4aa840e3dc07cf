import NIOCore
import TestSupport
import Testing
import Wire

@testable import Server

@Suite("A room on a server", .oneAtATime) struct RoomTests {
    private let access = RoomSecret().accessKey

    @Test(
        "the first founds, the second joins, they read each other and never the past",
        .timeLimit(.minutes(1)))
    func chat() async throws {
        try await TestServer.with { server in
            let (anna, first) = try await server.join(access)
            #expect(first.standing == .founder && first.roster.isEmpty && first.epoch == 0)
            try await anna.say("to nobody", id: 1)
            let earlier = try await anna.nextAppended()
            let (berta, second) = try await server.join(access)
            #expect(second.standing == .newcomer)
            #expect(
                second.position == Position(log: first.position.log, sequence: earlier.sequence))
            #expect(second.roster == [Presence(attachment: first.attachment, state: .here)])
            #expect(
                try await anna.next()
                    == .presence(Presence(attachment: second.attachment, state: .here)))
            try await anna.say("hello", id: 2)
            try await anna.say("world", id: 3)
            #expect(try await berta.nextText() == "hello")
            #expect(try await berta.nextText() == "world")
            try await berta.say("yes", id: 4)
            #expect(try await anna.nextAppended().id == AppendID(number: 2))
            #expect(try await anna.nextAppended().id == AppendID(number: 3))
            #expect(try await anna.nextText() == "yes")
            #expect(try await berta.nextAppended().id == AppendID(number: 4))
        }
    }

    @Test("a repeat is answered with the first number and goes to nobody", .timeLimit(.minutes(1)))
    func repeats() async throws {
        try await TestServer.with { server in
            let (anna, _) = try await server.join(access)
            let (berta, _) = try await server.join(access)
            try await anna.say("once", id: 1)
            let first = try await anna.nextAppended()
            try await anna.say("once", id: 1)
            try await anna.say("end", id: 2)
            let second = try await anna.nextAppended()
            #expect(second.duplicate && !first.duplicate && first.sequence == second.sequence)
            #expect(try await berta.nextText() == "once")
            #expect(try await berta.nextText() == "end")
        }
    }

    @Test("of two commits for one epoch one wins", .timeLimit(.minutes(1)))
    func commits() async throws {
        try await TestServer.with { server in
            let (anna, _) = try await server.join(access)
            let (berta, _) = try await server.join(access)
            try await anna.commit("anna's", id: 1, epoch: 0)
            try await anna.nextAppended()
            try await berta.commit("berta's", id: 2, epoch: 0)
            #expect(try await berta.nextText() == "anna's")
            #expect(try await berta.nextWord() == .conflict(id: AppendID(number: 2), epoch: 1))
            try await berta.commit("berta's", id: 2, epoch: 1)
            try await berta.nextAppended()
            let (_, third) = try await server.join(access)
            #expect(third.epoch == 2)
        }
    }

    @Test(
        "senders and readers agree on one order, and each answer has its place in it",
        .timeLimit(.minutes(1)))
    func oneOrder() async throws {
        try await TestServer.with { server in
            var clients: [TestClient] = []
            for _ in 0..<4 { clients.append(try await server.join(access).0) }
            let count = 100
            for (number, client) in clients.enumerated() {
                for index in 0..<count {
                    try await client.say("\(number).\(index)", id: UInt128(number * 1000 + index))
                }
            }
            var orders: [[UInt64]] = []
            for client in clients {
                var order: [UInt64] = []
                while order.count < clients.count * count {
                    switch try await client.nextWord() {
                    case .entry(let entry): order.append(entry.sequence)
                    case .appended(let appended): order.append(appended.sequence)
                    case let frame: throw Unexpected(frame: frame)
                    }
                }
                orders.append(order)
            }
            #expect(orders.allSatisfy { $0 == orders[0] })
            #expect(zip(orders[0], orders[0].dropFirst()).allSatisfy(<))
        }
    }

    @Test(
        "who was cut off resumes: missed entries, one's own among them, then live",
        .timeLimit(.minutes(1)))
    func resume() async throws {
        try await TestServer.with { server in
            let (anna, _) = try await server.join(access)
            let (berta, second) = try await server.join(access)
            _ = try await anna.next()
            try await berta.say("mine", id: 1)
            try await berta.nextAppended()
            await berta.breakOff()
            #expect(try await anna.nextText() == "mine")
            #expect(
                try await anna.next()
                    == .presence(Presence(attachment: second.attachment, state: .away)))
            try await anna.say("missed", id: 2)
            try await anna.nextAppended()
            let (again, third) = try await server.join(access, resume: second.resume())
            #expect(third.standing == .resumed && third.attachment == second.attachment)
            #expect(third.position == second.position)
            #expect(
                try await anna.next()
                    == .presence(Presence(attachment: second.attachment, state: .here)))
            try await anna.say("live", id: 3)
            for text in ["mine", "missed", "live"] {
                #expect(try await again.nextText() == text)
            }
            try await again.say("mine", id: 1)
            #expect(try await again.nextAppended().duplicate)
        }
    }

    @Test("a resume beyond the window is told the gap", .timeLimit(.minutes(1)))
    func gap() async throws {
        var limits = TestServer.quickLimits
        limits.entriesPerRoom = 3
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            let (berta, second) = try await server.join(access)
            await berta.breakOff()
            var sequences: [UInt64] = []
            for id in 1...8 {
                try await anna.say("\(id)", id: UInt128(id))
                sequences.append(try await anna.nextAppended().sequence)
            }
            let (again, third) = try await server.join(access, resume: second.resume())
            #expect(third.standing == .resumed)
            #expect(try await again.next() == .gap(.init(through: sequences[4], count: 5)))
            for text in ["6", "7", "8"] { #expect(try await again.nextText() == text) }
        }
    }

    @Test(
        "a second connection takes the attachment over, the first is told", .timeLimit(.minutes(1)))
    func replaced() async throws {
        try await TestServer.with { server in
            let (anna, first) = try await server.join(access)
            let (again, second) = try await server.join(access, resume: first.resume())
            #expect(second.standing == .resumed && second.attachment == first.attachment)
            #expect(try await anna.end() == .goodbye(.replaced))
            try await again.say("here", id: 1)
            try await again.nextAppended()
        }
    }

    @Test("who stays away is gone, and comes back as a newcomer", .timeLimit(.minutes(1)))
    func gone() async throws {
        var limits = TestServer.quickLimits
        limits.resumeTime = .milliseconds(100)
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            let (berta, second) = try await server.join(access)
            await berta.breakOff()
            var states: [Presence.State] = []
            while states.last != .gone {
                guard case .presence(let presence)? = try await anna.next() else { break }
                #expect(presence.attachment == second.attachment)
                states.append(presence.state)
            }
            #expect(states == [.here, .away, .gone])
            let (_, third) = try await server.join(access, resume: second.resume())
            #expect(third.standing == .newcomer && third.attachment != second.attachment)
        }
    }

    @Test("who leaves is gone at once, and an empty room is forgotten", .timeLimit(.minutes(1)))
    func leave() async throws {
        try await TestServer.with { server in
            let (anna, first) = try await server.join(access)
            let (berta, second) = try await server.join(access)
            try await berta.say("bye", id: 1)
            try await berta.send(.leave)
            try await berta.nextAppended()
            #expect(try await berta.end() == .goodbye(.left))
            _ = try await anna.next()
            #expect(try await anna.nextText() == "bye")
            #expect(
                try await anna.next()
                    == .presence(Presence(attachment: second.attachment, state: .gone)))
            try await anna.send(.leave)
            #expect(try await anna.end() == .goodbye(.left))
            let (_, third) = try await server.join(access, resume: first.resume())
            #expect(third.standing == .founder && third.position.log != first.position.log)
        }
    }

    @Test("a ping is answered with its number", .timeLimit(.minutes(1)))
    func ping() async throws {
        try await TestServer.with { server in
            let (anna, _) = try await server.join(access)
            try await anna.send(.ping(77))
            #expect(try await anna.next() == .pong(77))
        }
    }

    @Test("rooms are apart", .timeLimit(.minutes(1)))
    func apart() async throws {
        try await TestServer.with { server in
            let (anna, _) = try await server.join(access)
            let (berta, other) = try await server.join(RoomSecret().accessKey)
            #expect(other.standing == .founder && other.roster.isEmpty)
            try await anna.say("mine alone", id: 1)
            try await anna.nextAppended()
            try await berta.send(.ping(1))
            #expect(try await berta.next() == .pong(1))
        }
    }

    @Test(
        "a knock reaches a ready member; when that one is silent another; the answer comes back",
        .timeLimit(.minutes(1)))
    func knock() async throws {
        var limits = TestServer.quickLimits
        limits.knockTime = .seconds(1)
        try await TestServer.with(limits: limits) { server in
            let (silent, _) = try await server.join(access)
            try await silent.send(.ready(true), .ping(1))
            #expect(try await silent.next() == .pong(1))
            let (anna, second) = try await server.join(access)
            try await anna.send(.ready(true), .ping(1))
            #expect(try await anna.next() == .pong(1))
            let (newcomer, third) = try await server.join(access)
            try await newcomer.send(.knock([1, 2, 3]))
            guard case .knocked(let first)? = try await silent.nextWord(),
                case .knocked(let knocked)? = try await anna.nextWord()
            else { throw Unexpected(frame: nil) }
            #expect(first == knocked)
            #expect(knocked.newcomer == third.attachment && knocked.payload == [1, 2, 3])
            try await anna.send(.answer(.init(knocks: [knocked.knock], payload: [9])))
            #expect(
                try await newcomer.nextWord()
                    == .answered(.init(doorkeeper: second.attachment, payload: [9])))
        }
    }

    @Test("with nobody to ask a knock is unanswered", .timeLimit(.minutes(1)))
    func unanswered() async throws {
        try await TestServer.with { server in
            let (_, _) = try await server.join(access)
            let (newcomer, _) = try await server.join(access)
            try await newcomer.send(.knock([1]))
            #expect(try await newcomer.nextWord() == .unanswered)
        }
    }

    @Test("what a store cannot do is said as it is", .timeLimit(.minutes(1)))
    func storeFaults() async throws {
        let store = FaultyRoomStore(EmbeddedRoomStore(limits: ServerLimits()))
        try await TestServer.with(store: store) { server in
            let (anna, _) = try await server.join(access)
            let (berta, _) = try await server.join(access)
            _ = try await anna.next()
            func id(_ number: UInt128) -> AppendID { AppendID(number: number) }
            store.inject(.unavailable)
            try await anna.say("one", id: 1)
            #expect(try await anna.next() == .unavailable(id: id(1), certain: true))
            store.inject(.unknownButAppended)
            try await anna.say("two", id: 2)
            // In its place, so that nothing is missing there when the answer to a repeat comes.
            #expect(try await anna.nextText() == "two")
            #expect(try await anna.next() == .unavailable(id: id(2), certain: false))
            #expect(try await berta.nextText() == "two")
            try await berta.say("between", id: 9)
            #expect(try await anna.nextText() == "between")
            try await berta.nextAppended()
            try await anna.say("two", id: 2)
            #expect(try await anna.nextAppended().duplicate)
            store.inject(.lateAnswer)
            try await anna.say("three", id: 3)
            #expect(try await anna.nextText() == "three")
            let late = try await anna.nextAppended()
            #expect(late.id == id(3) && late.duplicate)
            #expect(try await berta.nextText() == "three")
            for (fault, frame) in [
                (FaultyRoomStore.Fault.degraded, ServerFrame.degraded), (.restored, .restored),
            ] {
                store.inject(fault)
                try await anna.say("more", id: .random(in: 100 ... .max))
                #expect(try await berta.next() == frame)
                #expect(try await berta.nextText() == "more")
                #expect(try await anna.next() == frame)
                try await anna.nextAppended()
            }
            store.inject(.unreadable)
            let refused = try await server.connect()
            await #expect(throws: Unexpected.self) { try await refused.attach(access) }
        }
    }
}
