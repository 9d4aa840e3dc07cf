import NIOCore
import NIOPosix
import TestSupport
import Testing
import Wire

@testable import Server

/// A room over several event loops, and people who come, talk, break off, resume, take over and
/// leave as a seed says; afterwards everybody's story is held against everybody else's.
@Suite("A room over several loops", .oneAtATime) struct RoomModelTests {
    @Test(
        "everybody sees each entry of their time once, in one order, and knows who is here",
        .timeLimit(.minutes(1)), arguments: 1...4 as ClosedRange<UInt64>)
    func model(seed: UInt64) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        try await TestServer.with(group: group) { server in
            let access = RoomSecret().accessKey
            var people: [Person] = []
            for number in 0..<8 {
                let person = Person(number, seed: seed, server, access)
                try await person.come()
                people.append(person)
            }
            try await withThrowingTaskGroup { tasks in
                for person in people { tasks.addTask { try await person.live(steps: 80) } }
                try await tasks.waitForAll()
            }
            // Everybody is here now and has no more to say.
            for person in people { try await person.hearAnswers() }
            try await people[0].say("end")
            for person in people { try await person.hear("end") }
            try await check(people)
        }
        try await group.shutdownGracefully()
    }

    private func check(_ people: [Person]) async throws {
        var log: [UInt64: String] = [:]
        for person in people {
            for (sequence, text) in await person.heard {
                #expect(log[sequence] ?? text == text, "one number, one entry")
                log[sequence] = text
            }
        }
        #expect(Set(log.values).count == log.count, "no entry is there twice")
        let numbers = log.keys.sorted()
        var here: Set<AttachmentID> = []
        for person in people {
            for life in await person.lives {
                let due = numbers.filter { $0 > life.start && $0 <= life.last }
                #expect(life.seen == due, "all of its time, once, in order")
            }
            for text in await person.answered { #expect(log.values.contains(text)) }
            here.insert(await person.attachment)
        }
        for person in people {
            let others = here.subtracting([await person.attachment])
            #expect(
                await person.view == Dictionary(uniqueKeysWithValues: others.map { ($0, .here) }))
        }
    }
}

/// From an attach as founder or newcomer to a leave.
private struct Life {
    var start: UInt64
    var last: UInt64
    var seen: [UInt64] = []
}

private actor Person {
    private let number: Int
    private let server: TestServer
    private let access: AccessKey
    private var random: SplitMix
    private var client: TestClient?
    private var attached: ServerFrame.Attached?
    private var unanswered: [(id: UInt128, text: String)] = []
    private var said: UInt128 = 0
    private(set) var lives: [Life] = []
    private(set) var heard: [UInt64: String] = [:]
    private(set) var answered: [String] = []
    private(set) var view: [AttachmentID: Presence.State] = [:]

    init(_ number: Int, seed: UInt64, _ server: TestServer, _ access: AccessKey) {
        self.number = number
        self.server = server
        self.access = access
        random = SplitMix(seed: seed << 8 | UInt64(number))
    }

    var attachment: AttachmentID { attached?.attachment ?? AttachmentID(0) }

    // MARK: What one does

    func live(steps: Int) async throws {
        for _ in 0..<steps {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<10:
                for _ in 0..<Int.random(in: 1...5, using: &random) { try await say(nil) }
            case 10..<15: try await hearPong()
            case 15..<17:
                await client?.breakOff()
                try await resume()
            case 17..<19:
                // The old connection still stands: the new one takes over.
                let old = client
                try await resume()
                await old?.close()
            default: if number > 0 { try await leave() }
            }
        }
    }

    func come() async throws {
        let (client, attached) = try await server.join(access)
        #expect(attached.standing != .resumed)
        let start = attached.position.sequence
        lives.append(Life(start: start, last: start))
        take(client, attached)
    }

    private func resume() async throws {
        let resume = attached?.resume(after: lives[lives.count - 1].last)
        let (client, attached) = try await server.join(access, resume: resume)
        #expect(attached.standing == .resumed && attached.attachment == attachment)
        #expect(attached.position.sequence == resume?.after.sequence)
        take(client, attached)
        for (id, text) in unanswered { try await client.say(text, id: id) }
    }

    private func take(_ client: TestClient, _ attached: ServerFrame.Attached) {
        self.client = client
        self.attached = attached
        view = Dictionary(uniqueKeysWithValues: attached.roster.map { ($0.attachment, $0.state) })
    }

    private func leave() async throws {
        try await client?.send(.leave)
        _ = try await hear { $0 == .goodbye(.left) }
        await client?.close()
        unanswered = []
        try await come()
    }

    func say(_ text: String?) async throws {
        said += 1
        let id = UInt128(number) << 64 | said
        let text = text ?? "\(number).\(said)"
        unanswered.append((id, text))
        try await client?.say(text, id: id)
    }

    // MARK: What one hears

    private func hearPong() async throws {
        said += 1
        let ping = UInt64(said)
        try await client?.send(.ping(ping))
        try await hear { $0 == .pong(ping) }
    }

    func hearAnswers() async throws {
        if !unanswered.isEmpty { try await hear { [self] _ in unanswered.isEmpty } }
    }

    func hear(_ text: String) async throws {
        if !heard.values.contains(text) {
            try await hear { [self] _ in heard.values.contains(text) }
        }
    }

    /// Hears frames until one that is waited for has been heard.
    private func hear(until isLast: (ServerFrame) -> Bool) async throws {
        while true {
            guard let frame = try await client?.next() else { throw Unexpected(frame: nil) }
            try hear(frame)
            if isLast(frame) { return }
        }
    }

    private func hear(_ frame: ServerFrame) throws {
        switch frame {
        case .entry(let entry): note(entry.sequence, String(decoding: entry.payload, as: UTF8.self))
        case .appended(let appended):
            guard let index = unanswered.firstIndex(where: { $0.id == appended.id.number }) else {
                throw Unexpected(frame: frame)
            }
            let text = unanswered.remove(at: index).text
            answered.append(text)
            if appended.duplicate {
                #expect(heard[appended.sequence] == text, "the same answer as the first time")
            } else {
                note(appended.sequence, text)
            }
        case .presence(let presence):
            view[presence.attachment] = presence.state == .gone ? nil : presence.state
        case .pong, .goodbye(.left): break
        default: throw Unexpected(frame: frame)
        }
    }

    private func note(_ sequence: UInt64, _ text: String) {
        let index = lives.count - 1
        #expect(sequence > lives[index].last, "in increasing order")
        lives[index].last = sequence
        lives[index].seen.append(sequence)
        heard[sequence] = text
    }
}
