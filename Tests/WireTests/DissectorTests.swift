import Foundation
import TLSSyntax
import TestSupport
import Testing

@testable import Wire

/// What tools/wireshark/chatbox.lua makes of frames, in tshark. Without TLS around them, which the
/// committed capture has.
@Suite(
    "The dissector", .oneAtATime, .enabled(if: Tshark.isHere, Tshark.notice))
struct DissectorTests {
    private static let port: UInt16 = 7667

    /// Bytes of one connection in a capture: each array a packet, from the server or the client.
    private func capture(_ packets: [(fromServer: Bool, bytes: [UInt8])]) throws -> String {
        func little(_ value: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        func big(_ value: UInt32, _ size: Int = 4) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: value >> ((size - 1 - $0) * 8)) }
        }
        // Raw IP, which needs no header of a link.
        var file =
            little(0xA1B2_C3D4) + [2, 0, 4, 0] + little(0) + little(0) + little(262_144)
            + little(101)
        var sequence: [UInt32] = [1000, 5000]
        for packet in packets {
            let side = packet.fromServer ? 1 : 0
            let ports: [UInt32] =
                packet.fromServer ? [UInt32(Self.port), 40_000] : [40_000, UInt32(Self.port)]
            let tcp =
                big(ports[0], 2) + big(ports[1], 2) + big(sequence[side]) + big(sequence[1 - side])
                + [0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0] + packet.bytes
            sequence[side] += UInt32(packet.bytes.count)
            let ip =
                [0x45, 0] + big(UInt32(20 + tcp.count), 2) + [0, 0, 0x40, 0, 64, 6, 0, 0]
                + [127, 0, 0, 1] + [127, 0, 0, 1] + tcp
            file +=
                little(1_700_000_000) + little(0) + little(UInt32(ip.count))
                + little(UInt32(ip.count)) + ip
        }
        let path = "\(NSTemporaryDirectory())/frames-\(UUID().uuidString).pcap"
        try Data(file).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Values of fields, a list a packet; only packets that have the first.
    private func fields(
        _ names: [String], of packets: [(fromServer: Bool, bytes: [UInt8])]
    ) throws -> [[String]] {
        let path = try capture(packets)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = try Tshark.lines(
            ["-r", path, "-d", "tcp.port==\(Self.port),chatbox", "-Y", names[0], "-T", "fields"]
                + names.flatMap { ["-e", $0] })
        return lines.map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private func wire(_ body: [UInt8]) -> [UInt8] {
        let count = UInt32(body.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + body
    }

    private static func type(_ body: [UInt8]) -> String {
        "0x" + (body[0] < 16 ? "0" : "") + String(body[0], radix: 16)
    }

    @Test("every frame of the protocol is read to its end", .timeLimit(.minutes(1)))
    func everyFrame() throws {
        // What comes behind transfer and spliced is no frame: they are last in the samples.
        let client = FrameSamples.client.map { $0.tlsEncoded }
        var server = FrameSamples.server.filter { $0 != .spliced }.map { $0.tlsEncoded }
        server.append(ServerFrame.spliced.tlsEncoded)
        let bodies = client.map { (false, $0) } + server.map { (true, $0) }
        let packets = bodies.map { (fromServer: $0.0, bytes: wire($0.1)) }
        let found = try fields(
            ["chatbox.type", "chatbox.length", "chatbox.malformed"], of: packets)
        try #require(found.count == bodies.count)
        for (line, body) in zip(found, bodies) {
            #expect(line == [Self.type(body.1), String(body.1.count), ""])
        }
    }

    @Test(
        "frames are the same however TCP cuts them", .timeLimit(.minutes(1)),
        arguments: [1, 7, 4000])
    func cutting(size: Int) throws {
        let bodies = FrameSamples.client.dropLast().map { $0.tlsEncoded }
        let stream = bodies.flatMap(wire)
        let packets = stride(from: 0, to: stream.count, by: size).map {
            (fromServer: false, bytes: Array(stream[$0..<min($0 + size, stream.count)]))
        }
        let found = try fields(["chatbox.type"], of: packets)
        #expect(
            found.flatMap { $0[0].split(separator: ",").map(String.init) } == bodies.map(Self.type))
    }

    @Test("what is not as the protocol says is marked", .timeLimit(.minutes(1)))
    func malformed() throws {
        let wrong: [[UInt8]] = [
            [0x7F, 1], [0x01, 0], [0x08, 9], [0x90, 1, 2, 3],
            ClientFrame.ping(1).tlsEncoded + [0],
        ]
        let found = try fields(["chatbox.malformed"], of: wrong.map { (false, wire($0)) })
        #expect(found.count == wrong.count)
    }

    @Test("bytes of a splice are no frames", .timeLimit(.minutes(1)))
    func splice() throws {
        let transfer = try #require(FrameSamples.client.last).tlsEncoded
        let found = try fields(
            ["chatbox.spliced"],
            of: [
                (false, wire(transfer) + [1, 2, 3]), (true, wire(ServerFrame.spliced.tlsEncoded)),
                (true, [0, 0, 0, 1, 8]), (false, [9]),
            ])
        #expect(found == [["010203"], ["0000000108"], ["09"]])
    }

    @Test(
        "the outside of MLS messages is shown, at the beginning of a payload or behind a few bytes",
        .timeLimit(.minutes(1)))
    func mls() throws {
        let privateMessage: [UInt8] =
            [0, 1, 0, 2, 4, 0x72, 0x6F, 0x6F, 0x6D] + [0, 0, 0, 0, 0, 0, 0, 9, 1]
            + [0, 2, 0xAA, 0xBB, 3, 0xCC, 0xDD, 0xEE]
        let keyPackage: [UInt8] = [0, 1, 0, 5, 0, 1, 0xF0, 2, 1, 9]
        let welcome: [UInt8] = [0, 1, 0, 3, 0, 2, 1, 2, 3]
        let packets =
            [[], [1], [9, 8, 7, 6, 5]].map { prefix in
                entry(prefix + privateMessage)
            } + [
                entry(welcome), entry([UInt8](repeating: 7, count: 32) + keyPackage),
                entry([0, 1, 0, 2, 63, 1]), entry([]),
            ]
        let found = try fields(
            [
                "mlsmsg.wire_format", "mlsmsg.group_id", "mlsmsg.epoch", "mlsmsg.content_type",
                "mlsmsg.ciphertext", "mlsmsg.cipher_suite",
            ],
            of: packets)
        let expected = ["2", "726f6f6d", "9", "1", "ccddee", ""]
        #expect(
            found == [
                expected, expected, expected, ["3", "", "", "", "", "0x0002"],
                ["5", "", "", "", "", "0xf002"],
            ])
    }

    private func entry(_ payload: [UInt8]) -> (fromServer: Bool, bytes: [UInt8]) {
        (true, wire(ServerFrame.entry(FrameSamples.entry(.message, payload: payload)).tlsEncoded))
    }
}
