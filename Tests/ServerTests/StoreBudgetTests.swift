import NIOCore
import NIOPosix
import Testing
import Wire

@testable import Server

/// What all rooms keep together: the largest gives way, and each has its reserve.
@Suite("The store's budget") struct StoreBudgetTests {
    @Test("the largest come down to one level, and nobody below the reserve")
    func level() {
        func level(_ costs: [Int], excess: Int) -> Int {
            StoreBudget.level(of: costs, excess: excess, reserve: 10)
        }
        #expect(level([100, 20, 30], excess: 50) == 50)
        #expect(level([100, 90, 30], excess: 70) == 60)
        #expect(level([100, 90, 30], excess: 190) == 10)
        #expect(level([100, 90, 30], excess: 1000) == 10)
        #expect(level([5, 5], excess: 3) == 10)
        #expect(level([], excess: 3) == 10)
    }

    @Test(
        "a room that fills the store gives way to a new one, on this loop or another",
        .timeLimit(.minutes(1)), arguments: [1, 2])
    func largestGivesWay(loops: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        var limits = ServerLimits()
        limits.bytesInAllRooms = 1 << 20
        let store = EmbeddedRoomStore(limits: limits)
        let large = try await StoreHarness.open(store, room: .test(1), on: group.next())
        let begin = try await large.read().start
        for id in 1...6000 { _ = try await large.append(UInt128(id), "") }
        #expect(store.bytes > 900 << 10, "it had all there was")
        let small = try await StoreHarness.open(store, room: .test(2), on: group.next())
        let text = String(repeating: "x", count: 8000)
        for id in 1...30 {
            // What it may take before the other loop has let go is more than each of these.
            #expect(try await small.append(UInt128(id), text).isAppended)
            try await large.sweep()
            #expect(store.bytes < (1 << 20) * 9 / 8)
        }
        let kept = try await small.read(
            after: Position(log: try await small.read().start.log, sequence: 0))
        #expect(kept.items.count == 30, "the smaller room keeps all")
        guard case .gap? = try await large.read(after: begin).fed.first else {
            Issue.record("the largest room's oldest are gone")
            return
        }
        try await large.close()
        try await small.close()
        #expect(store.bytes == 0)
        try await group.shutdownGracefully()
    }

    @Test("a stranger with many rooms takes nobody's reserve", .timeLimit(.minutes(1)))
    func reserve() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var limits = ServerLimits()
        limits.bytesInAllRooms = 2 << 20
        limits.reservedBytesPerRoom = 64 << 10
        let store = EmbeddedRoomStore(limits: limits)
        let honest = try await StoreHarness.open(store, room: .test(1), on: loop)
        let begin = try await honest.read().start
        let said = try await honest.appendAll(1...100)
        var strangers: [StoreHarness] = []
        for number in 2...20 as ClosedRange<UInt8> {
            let stranger = try await StoreHarness.open(store, room: .test(number), on: loop)
            strangers.append(stranger)
            for id in 1...500 { _ = try await stranger.append(UInt128(id), "") }
        }
        #expect(store.bytes > 1 << 20 && store.bytes < (2 << 20) * 9 / 8)
        #expect(try await honest.read(after: begin).fed.count == said.count, "no gap")
        let more = try await honest.append(101, "more")
        #expect(more.isAppended)
        for stranger in strangers { try await stranger.close() }
    }

    @Test("the last commits of many rooms do not fill the store for good", .timeLimit(.minutes(1)))
    func commits() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var limits = ServerLimits()
        limits.bytesInAllRooms = 8 << 20
        let store = EmbeddedRoomStore(limits: limits)
        let commit = String(repeating: "x", count: 1_000_000)
        var strangers: [StoreHarness] = []
        for number in 2...20 as ClosedRange<UInt8> {
            let stranger = try await StoreHarness.open(store, room: .test(number), on: loop)
            strangers.append(stranger)
            #expect(try await stranger.append(1, commit, kind: .commit).isAppended)
        }
        #expect(store.bytes < 9 << 20)
        let honest = try await StoreHarness.open(store, room: .test(1), on: loop)
        #expect(try await honest.append(1, "founded").isAppended)
        for stranger in strangers { try await stranger.close() }
    }

    @Test("places that a burst took are given back")
    func compaction() {
        var window = LogWindow()
        var memory = AppendMemory()
        let now = NIODeadline.now()
        for number in 1...5000 as ClosedRange<UInt64> {
            let append = LogAppend(
                id: AppendID(number: UInt128(number)), sender: AttachmentID(1), kind: .message,
                epoch: 0, payload: ByteBuffer())
            window.append(LogEntry(sequence: number, append: append), now: now, numbersKept: 100)
            memory.remember(
                append.id, sequence: number, now: now, lifetime: .minutes(2), limit: 10_000)
        }
        let cost = (window.cost, memory.cost)
        while window.count > 3 { _ = window.evictOldest(numbersKept: 100) }
        for _ in 0..<4998 { _ = memory.forgetOldest() }
        window.compact()
        memory.compact()
        #expect(window.cost < cost.0 / 100 && memory.cost < cost.1 / 100)
        #expect(window.places <= 256 && memory.places <= 64)
        #expect(window.items(after: 4997).count == 3)
        let id = AppendID(number: 5000)
        #expect(memory.sequence(of: id, now: now, lifetime: .minutes(2)) == 5000)
    }
}

@Suite("The numbers of a log") struct SequenceNumbersTests {
    @Test("they begin anywhere, grow by random steps, and stay below what JSON can hold")
    func steps() {
        var starts: Set<UInt64> = []
        var steps: [UInt64: Int] = [:]
        for _ in 0..<100 {
            var numbers = SequenceNumbers()
            starts.insert(numbers.last)
            for _ in 0..<1000 {
                let before = numbers.last
                steps[numbers.next() - before, default: 0] += 1
            }
            #expect(numbers.last < 1 << 53)
        }
        #expect(starts.count > 95, "two logs begin at the same place by a rare chance")
        #expect(Set(steps.keys) == Set(1...SequenceNumbers.largestStep))
        // 100,000 steps over 16 values: 6,250 of each, give or take 77; 500 is far beyond chance.
        #expect(steps.values.allSatisfy { abs($0 - 6250) < 500 })
    }

    @Test(
        "a stranger's own numbers are the same whatever others say meanwhile",
        .timeLimit(.minutes(1)))
    func nothingOfOthers() async throws {
        let store = EmbeddedRoomStore(limits: ServerLimits())
        let others = try await StoreHarness.open(store, room: .test(1))
        let stranger = try await StoreHarness.open(store, room: .test(2))
        var last = try await stranger.read().start.sequence
        for id in 1...200 {
            for other in 0..<20 { _ = try await others.append(UInt128(id * 20 + other)) }
            let number = try #require(try await stranger.append(UInt128(id)).sequence)
            #expect((1...SequenceNumbers.largestStep).contains(number - last))
            last = number
        }
    }
}
