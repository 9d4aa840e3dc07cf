import Classic
import Testing

/// Captures that somebody made to do harm, or that a disk did harm to.
@Suite("Hostile captures")
struct HostileTests {
    private static func samples() throws -> [[UInt8]] {
        let packets = try FourLines().packets
        return [
            CaptureFile.pcap(packets), CaptureFile.pcap(packets, link: .cooked2),
            CaptureFile.pcapng(packets), CaptureFile.pcapng(packets, isLittleEndian: false),
        ]
    }

    @Test("what is no capture is told so")
    func noCapture() {
        for bytes in [Array("hello, this is text".utf8), [0, 1, 2, 3, 4], [0xD4, 0xC3, 0xB2]] {
            #expect(CaptureReport(of: bytes).error == .notACapture)
        }
        #expect(CaptureReport(of: [0x1F, 0x8B, 8, 0, 0]).error == .compressed)
        #expect(CaptureReport(of: [0x28, 0xB5, 0x2F, 0xFD, 0]).error == .compressed)
        #expect(CaptureReport(of: []).packets == 0)
    }

    @Test("a capture that was cut says so, and what is before the cut is read")
    func cut() throws {
        for file in try Self.samples() {
            let whole = CaptureReport(of: file)
            for size in stride(from: 24, to: file.count, by: 37) {
                let report = CaptureReport(of: Array(file.prefix(size)))
                #expect(report.packets <= whole.packets)
                #expect(report.texts.count <= 4)
                #expect(Array(FourLines.texts.prefix(report.texts.count)) == report.texts)
            }
        }
    }

    @Test("a length beyond the limits ends the reading, with what was read before")
    func lengths() throws {
        var pcap = CaptureFile.pcap(try FourLines().packets)
        let second = 24 + 16 + 14 + 40
        pcap.replaceSubrange((second + 8)..<(second + 12), with: little(UInt32.max))
        let report = CaptureReport(of: pcap)
        #expect(report.error == .damaged)
        #expect(report.packets == 1)
        // A block that says it is 4 GiB, one of 4 bytes, and one whose lengths differ.
        var pcapng = CaptureFile.pcapng(try FourLines().packets)
        for length in [UInt32.max, 4, 13, 40] {
            pcapng.replaceSubrange(32..<36, with: little(length))
            #expect(CaptureReport(of: pcapng).error == .damaged)
        }
    }

    @Test("a packet of an interface that is not there ends the reading")
    func interface() throws {
        var file = CaptureFile.pcapng(try FourLines().packets)
        let packet = try #require(file.firstRange(of: little(UInt32(6)) + little(UInt32(88))))
        file[packet.lowerBound + 8] = 9
        #expect(CaptureReport(of: file).error == .damaged)
    }

    @Test("bytes changed by chance never do harm, in any format", arguments: 0..<25)
    func changed(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for sample in try Self.samples() {
            var file = sample
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let place = Int.random(in: 0..<file.count, using: &random)
                file[place] = UInt8.random(in: 0...255, using: &random)
            }
            let report = CaptureReport(of: file)
            #expect(report.packets <= 100)
            // The pieces in which it comes do not matter, whatever it is.
            let again = CaptureReport(of: file, pieces: 5)
            #expect(again.texts == report.texts)
            #expect(again.packets == report.packets)
        }
    }

    @Test("random segments of a connection never do harm", arguments: 0..<20)
    func randomSegments(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 1000)
        var wire = Wire()
        wire.shakeHands()
        wire.serverSays(ClassicKeyLine.encode(number: 198))
        for _ in 0..<300 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: wire.clientSequence &+= UInt32.random(in: 0...3000, using: &random)
            case 1: wire.clientSequence &-= UInt32.random(in: 0...3000, using: &random)
            case 2: wire.clientSequence = UInt32.random(in: 0 ... .max, using: &random)
            default: break
            }
            let length = Int.random(in: 0...50, using: &random)
            let header = ClassicHeader(
                kind: Bool.random(using: &random) ? .message : .file, length: length)
            let body = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            wire.clientSays(header.encoded + body)
        }
        let report = CaptureReport(of: CaptureFile.pcap(wire.packets))
        #expect(report.connections == 1)
        #expect(report.texts.count <= 700)
    }

    @Test("what waits for a hole that never closes is bounded, and is given in the end")
    func hole() throws {
        var wire = Wire()
        wire.segmentSize = 60_000
        wire.shakeHands()
        wire.serverSays(ClassicKeyLine.encode(number: 198))
        wire.clientSequence &+= 100
        let frame = try ClassicFrame(
            .message([UInt8](repeating: 65, count: 1 << 20)), key: .init(number: 198))
        for _ in 0..<12 { wire.clientSays(frame.bytes) }
        let report = CaptureReport(of: CaptureFile.pcap(wire.packets))
        #expect(report.texts.count == 12)
    }

    @Test("clocks of any kind do not overflow")
    func clocks() throws {
        let packets = try FourLines().packets
        let usual = CaptureFile.pcapng(packets)
        let option = little(UInt16(9)) + little(UInt16(1)) + [9]
        let place = try #require(usual.firstRange(of: option)).upperBound - 1
        for resolution in UInt8.min...UInt8.max {
            var file = usual
            file[place] = resolution
            #expect(CaptureReport(of: file).packets == packets.count)
        }
    }
}

@Suite("The search for the key")
struct KeySearchTests {
    @Test(
        "text of many languages is found, whatever the key",
        arguments: [
            "ann: the quick brown fox jumps over the lazy dog",
            "léa: où est-ce que tu vas ce soir ? à bientôt",
            "Jürgen: wir müssen noch über den Bericht reden, später",
            "Анна: привет, как дела? всё хорошо, до завтра",
            "Γιώργος: καλημέρα, τι κάνεις σήμερα;",
            "田中: こんにちは、今日はいい天気ですね",
            "נועה: שלום, מה שלומך היום",
            "SHOUTING: ALL IN CAPITALS AND NUMBERS 1234567890",
        ])
    func languages(text: String) {
        for value in stride(from: UInt8.min, through: .max, by: 17) {
            let key = ClassicKey(value: value)
            let found = KeySearch.search([key.apply(text.utf8)])
            #expect(found?.key == key)
        }
    }

    @Test("nothing is found in nothing, and little text is called a guess")
    func little() {
        #expect(KeySearch.search([]) == nil)
        #expect(KeySearch.search([[]]) == nil)
        #expect(KeySearch.search([[7]])?.isSure == false)
    }
}
