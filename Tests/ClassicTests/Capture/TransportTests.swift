import Classic
import Testing

/// What networks do to a connection must not change what is read in it.
@Suite("TCP in captures")
struct TransportTests {
    /// One client that says so many things in small segments, after handshake and number.
    private func talk(
        _ texts: [String], segmentSize: Int = 40, showsKey: Bool = true
    ) throws -> Wire {
        var wire = Wire()
        wire.segmentSize = segmentSize
        if showsKey {
            wire.shakeHands()
            wire.serverSays(ClassicKeyLine.encode(number: 198))
        }
        for text in texts {
            wire.clientSays(
                try ClassicFrame(.message(Array(text.utf8)), key: .init(number: 198)).bytes)
        }
        return wire
    }

    private static let texts = (1...40).map { number in
        "ann: line \(number) " + String(repeating: "and so on ", count: number % 7)
    }

    @Test("retransmitted and reordered segments change nothing", arguments: 0..<20)
    func disorder(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let wire = try talk(Self.texts)
        let head = Array(wire.packets.prefix(4))
        var rest = Array(wire.packets.dropFirst(4))
        // Neighbours change places, some packets come twice, the second time much later.
        for index in rest.indices.dropFirst() where Bool.random(using: &random) {
            rest.swapAt(index, index - 1)
        }
        for packet in rest where Int.random(in: 0..<4, using: &random) == 0 {
            rest.insert(packet, at: Int.random(in: 0...rest.count, using: &random))
        }
        for (index, _) in rest.enumerated() {
            rest[index].time = UInt64(1_700_000_001 + index) * 1_000_000_000
        }
        let report = CaptureReport(of: CaptureFile.pcap(head + rest))
        #expect(report.texts == Self.texts)
    }

    @Test("a repeat that overlaps, and a first copy that counts")
    func overlap() throws {
        let wire = try talk(["ann: " + String(repeating: "abcdefghij", count: 10)])
        var again = Wire()
        again.clientSequence = Wire().clientSequence &+ 1
        again.segmentSize = 70
        // The same place in the stream, other bytes, other cuts: what came first stays.
        again.clientSays([UInt8](repeating: 1, count: 110))
        let packets = wire.packets.prefix(5) + again.packets + wire.packets.dropFirst(5)
        let report = CaptureReport(of: CaptureFile.pcap(Array(packets)))
        let text = try #require(report.texts.first)
        #expect(text.hasPrefix("ann: abcdefghij"))
        #expect(report.texts.count == 1)
    }

    @Test("what is missing inside a message is said, and the next is read")
    func gapInside() throws {
        var wire = try talk(
            ["ann: " + String(repeating: "x", count: 115), "ann: next"], segmentSize: 40)
        // Handshake, number, then 130 bytes in segments of 40, 40, 40 and 10.
        wire.packets.remove(at: 5)
        let report = CaptureReport(of: CaptureFile.pcap(wire.packets))
        let first =
            "ann: " + String(repeating: "x", count: 25) + "[40]"
            + String(repeating: "x", count: 50)
        #expect(report.texts == [first, "ann: next"])
    }

    @Test("a header that is missing costs its message alone")
    func gapAtHeader() throws {
        var wire = try talk(Array(Self.texts.prefix(10)), segmentSize: 5000)
        wire.packets.remove(at: 4 + 3)
        var expected = Array(Self.texts.prefix(10))
        expected.remove(at: 3)
        #expect(CaptureReport(of: CaptureFile.pcap(wire.packets)).texts == expected)
    }

    @Test("any segment may be missing: all others are read", arguments: 0..<30)
    func randomGaps(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let whole = try talk(Self.texts, segmentSize: Int.random(in: 30...200, using: &random))
        var wire = whole
        let lost = Int.random(in: 4..<wire.packets.count, using: &random)
        wire.packets.remove(at: lost)
        let texts = CaptureReport(of: CaptureFile.pcap(wire.packets)).texts
        let complete = texts.filter { !$0.contains("[") }
        // A lost segment touches few messages; no other is lost, none is invented or out of order.
        #expect(complete.count >= Self.texts.count - 8)
        var rest = Self.texts[...]
        for text in complete {
            let place = rest.firstIndex(of: text)
            #expect(place != nil, "\(text)")
            rest = rest[((place ?? rest.startIndex) + 1)...]
        }
    }

    @Test("a capture may begin in the middle of a message", arguments: 0..<12)
    func middle(dropped: Int) throws {
        var wire = try talk(Self.texts, segmentSize: 64, showsKey: false)
        wire.packets.removeFirst(dropped)
        let texts = CaptureReport(of: CaptureFile.pcap(wire.packets)).texts
        #expect(texts.count >= Self.texts.count - dropped - 1)
        #expect(texts == Array(Self.texts.suffix(texts.count)))
    }

    @Test("packets that were cut by the capture leave gaps, not nonsense")
    func snapped() throws {
        var wire = try talk(
            ["ann: first", "ann: " + String(repeating: "y", count: 500), "ann: last"],
            segmentSize: 5000)
        let long = 5
        wire.packets[long].ip.removeLast(100)
        let texts = CaptureReport(of: CaptureFile.pcap(wire.packets)).texts
        #expect(
            texts == [
                "ann: first", "ann: " + String(repeating: "y", count: 400) + "[100]", "ann: last",
            ])
    }

    @Test("fragments are counted, not read")
    func fragments() throws {
        var wire = try talk(["ann: one", "ann: two", "ann: three"], segmentSize: 5000)
        wire.packets[5].ip[6] = 0x20
        let report = CaptureReport(of: CaptureFile.pcap(wire.packets))
        #expect(report.fragments == 1)
        #expect(report.texts == ["ann: one", "ann: three"])
    }

    @Test("a message of megabytes in small segments is whole")
    func long() throws {
        let text = "ann: " + String(repeating: "long ", count: 200_000)
        let wire = try talk([text, "ann: short"], segmentSize: 1448)
        #expect(CaptureReport(of: CaptureFile.pcap(wire.packets)).texts == [text, "ann: short"])
    }
}

/// The same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
