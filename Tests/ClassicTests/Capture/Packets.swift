import Classic

/// Packets as a test wants them on the wire.
struct Packet {
    var time: UInt64 = 0
    /// What the link's header is followed by.
    var ip: [UInt8]
    var isIPv6 = false
}

/// One connection, written down segment by segment as a capture would have it.
struct Wire {
    static let clientIP: [UInt8] = [192, 0, 2, 1]
    static let serverIP: [UInt8] = [192, 0, 2, 9]

    var client = Endpoint(address: Self.clientIP, port: 40_001)
    var server = Endpoint(address: Self.serverIP, port: 7668)
    /// Near the end of the numbers, so that they begin anew.
    var clientSequence: UInt32 = 0xFFFF_FFF0
    var serverSequence: UInt32 = 5
    /// Bytes of a segment.
    var segmentSize = 1000
    var packets: [Packet] = []
    var time: UInt64 = 1_700_000_000_000_000_000

    enum Flags {
        static let fin: UInt8 = 1
        static let syn: UInt8 = 2
        static let rst: UInt8 = 4
        static let ack: UInt8 = 16
    }

    mutating func shakeHands() {
        add(from: client, to: server, sequence: clientSequence, flags: Flags.syn)
        add(from: server, to: client, sequence: serverSequence, flags: Flags.syn | Flags.ack)
        clientSequence &+= 1
        serverSequence &+= 1
        add(from: client, to: server, sequence: clientSequence, flags: Flags.ack)
    }

    mutating func clientSays(_ bytes: [UInt8]) {
        for part in parts(bytes) {
            add(from: client, to: server, sequence: clientSequence, flags: Flags.ack, part)
            clientSequence &+= UInt32(part.count)
        }
    }

    mutating func serverSays(_ bytes: [UInt8]) {
        for part in parts(bytes) {
            add(from: server, to: client, sequence: serverSequence, flags: Flags.ack, part)
            serverSequence &+= UInt32(part.count)
        }
    }

    mutating func reset() {
        add(from: server, to: client, sequence: serverSequence, flags: Flags.rst | Flags.ack)
    }

    private func parts(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: segmentSize).map {
            Array(bytes[$0..<min($0 + segmentSize, bytes.count)])
        }
    }

    private mutating func add(
        from source: Endpoint, to destination: Endpoint, sequence: UInt32, flags: UInt8,
        _ payload: [UInt8] = []
    ) {
        time += 1_000_000
        let tcp =
            big(source.port) + big(destination.port) + big(sequence) + [0, 0, 0, 0, 0x50, flags]
            + [0xFF, 0xFF, 0, 0, 0, 0] + payload
        packets.append(
            Packet(
                time: time, ip: Self.ip(tcp, from: source.address, to: destination.address),
                isIPv6: source.address.count == 16))
    }

    static func ip(_ tcp: [UInt8], from source: [UInt8], to destination: [UInt8]) -> [UInt8] {
        guard source.count == 4 else {
            // With a hop-by-hop header between, as routers' alarms have.
            let options: [UInt8] = [6, 0, 1, 4, 0, 0, 0, 0]
            return [0x60, 0, 0, 0] + big(UInt16(options.count + tcp.count)) + [0, 64] + source
                + destination + options + tcp
        }
        return [0x45, 0] + big(UInt16(20 + tcp.count)) + [0, 0, 0x40, 0, 64, 6, 0, 0] + source
            + destination + tcp
    }
}

func big(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// A kind of link, and what it puts before IP.
enum Link: UInt16, CaseIterable {
    case null = 0
    case ethernet = 1
    case raw = 101
    case loop = 108
    case cooked = 113
    case cooked2 = 276

    func frame(_ packet: Packet, tags: Int = 0) -> [UInt8] {
        let type: [UInt8] = packet.isIPv6 ? [0x86, 0xDD] : [0x08, 0x00]
        let family: UInt32 = packet.isIPv6 ? 30 : 2
        let header: [UInt8] =
            switch self {
            case .null: little(family)
            case .loop: big(family)
            case .raw: []
            case .ethernet:
                [UInt8](repeating: 2, count: 12)
                    + (0..<tags).flatMap { _ in [0x81, 0x00, 0x00, 0x07] as [UInt8] } + type
            case .cooked: [0, 0, 0, 1, 0, 6] + [UInt8](repeating: 2, count: 8) + type
            case .cooked2: type + [UInt8](repeating: 2, count: 18)
            }
        return header + packet.ip
    }
}

/// Packets as a file.
enum CaptureFile {
    static func pcap(
        _ packets: [Packet], link: Link = .ethernet, isLittleEndian: Bool = true,
        isNanoseconds: Bool = false, tags: Int = 0, padding: Int = 0
    ) -> [UInt8] {
        func number(_ value: some FixedWidthInteger) -> [UInt8] {
            isLittleEndian ? little(value) : big(value)
        }
        let magic: UInt32 = isNanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4
        let header =
            number(magic) + number(UInt16(2)) + number(UInt16(4)) + number(UInt64(0))
            + number(UInt32(262_144)) + number(UInt32(link.rawValue))
        return header
            + packets.flatMap { packet in
                let bytes =
                    link.frame(packet, tags: tags) + [UInt8](repeating: 0, count: padding)
                let rest = packet.time % 1_000_000_000 / (isNanoseconds ? 1 : 1000)
                return number(UInt32(packet.time / 1_000_000_000)) + number(UInt32(rest))
                    + number(UInt32(bytes.count)) + number(UInt32(bytes.count)) + bytes
            }
    }

    /// Two interfaces, one that counts nanoseconds and one that counts as is usual; names and
    /// statistics between.
    static func pcapng(
        _ packets: [Packet], link: Link = .ethernet, isLittleEndian: Bool = true
    ) -> [UInt8] {
        func number(_ value: some FixedWidthInteger) -> [UInt8] {
            isLittleEndian ? little(value) : big(value)
        }
        func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
            let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
            let size = number(UInt32(padded.count + 12))
            return number(type) + size + padded + size
        }
        let section = block(
            0x0A0D_0D0A,
            number(UInt32(0x1A2B_3C4D)) + number(UInt16(1)) + number(UInt16(0))
                + number(UInt64.max))
        let clock = number(UInt16(9)) + number(UInt16(1)) + [9, 0, 0, 0] + number(UInt32(0))
        let beginning = number(link.rawValue) + number(UInt16(0)) + number(UInt32(0))
        var bytes = section + block(1, beginning + clock) + block(1, beginning)
        for (index, packet) in packets.enumerated() {
            let isSecond = index.isMultiple(of: 2)
            let ticks = packet.time / (isSecond ? 1000 : 1)
            let data = link.frame(packet)
            let body =
                number(UInt32(isSecond ? 1 : 0)) + number(UInt32(ticks >> 32))
                + number(UInt32(truncatingIfNeeded: ticks)) + number(UInt32(data.count))
                + number(UInt32(data.count)) + data
            bytes += block(6, body)
            if index == 2 { bytes += block(5, [1, 2, 3]) + block(4, []) }
        }
        return bytes
    }
}

extension CaptureReport {
    /// Of a whole file.
    init(of file: [UInt8], pieces: Int = .max) {
        var decoder = CaptureDecoder()
        var rest = file[...]
        while !rest.isEmpty {
            let part = rest.prefix(pieces)
            rest = rest.dropFirst(part.count)
            if !decoder.add(Array(part)) { break }
        }
        self = decoder.finish()
    }

    /// What was said in all conversations, with gaps shown as `[N]`.
    var texts: [String] {
        conversations.flatMap(\.utterances).map { utterance in
            switch utterance.content {
            case .message(let parts):
                parts.map { part in
                    switch part {
                    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
                    case .missing(let count): "[\(count)]"
                    }
                }.joined()
            case .file(let sender, let name, let size):
                "\(String(decoding: sender, as: UTF8.self)) sends "
                    + "\(String(decoding: name, as: UTF8.self)) of \(size)"
            case .unreadable: "?"
            }
        }
    }
}
