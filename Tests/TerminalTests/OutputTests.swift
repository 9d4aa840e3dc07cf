import Synchronization
import Terminal
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct OutputTests {
    private let live = LiveRegion(rows: ["> "])

    @Test("frames keep their distance, lines gather until the next one, and silence costs nothing")
    func pacing() {
        let start = ContinuousClock.now
        var pacer = FramePacer(live: live)
        #expect(pacer.take(at: start)?.lines == [])
        pacer.written()
        #expect(pacer.deadline(at: start) == nil)
        pacer.show(live)
        #expect(pacer.deadline(at: start) == nil)
        var frames = 0
        var lines: [StyledText] = []
        for milliseconds in 1...1_000 {
            let now = start.advanced(by: .milliseconds(milliseconds))
            pacer.print([StyledText("line \(milliseconds)")])
            guard let frame = pacer.take(at: now) else { continue }
            frames += 1
            lines += frame.lines
            pacer.written()
        }
        let end = start.advanced(by: .seconds(9))
        lines += pacer.takeWhatever(at: end).lines
        #expect((29...31).contains(frames))
        #expect(lines == (1...1_000).map { StyledText("line \($0)") })
    }

    @Test("while the terminal takes nothing, lines wait and only the newest live region counts")
    func blocked() {
        var now = ContinuousClock.now
        var pacer = FramePacer(live: live)
        _ = pacer.take(at: now)
        for number in 0..<FramePacer.maximumWaiting {
            #expect(!pacer.isFull)
            now = now.advanced(by: .seconds(1))
            pacer.print([StyledText("line \(number)")])
            pacer.show(LiveRegion(rows: [StyledText("\(number)")]))
            #expect(pacer.deadline(at: now) == nil)
        }
        #expect(pacer.isFull)
        pacer.written()
        let frame = pacer.take(at: now)
        #expect(frame?.lines.count == FramePacer.maximumWaiting)
        #expect(frame?.live.rows == [StyledText("\(FramePacer.maximumWaiting - 1)")])
        #expect(!pacer.isFull)
        pacer.written()
        pacer.invalidate()
        #expect(pacer.deadline(at: now) != nil)
    }

    @Test(
        "a reader that takes nothing holds up nobody, and gets everything in the end",
        .timeLimit(.minutes(1)))
    func writer() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        let rounds = Atomic(0)
        var expected = 0
        do {
            let writer = TerminalWriter(to: writing) { rounds.add(1, ordering: .relaxed) }
            #expect(writer.isIdle)
            #expect(writer.finish(within: 0))
            // More than a pipe holds.
            for _ in 0..<50 {
                writer.write(String(repeating: "x", count: 9_000))
                expected += 9_000
            }
            #expect(!writer.finish(within: 1))
            #expect(!writer.isIdle)
            var got = 0
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while got < expected {
                let count = read(reading, &buffer, buffer.count)
                try #require(count > 0)
                got += count
            }
            #expect(writer.finish(within: 60_000))
            #expect(writer.isIdle && !writer.hasFailed)
        }
        #expect(rounds.load(ordering: .relaxed) > 0)
        close(writing)
    }

    @Test("a reader that went away is noticed", .timeLimit(.minutes(1)))
    func broken() throws {
        QuietSignals.ignore()
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        let writer = TerminalWriter(to: ends[1]) {}
        writer.write("x")
        #expect(!writer.finish(within: 60_000))
        #expect(writer.hasFailed)
        close(ends[1])
    }
}
