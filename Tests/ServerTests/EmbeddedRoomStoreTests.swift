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
    @Test("numbers are not contiguous: one counter serves all rooms", .timeLimit(.minutes(1)))
    func oneCounter() async throws {
        let store = EmbeddedRoomStore(limits: ServerLimits())
        let first = try await StoreHarness.open(store, room: .test(1))
        let second = try await StoreHarness.open(store, room: .test(2))
        let one = try await first.append(1).sequence
        let two = try await second.append(1).sequence
        let three = try await first.append(2).sequence
        #expect([one, two, three] == [1, 2, 3])
    }

    @Test("entries go by count, and a reader is told how many it missed", .timeLimit(.minutes(1)))
    func byCount() async throws {
        var limits = ServerLimits()
        limits.entriesPerRoom = 3
        let log = try await StoreHarness.open(EmbeddedRoomStore(limits: limits))
        let begin = try await log.read().start
        for id in 1...5 { _ = try await log.append(UInt128(id), "\(id)") }
        #expect(
            try await log.read(after: begin).fed == [
                .gap(2, 2), .entry(3, "3"), .entry(4, "4"), .entry(5, "5"),
            ])
        let afterOne = Position(log: begin.log, sequence: 1)
        #expect(try await log.read(after: afterOne).fed.first == .gap(2, 1))
        let afterTwo = Position(log: begin.log, sequence: 2)
        #expect(try await log.read(after: afterTwo).fed.first == .entry(3, "3"))
    }

    @Test("when even the numbers are gone, the gap has no count", .timeLimit(.minutes(1)))
    func uncounted() async throws {
        var limits = ServerLimits()
        limits.entriesPerRoom = 1
        limits.evictedNumbersPerRoom = 2
        let log = try await StoreHarness.open(EmbeddedRoomStore(limits: limits))
        let begin = try await log.read().start
        for id in 1...5 { _ = try await log.append(UInt128(id), "\(id)") }
        #expect(try await log.read(after: begin).fed == [.gap(4, nil), .entry(5, "5")])
        let afterTwo = Position(log: begin.log, sequence: 2)
        #expect(try await log.read(after: afterTwo).fed == [.gap(4, 2), .entry(5, "5")])
    }

    @Test("entries go by bytes, of their room and of all rooms", .timeLimit(.minutes(1)))
    func byBytes() async throws {
        var limits = ServerLimits()
        limits.bytesPerRoom = 40_000
        limits.bytesInAllRooms = 60_000
        let store = EmbeddedRoomStore(limits: limits)
        let first = try await StoreHarness.open(store, room: .test(1))
        let second = try await StoreHarness.open(store, room: .test(2))
        let text = String(repeating: "x", count: 12_000)
        for id in 1...10 {
            _ = try await first.append(UInt128(id), text)
            #expect(store.bytes <= 44_000)
        }
        for id in 1...10 {
            _ = try await second.append(UInt128(id), text)
            #expect(store.bytes <= 64_000)
        }
        // A room that holds nothing cannot make place by letting its own go.
        let third = try await StoreHarness.open(store, room: .test(3))
        #expect(
            try await third.append(1, String(repeating: "x", count: 36_000)) == .refused(.full))
        #expect(
            try await first.append(99, String(repeating: "x", count: 40_000)) == .refused(.tooLarge)
        )
    }

    @Test("entries go by age, ids after two minutes", .timeLimit(.minutes(1)))
    func byAge() async throws {
        let clock = HandClock()
        let store = EmbeddedRoomStore(limits: ServerLimits(), now: { clock.now })
        let log = try await StoreHarness.open(store)
        let begin = try await log.read().start
        _ = try await log.append(1, "old")
        clock.advance(.seconds(119))
        #expect(try await log.append(1) == .appended(sequence: 1, duplicate: true))
        clock.advance(.seconds(2))
        #expect(try await log.append(1, "again") == .appended(sequence: 2, duplicate: false))
        clock.advance(.minutes(4))
        try await log.sweep()
        #expect(try await log.read(after: begin).fed == [.gap(1, 1), .entry(2, "again")])
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
        _ = try await log.append(1, "before")
        _ = try await log.append(2, "first", kind: .commit, epoch: 0)
        _ = try await log.append(3, "last", kind: .commit, epoch: 1)
        for id in 4...8 { _ = try await log.append(UInt128(id), "\(id)") }
        #expect(
            try await log.read(after: begin).fed == [
                .gap(2, 2), .entry(3, "last"), .gap(6, 3), .entry(7, "7"), .entry(8, "8"),
            ])
        _ = try await log.append(9, "next", kind: .commit, epoch: 2)
        #expect(
            try await log.read(after: begin).fed == [
                .gap(7, 7), .entry(8, "8"), .entry(9, "next"),
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
        #expect(store.bytes > 2000, "an entry of no bytes takes some hundred, with its id")
        for id in 11...1000 {
            #expect(try await log.append(UInt128(id), "").isAppended)
            #expect(store.bytes <= 20_500)
        }
        #expect(try await log.append(1000) == .appended(sequence: 1000, duplicate: true))
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
        #expect(try await log.append(1) == .appended(sequence: 1, duplicate: false))
        store.inject(.unknownButAppended)
        #expect(try await log.append(2) == .failed(.outcomeUnknown))
        #expect(try await log.append(2) == .appended(sequence: 2, duplicate: true))
        store.inject(.unknownAndLost)
        #expect(try await log.append(3) == .failed(.outcomeUnknown))
        #expect(try await log.append(3) == .appended(sequence: 3, duplicate: false))
        #expect(try await log.fed().count == 3)
    }
}

extension AppendOutcome {
    fileprivate var isAppended: Bool { if case .appended = self { true } else { false } }
}
