import NIOCore
import Synchronization
import Testing
import Wire

@testable import Server

/// A clock moved by hand.
final class HandClock: Sendable {
    private let offset = Atomic<Int64>(0)
    private let start = NIODeadline.now()

    var now: NIODeadline { start + .nanoseconds(offset.load(ordering: .relaxed)) }
    func advance(_ time: TimeAmount) { offset.add(time.nanoseconds, ordering: .relaxed) }
}

@Suite("The embedded room store") struct EmbeddedRoomStoreTests {
    @Test("entries go by count, and a reader is told how many it missed", .timeLimit(.minutes(1)))
    func byCount() async throws {
        var limits = ServerLimits()
        limits.entriesPerRoom = 3
        let log = try await StoreHarness.open(EmbeddedRoomStore(limits: limits))
        let begin = try await log.read().start
        let numbers = try await log.appendAll(1...5)
        #expect(
            try await log.read(after: begin).fed == [
                .gap(numbers[1], 2), .entry(numbers[2], "3"), .entry(numbers[3], "4"),
                .entry(numbers[4], "5"),
            ])
        let afterOne = Position(log: begin.log, sequence: numbers[0])
        #expect(try await log.read(after: afterOne).fed.first == .gap(numbers[1], 1))
        let afterTwo = Position(log: begin.log, sequence: numbers[1])
        #expect(try await log.read(after: afterTwo).fed.first == .entry(numbers[2], "3"))
    }

    @Test("when even the numbers are gone, the gap has no count", .timeLimit(.minutes(1)))
    func uncounted() async throws {
        var limits = ServerLimits()
        limits.entriesPerRoom = 1
        limits.evictedNumbersPerRoom = 2
        let log = try await StoreHarness.open(EmbeddedRoomStore(limits: limits))
        let begin = try await log.read().start
        let numbers = try await log.appendAll(1...5)
        #expect(
            try await log.read(after: begin).fed == [
                .gap(numbers[3], nil), .entry(numbers[4], "5"),
            ]
        )
        let afterTwo = Position(log: begin.log, sequence: numbers[1])
        #expect(
            try await log.read(after: afterTwo).fed == [
                .gap(numbers[3], 2), .entry(numbers[4], "5"),
            ]
        )
    }

    @Test("entries go by bytes of their room", .timeLimit(.minutes(1)))
    func byBytes() async throws {
        var limits = ServerLimits()
        limits.bytesPerRoom = 40_000
        let store = EmbeddedRoomStore(limits: limits)
        let log = try await StoreHarness.open(store)
        let text = String(repeating: "x", count: 12_000)
        for id in 1...10 {
            #expect(try await log.append(UInt128(id), text).isAppended)
            #expect(store.bytes < 4 * (16 << 10), "three buffers, and little besides")
        }
        let large = String(repeating: "x", count: 40_000)
        #expect(try await log.append(99, large) == .refused(.tooLarge))
    }

    @Test("entries go by age, ids after two minutes", .timeLimit(.minutes(1)))
    func byAge() async throws {
        let clock = HandClock()
        let store = EmbeddedRoomStore(limits: ServerLimits(), now: { clock.now })
        let log = try await StoreHarness.open(store)
        let begin = try await log.read().start
        let old = try #require(try await log.append(1, "old").sequence)
        clock.advance(.seconds(119))
        #expect(try await log.append(1) == .appended(sequence: old, duplicate: true))
        clock.advance(.seconds(2))
        let again = try #require(try await log.append(1, "again").sequence)
        #expect(again > old)
        clock.advance(.minutes(4))
        try await log.sweep()
        #expect(try await log.read(after: begin).fed == [.gap(old, 1), .entry(again, "again")])
    }

    @Test(
        "the last commit stays however old it is, with plain gaps around it",
        .timeLimit(.minutes(1)))
    func lastCommit() async throws {
        var limits = ServerLimits()
        limits.entriesPerRoom = 3
        let store = EmbeddedRoomStore(limits: limits)
        let log = try await StoreHarness.open(store)
        let begin = try await log.read().start
        var numbers = try await log.appendAll(1...1)
        for epoch in 0...1 as ClosedRange<UInt64> {
            let commit = try await log.append(
                UInt128(epoch) + 2, "commit", kind: .commit, epoch: epoch)
            numbers.append(try #require(commit.sequence))
        }
        numbers += try await log.appendAll(4...8)
        #expect(
            try await log.read(after: begin).fed == [
                .gap(numbers[1], 2), .entry(numbers[2], "commit"), .gap(numbers[5], 3),
                .entry(numbers[6], "7"), .entry(numbers[7], "8"),
            ])
        let next = try await log.append(9, "next", kind: .commit, epoch: 2)
        numbers.append(try #require(next.sequence))
        #expect(
            try await log.read(after: begin).fed == [
                .gap(numbers[6], 7), .entry(numbers[7], "8"), .entry(numbers[8], "next"),
            ])
    }

    @Test("a closed room gives its bytes back", .timeLimit(.minutes(1)))
    func closing() async throws {
        let store = EmbeddedRoomStore(limits: ServerLimits())
        do {
            let log = try await StoreHarness.open(store)
            _ = try await log.append(1, String(repeating: "x", count: 5000))
            #expect(store.bytes > 5000)
            try await log.close()
        }
        #expect(store.bytes == 0)
    }

    @Test("tiny entries and their ids count for what they take", .timeLimit(.minutes(1)))
    func tiny() async throws {
        var limits = ServerLimits()
        limits.entriesPerRoom = 10
        limits.bytesInAllRooms = 20_000
        let store = EmbeddedRoomStore(limits: limits)
        let log = try await StoreHarness.open(store)
        for id in 1...10 { _ = try await log.append(UInt128(id), "") }
        #expect(store.bytes > 3000, "an entry of no bytes takes some hundred, with its id")
        var last: UInt64?
        for id in 11...1000 {
            last = try await log.append(UInt128(id), "").sequence
            #expect(store.bytes <= 20_500)
        }
        let repeated = try await log.append(1000)
        #expect(repeated == .appended(sequence: try #require(last), duplicate: true))
        try await log.close()
        #expect(store.bytes == 0)
    }

    @Test("ids are remembered in a bounded number")
    func boundedIDs() {
        var memory = AppendMemory()
        let now = NIODeadline.now()
        for id in 1...10 {
            memory.remember(
                AppendID(number: UInt128(id)), sequence: UInt64(id), now: now,
                lifetime: .minutes(2), limit: 4)
        }
        let known = (1...10).filter {
            memory.sequence(
                of: AppendID(number: UInt128($0)), now: now, lifetime: .minutes(2)) != nil
        }
        #expect(known == [7, 8, 9, 10])
    }

    @Test("injected faults end an append as they say", .timeLimit(.minutes(1)))
    func faults() async throws {
        let store = FaultyRoomStore(EmbeddedRoomStore(limits: ServerLimits()))
        let log = try await StoreHarness.open(store)
        store.inject(.unavailable)
        #expect(try await log.append(1) == .failed(.unavailable))
        #expect(try await log.append(1).isAppended)
        store.inject(.unknownButAppended)
        #expect(try await log.append(2) == .failed(.outcomeUnknown))
        guard case .entry(let second, _)? = try await log.fed().last else {
            Issue.record("the second entry is in the log")
            return
        }
        #expect(try await log.append(2) == .appended(sequence: second, duplicate: true))
        store.inject(.unknownAndLost)
        #expect(try await log.append(3) == .failed(.outcomeUnknown))
        #expect(try await log.append(3).isAppended)
        #expect(try await log.fed().count == 3)
    }
}

extension AppendOutcome {
    /// Appended, and not as a repeat.
    var isAppended: Bool { if case .appended(_, duplicate: false) = self { true } else { false } }
}
