import Classic
import Foundation
import TestSupport
import Testing

/// The two captures of docs/packet-capture.md. What is said about chatbox's must hold for any
/// recording of it, however rooms are encrypted.
@Suite("The committed captures", .oneAtATime)
struct CommittedCaptureTests {
    private static let lines = ["So it starts!", "Right?", "Yep!", "Here we go!"]
    private static let folder = "\(Tshark.root)/docs/captures"

    private func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
    }

    /// A pcap file without its first packets.
    private func withoutFirst(_ count: Int, _ file: [UInt8]) -> [UInt8] {
        var place = 24
        for _ in 0..<count {
            let size = file[(place + 8)..<(place + 12)].reversed().reduce(0) { $0 << 8 | Int($1) }
            place += 16 + size
        }
        return Array(file.prefix(24) + file[place...])
    }

    @Test("decode recovers the four lines from the classic capture")
    func decode() throws {
        let report = CaptureReport(of: try file("classic.pcap"))
        #expect(report.texts == FourLines.texts)
        #expect(report.conversations.map(\.key) == [.seen(number: 198)])
        #expect(report.conversations.map(\.clients.count) == [2])
        #expect(report.conversations.map(\.resets) == [2])
    }

    @Test("and from what remains of it when it began late, after any packet")
    func late() throws {
        let whole = try file("classic.pcap")
        let packets = CaptureReport(of: whole).packets
        for dropped in 0..<packets {
            let report = CaptureReport(of: withoutFirst(dropped, whole))
            #expect(report.texts == FourLines.texts.suffix(report.texts.count).map { $0 })
            if dropped <= 10 { #expect(report.texts.count == 4) }
            guard dropped == 10 else { continue }
            guard case .searched(let result, _)? = report.conversations.first?.key else {
                Issue.record("the key was still there")
                return
            }
            #expect(result.key == ClassicKey(number: 198) && result.isSure)
        }
    }

    @Test("no classic conversation is seen in chatbox's capture, and all of it is TLS")
    func chatbox() throws {
        let report = CaptureReport(of: try file("chatbox.pcap"))
        #expect(report.conversations.isEmpty)
        #expect(report.error == nil && !report.endsEarly)
        #expect(report.connections == 2 && report.tlsConnections == 2)
    }

    @Test("one key finds the lines in the one capture, and no key in the other")
    func search() throws {
        let classic = try file("classic.pcap").map { $0 ^ 188 }
        for line in Self.lines { #expect(classic.contains(Array(line.utf8)), "\(line)") }
        try expectNothing(in: try file("chatbox.pcap"))
    }

    @Test(
        "nor are the lines in the frames that the key log opens, under any key",
        .enabled(if: Tshark.isHere, Tshark.notice), .timeLimit(.minutes(1)))
    func decrypted() throws {
        let found = try shark("chatbox", ["chatbox.body", "chatbox.payload"])
        let bytes = found.joined(separator: "\t").split { $0 == "\t" || $0 == "," }.map { hex in
            stride(from: 0, to: hex.utf8.count - 1, by: 2).compactMap {
                UInt8(Substring(hex.dropFirst($0).prefix(2)), radix: 16)
            }
        }
        // Enough for everything that was said to be in it.
        #expect(bytes.joined().count > 1500)
        for body in bytes { try expectNothing(in: body) }
        // The frames were really opened: the clients' name of their program is in them.
        #expect(bytes.contains { $0.contains(Array("chatbox/".utf8)) })
    }

    private func expectNothing(in bytes: [UInt8]) throws {
        for value in UInt8.min...UInt8.max {
            let plain = bytes.map { $0 ^ value }
            for line in Self.lines {
                #expect(!plain.contains(Array(line.utf8)), "\(line) under \(value)")
            }
        }
    }

    private func shark(_ filter: String, _ fields: [String]) throws -> [String] {
        try Tshark.lines(
            [
                "-o", "tls.keylog_file:\(Self.folder)/chatbox.keys", "-r",
                "\(Self.folder)/chatbox.pcap",
            ]
                + ["-Y", filter, "-T", "fields"] + fields.flatMap { ["-e", $0] })
    }

    @Test(
        "tshark shows the types of chatbox's frames, none of them malformed",
        .enabled(if: Tshark.isHere, Tshark.notice), .timeLimit(.minutes(1)))
    func frames() throws {
        let types = try shark("chatbox.type", ["chatbox.type"]).joined(separator: ",")
            .split(separator: ",").map(String.init)
        for expected in [
            "0x01", "0x81", "0x02", "0x82", "0x03", "0x83", "0x90", "0x91", "0x08", "0x9f",
        ] {
            #expect(types.contains(expected), "\(expected)")
        }
        // Each client says hello once, and each of the four lines is an entry for the other.
        #expect(types.count { $0 == "0x01" } == 2)
        #expect(types.count { $0 == "0x90" } >= 4)
        #expect(try shark("chatbox.malformed", ["frame.number"]).isEmpty)
    }

    @Test(
        "tshark shows the number, the key and the lines of the classic capture",
        .enabled(if: Tshark.isHere, Tshark.notice), .timeLimit(.minutes(1)))
    func classicFrames() throws {
        let capture = ["-r", "\(Self.folder)/classic.pcap", "-T", "fields"]
        let keys = try Tshark.lines(
            capture + ["-Y", "classic.number", "-e", "classic.number", "-e", "classic.key"])
        #expect(keys == ["198\t188", "198\t188"])
        let texts = try Tshark.lines(capture + ["-Y", "classic.text", "-e", "classic.text"])
        #expect(texts == FourLines.texts.flatMap { [$0, $0] })
    }

    @Test("the captures name no machine and nobody but ann and bob")
    func names() throws {
        for name in ["classic.pcap", "chatbox.pcap"] {
            let bytes = try file(name)
            // Plain pcap, which has no place for names of machines, interfaces and programs.
            #expect(Array(bytes.prefix(4)) == [0xD4, 0xC3, 0xB2, 0xA1])
            let report = CaptureReport(of: bytes)
            let ends = report.conversations.flatMap { $0.clients + [$0.server] }
            #expect(ends.allSatisfy { $0.address == [127, 0, 0, 1] })
        }
    }
}

extension [UInt8] {
    /// Whether `part` is in here.
    func contains(_ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        var from = startIndex
        while let place = self[from...].firstIndex(of: first) {
            if self[place...].starts(with: part) { return true }
            from = place + 1
        }
        return false
    }
}
