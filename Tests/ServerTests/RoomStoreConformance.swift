import NIOCore
import Testing
import Wire

@testable import Server

/// What every `RoomStore` promises. Another implementation passes by being added to `makers`.
@Suite("Every room store") struct RoomStoreConformance {
    struct Maker: Sendable, CustomTestStringConvertible {
        let name: String
        let make: @Sendable () -> any RoomStore
        var testDescription: String { name }
    }

    static let makers = [
        Maker(name: "embedded") { EmbeddedRoomStore(limits: ServerLimits()) },
        Maker(name: "embedded behind a wrapper without faults") {
            FaultyRoomStore(EmbeddedRoomStore(limits: ServerLimits()))
        },
    ]

    @Test(
        "numbers increase, are above zero, and the feed brings every entry once in order",
        .timeLimit(.minutes(1)), arguments: makers)
    func order(maker: Maker) async throws {
        let log = try await StoreHarness.open(maker.make())
        var sequences: [UInt64] = []
        for id in 1...20 {
            let outcome = try await log.append(UInt128(id), "entry \(id)")
            sequences.append(try #require(outcome.sequence))
        }
        #expect(sequences.first ?? 0 > 0)
        #expect(zip(sequences, sequences.dropFirst()).allSatisfy(<))
        let fed = try await log.fed()
        let expected = sequences.enumerated().map {
            StoreHarness.Fed.entry($1, "entry \($0 + 1)")
        }
        #expect(fed == expected)
    }

    @Test(
        "a repeat under the same id is answered with the first answer, not appended",
        .timeLimit(.minutes(1)), arguments: makers)
    func repeats(maker: Maker) async throws {
        let log = try await StoreHarness.open(maker.make())
        let first = try await log.append(1)
        _ = try await log.append(2)
        let second = try await log.append(1)
        let sequence = try #require(first.sequence)
        #expect(first == .appended(sequence: sequence, duplicate: false))
        #expect(second == .appended(sequence: sequence, duplicate: true))
        #expect(try await log.fed().count == 2)
    }

    @Test(
        "of two commits for one epoch the first wins and the other is told the epoch",
        .timeLimit(.minutes(1)), arguments: makers)
    func commits(maker: Maker) async throws {
        let log = try await StoreHarness.open(maker.make())
        #expect(try await log.append(1, kind: .commit, epoch: 0).sequence != nil)
        #expect(try await log.append(2, kind: .commit, epoch: 0) == .conflict(epoch: 1))
        #expect(try await log.append(3, kind: .commit, epoch: 2) == .conflict(epoch: 1))
        #expect(try await log.append(2, kind: .commit, epoch: 1).sequence != nil)
        #expect(try await log.read().epoch == 2)
        // The repeat of a commit that won is a repeat, although its epoch is over.
        guard
            case .appended(_, duplicate: true) = try await log.append(
                1, kind: .commit, epoch: 0)
        else { return #expect(Bool(false), "a repeated commit is a repeat") }
        #expect(try await log.fed().count == 2)
    }

    @Test("messages are taken in any epoch", .timeLimit(.minutes(1)), arguments: makers)
    func messages(maker: Maker) async throws {
        let log = try await StoreHarness.open(maker.make())
        _ = try await log.append(1, kind: .commit, epoch: 0)
        #expect(try await log.append(2).sequence != nil)
    }

    @Test(
        "a read without a position gives the end; one with a position, what came after",
        .timeLimit(.minutes(1)), arguments: makers)
    func reads(maker: Maker) async throws {
        let log = try await StoreHarness.open(maker.make())
        let begin = try await log.read()
        #expect(begin.items.isEmpty && begin.epoch == 0)
        let one = try #require(try await log.append(1, "one").sequence)
        let two = try #require(try await log.append(2, "two").sequence)
        #expect(
            try await log.read(after: begin.start).fed == [.entry(one, "one"), .entry(two, "two")])
        let afterOne = Position(log: begin.start.log, sequence: one)
        #expect(try await log.read(after: afterOne).fed == [.entry(two, "two")])
        let end = try await log.read()
        #expect(end.items.isEmpty && end.start == Position(log: begin.start.log, sequence: two))
    }

    @Test(
        "a position of another log, or beyond the end, reads from the end",
        .timeLimit(.minutes(1)), arguments: makers)
    func foreignPositions(maker: Maker) async throws {
        let log = try await StoreHarness.open(maker.make())
        let sequence = try #require(try await log.append(1).sequence)
        let end = try await log.read().start
        #expect(end.sequence == sequence)
        for position in [
            Position(log: .random(), sequence: 0), Position(log: end.log, sequence: .max),
        ] {
            let read = try await log.read(after: position)
            #expect(read.start == end && read.items.isEmpty)
        }
    }

    @Test(
        "rooms do not see each other, and a room begun anew has another log",
        .timeLimit(.minutes(1)), arguments: makers)
    func rooms(maker: Maker) async throws {
        let store = maker.make()
        let first = try await StoreHarness.open(store, room: .test(1))
        let second = try await StoreHarness.open(store, room: .test(2))
        _ = try await first.append(1, "first")
        _ = try await second.append(1, "second")
        #expect(try await first.fed().count == 1)
        #expect(try await second.fed().count == 1)
        let before = try await first.read().start.log
        try await first.close()
        let again = try await StoreHarness.open(store, room: .test(1))
        #expect(try await again.read().start.log != before)
    }
}
