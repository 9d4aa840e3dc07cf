import Classic
import Testing

/// The four lines, between two clients and a server, as they go over the wire.
struct FourLines {
    static let texts = ["ann: So it starts!", "bob: Right?", "ann: Yep!", "bob: Here we go!"]
    var number: UInt8 = 198
    var ann = Wire()
    var bob: Wire = {
        var wire = Wire()
        wire.client = Endpoint(address: [192, 0, 2, 2], port: 40_002)
        return wire
    }()
    /// Each text as a frame.
    private(set) var frames: [[UInt8]] = []

    init(number: UInt8 = 198, texts: [String] = Self.texts, showsKey: Bool = true) throws {
        self.number = number
        let key = ClassicKey(number: number)
        frames = try texts.map { try ClassicFrame(.message(Array($0.utf8)), key: key).bytes }
        ann.shakeHands()
        bob.shakeHands()
        ann.serverSays(ClassicKeyLine.encode(number: number))
        bob.serverSays(ClassicKeyLine.encode(number: number))
        if !showsKey { ann.packets = []; bob.packets = [] }
        ann.time += 1_000_000_000
        bob.time = ann.time
        for (index, frame) in frames.enumerated() {
            if index.isMultiple(of: 2) {
                ann.clientSays(frame)
                bob.time = ann.time
                bob.serverSays(frame)
                ann.time = bob.time
            } else {
                bob.clientSays(frame)
                ann.time = bob.time
                ann.serverSays(frame)
                bob.time = ann.time
            }
        }
    }

    var packets: [Packet] { (ann.packets + bob.packets).sorted { $0.time < $1.time } }
}

@Suite("Conversations in captures")
struct DecodeTests {
    @Test("every file format and kind of link is read, whatever pieces it comes in")
    func formats() throws {
        let packets = try FourLines().packets
        for link in Link.allCases {
            for isLittleEndian in [true, false] {
                let files = [
                    CaptureFile.pcap(packets, link: link, isLittleEndian: isLittleEndian),
                    CaptureFile.pcap(
                        packets, link: link, isLittleEndian: isLittleEndian, isNanoseconds: true),
                    CaptureFile.pcapng(packets, link: link, isLittleEndian: isLittleEndian),
                ]
                for file in files {
                    let report = CaptureReport(of: file)
                    #expect(report.texts == FourLines.texts, "\(link)")
                    #expect(report.conversations.first?.key == .seen(number: 198))
                    #expect(report.packets == packets.count)
                    #expect(report.error == nil && !report.endsEarly)
                    #expect(CaptureReport(of: file, pieces: 7).texts == FourLines.texts)
                }
            }
        }
    }

    @Test("times are the same in every format, to the microsecond")
    func times() throws {
        let packets = try FourLines().packets
        let files = [
            CaptureFile.pcap(packets), CaptureFile.pcap(packets, isNanoseconds: true),
            CaptureFile.pcapng(packets), CaptureFile.pcapng(packets, isLittleEndian: false),
        ]
        let times = files.map { file in
            CaptureReport(of: file).conversations.flatMap(\.utterances).map(\.time)
        }
        let first = try #require(times.first)
        #expect(first.count == 4 && first == first.sorted())
        for other in times { #expect(other == first) }
    }

    @Test("VLAN tags and the padding of short frames do not matter")
    func tagsAndPadding() throws {
        let packets = try FourLines().packets
        for tags in 0...2 {
            let file = CaptureFile.pcap(packets, tags: tags, padding: 6)
            #expect(CaptureReport(of: file).texts == FourLines.texts)
        }
    }

    @Test("IPv6 is read, with headers between")
    func ipv6() throws {
        var wire = Wire()
        wire.client = Endpoint(
            address: [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1], port: 5)
        wire.server = Endpoint(address: [UInt8](repeating: 0, count: 15) + [1], port: 7668)
        wire.shakeHands()
        wire.serverSays(ClassicKeyLine.encode(number: 3))
        wire.clientSays(
            try ClassicFrame(.message(Array("ann: hi".utf8)), key: .init(number: 3)).bytes)
        for link in Link.allCases {
            let report = CaptureReport(of: CaptureFile.pcap(wire.packets, link: link))
            #expect(report.texts == ["ann: hi"], "\(link)")
            #expect(report.conversations.first?.server.text == "[::1]:7668")
            #expect(report.conversations.first?.clients.first?.text == "[2001:db8::1]:5")
        }
    }

    @Test("addresses are written as people write them")
    func addresses() {
        func text(_ groups: [UInt16]) -> String {
            Endpoint(address: groups.flatMap { big($0) }, port: 1).text
        }
        #expect(text([0, 0, 0, 0, 0, 0, 0, 0]) == "[::]:1")
        #expect(text([1, 0, 0, 2, 0, 0, 0, 3]) == "[1:0:0:2::3]:1")
        #expect(text([1, 0, 0, 2, 0, 0, 3, 4]) == "[1::2:0:0:3:4]:1")
        #expect(text([1, 0, 2, 3, 4, 5, 6, 7]) == "[1:0:2:3:4:5:6:7]:1")
        #expect(Endpoint(address: [10, 0, 0, 255], port: 65535).text == "10.0.0.255:65535")
    }

    @Test(
        "a capture that began late is read by trying all keys",
        arguments: stride(from: UInt8.min, through: .max, by: 17).map { $0 })
    func late(number: UInt8) throws {
        let lines = try FourLines(number: number, showsKey: false)
        let report = CaptureReport(of: CaptureFile.pcap(lines.packets))
        #expect(report.texts == FourLines.texts)
        let key = try #require(report.conversations.first?.key)
        guard case .searched(let result, _) = key else {
            Issue.record("the key was not searched: \(key)")
            return
        }
        #expect(result.key == ClassicKey(number: number))
        #expect(result.isSure)
    }

    @Test("what one client alone sees is enough")
    func oneSide() throws {
        let lines = try FourLines()
        let report = CaptureReport(of: CaptureFile.pcap(lines.ann.packets))
        #expect(report.texts == FourLines.texts)
        let senders = report.conversations.flatMap(\.utterances).map { $0.sender?.port }
        #expect(senders == [40_001, nil, 40_001, nil])
    }

    @Test("who says the same again is heard again")
    func repeats() throws {
        let texts = ["ann: hi", "bob: hi", "ann: hi", "bob: hi", "ann: hi"]
        let lines = try FourLines(texts: texts)
        #expect(CaptureReport(of: CaptureFile.pcap(lines.packets)).texts == texts)
        #expect(CaptureReport(of: CaptureFile.pcap(lines.bob.packets)).texts == texts)
    }

    @Test("the number that one client was seen to get reads another's few words")
    func fewWords() throws {
        var lines = try FourLines(texts: ["ann: .", "bob: ,"])
        lines.bob.packets.removeFirst(4)
        #expect(CaptureReport(of: CaptureFile.pcap(lines.packets)).texts == ["ann: .", "bob: ,"])
    }

    @Test("a server that was started again has another key")
    func twoKeys() throws {
        var first = try FourLines(number: 1)
        var second = try FourLines(number: 2)
        for index in second.ann.packets.indices { second.ann.packets[index].time += 9_000_000_000 }
        first.bob.packets = []
        // The same ports once more, with other sequence numbers.
        var again = Wire()
        again.clientSequence = 77
        again.time = 1_700_000_009_000_000_000
        again.shakeHands()
        again.serverSays(ClassicKeyLine.encode(number: 2))
        again.clientSays(second.frames[0])
        let report = CaptureReport(of: CaptureFile.pcap(first.ann.packets + again.packets))
        #expect(report.conversations.map(\.key) == [.seen(number: 1), .seen(number: 2)])
        #expect(report.texts == FourLines.texts + [FourLines.texts[0]])
    }

    @Test("files are named, once, and the end by reset is counted")
    func files() throws {
        var wire = Wire()
        wire.shakeHands()
        wire.serverSays(ClassicKeyLine.encode(number: 198))
        for start in stride(from: 0, to: 5000, by: 1000) {
            let piece = ClassicPiece(
                sender: Array("ann".utf8), fileName: Array("a.bin".utf8), size: 5000,
                start: UInt64(start), bytes: [UInt8](repeating: 7, count: 1000))
            wire.clientSays(try ClassicFrame(.piece(piece), key: .init(number: 198)).bytes)
        }
        wire.reset()
        let report = CaptureReport(of: CaptureFile.pcap(wire.packets))
        #expect(report.texts == ["ann sends a.bin of 5000"])
        #expect(report.conversations.first?.resets == 1)
    }

    @Test("what is not the original protocol is not taken for it")
    func others() throws {
        var web = Wire()
        web.shakeHands()
        web.clientSays(Array("GET /M5         HTTP/1.1\r\n\r\n".utf8))
        web.serverSays(Array("HTTP/1.1 200 OK\r\n\r\nM5        hello world\n".utf8))
        var tls = Wire()
        tls.client = Endpoint(address: [1, 2, 3, 4], port: 9)
        tls.shakeHands()
        tls.clientSays([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5])
        var late = web
        late.packets.removeFirst(3)
        for packets in [web.packets, tls.packets, late.packets] {
            let report = CaptureReport(of: CaptureFile.pcap(packets))
            #expect(report.conversations.isEmpty)
            #expect(report.connections == 1)
        }
        #expect(CaptureReport(of: CaptureFile.pcap(tls.packets)).tlsConnections == 1)
    }
}
