import TLSSyntax
import Testing
import Wire

@Suite("Limits of frames")
struct FrameLimitTests {
    private func decode(_ frame: ClientFrame) throws -> ClientFrame {
        try ClientFrame(tlsEncoded: frame.tlsEncoded)
    }

    private func decode(_ frame: ServerFrame) throws -> ServerFrame {
        try ServerFrame(tlsEncoded: frame.tlsEncoded)
    }

    @Test("an entry may be as large as its kind allows, and no byte larger")
    func entrySizes() throws {
        for (kind, limit) in [
            (EntryKind.message, FrameLimits.maximumMessage),
            (EntryKind.commit, FrameLimits.maximumHandshake),
        ] {
            #expect(kind.maximumSize == limit)
            let full = [UInt8](repeating: 1, count: limit)
            let append = ClientFrame.append(
                .init(id: FrameSamples.appendID, kind: kind, payload: full))
            #expect(try decode(append) == append)
            let entry = ServerFrame.entry(FrameSamples.entry(kind, payload: full))
            #expect(try decode(entry) == entry)
            #expect(throws: CodecError.tooLong(limit: limit)) {
                try decode(
                    .append(.init(id: FrameSamples.appendID, kind: kind, payload: full + [0])))
            }
            #expect(throws: CodecError.tooLong(limit: limit)) {
                try decode(.entry(FrameSamples.entry(kind, payload: full + [0])))
            }
        }
    }

    @Test("knocks and answers have a limit, on their way to the server and from it")
    func handshakeSizes() throws {
        let limit = FrameLimits.maximumHandshake
        let full = [UInt8](repeating: 2, count: limit)
        let knock = [UInt8](repeating: 2, count: FrameLimits.maximumKnock)
        let knocks = (0..<FrameLimits.maximumKnocksPerAnswer).map { KnockID(UInt64($0)) }
        for frame in [ClientFrame.knock(knock), .answer(.init(knocks: [], payload: full))] {
            #expect(try decode(frame) == frame)
        }
        #expect(throws: CodecError.tooLong(limit: knock.count)) {
            try decode(.knock(knock + [0]))
        }
        #expect(throws: CodecError.tooLong(limit: limit)) {
            try decode(.answer(.init(knocks: [], payload: full + [0])))
        }
        #expect(throws: CodecError.tooLong(limit: knock.count)) {
            try decode(
                .knocked(.init(knock: .init(1), newcomer: .init(1), payload: knock + [0])))
        }
        #expect(throws: CodecError.tooLong(limit: limit)) {
            try decode(.answered(.init(doorkeeper: .init(1), payload: full + [0])))
        }
        let most = ClientFrame.answer(.init(knocks: knocks, payload: []))
        #expect(try decode(most) == most)
        #expect(throws: CodecError.tooLong(limit: knocks.count * 8)) {
            try decode(.answer(.init(knocks: knocks + [KnockID(0)], payload: [])))
        }
    }

    @Test("an agent has at most 64 bytes")
    func agentSize() throws {
        let full = [UInt8](repeating: 0x61, count: FrameLimits.maximumAgent)
        let hello = ClientFrame.hello(.init(agent: full))
        #expect(try decode(hello) == hello)
        #expect(throws: CodecError.tooLong(limit: 64)) {
            try decode(.hello(.init(agent: full + [0x61])))
        }
        #expect(throws: CodecError.tooLong(limit: 64)) {
            try decode(
                .challenge(
                    .init(challenge: Challenge(), resumeSeconds: 1, agent: full + [0x61])))
        }
    }

    @Test("the largest frames of all fit the limit of a body")
    func largestFramesFit() {
        let full = [UInt8](repeating: 0, count: FrameLimits.maximumHandshake)
        let id = FrameSamples.appendID
        let commit = ClientFrame.append(.init(id: id, kind: .commit, epoch: 1, payload: full))
        #expect(commit.tlsEncoded.count <= FrameLimits.maximumBody)
        let entry = ServerFrame.entry(FrameSamples.entry(.commit, payload: full))
        #expect(entry.tlsEncoded.count <= FrameLimits.maximumBody)
        let roster = [Presence](
            repeating: .init(attachment: .init(1), state: .here),
            count: FrameLimits.maximumRoster)
        let attached = ServerFrame.attached(FrameSamples.attached(.newcomer, roster: roster))
        #expect(attached.tlsEncoded.count <= FrameLimits.maximumBody)
    }

    @Test("what a client says before it has attached fits the smaller limit")
    func earlyFramesFit() {
        let agent = [UInt8](repeating: 0, count: FrameLimits.maximumAgent)
        let resume = ClientFrame.Resume(
            attachment: .init(.max), token: .random(), after: FrameSamples.position)
        let early: [ClientFrame] = [
            .hello(.init(agent: agent)),
            .attach(.init(proof: FrameSamples.proof, resume: resume)),
            .transfer(.init(proof: FrameSamples.proof, token: .random())),
        ]
        for frame in early {
            #expect(frame.tlsEncoded.count <= FrameLimits.maximumBodyBeforeAttach)
        }
    }

    @Test("a length that promises more than came costs nothing and is refused")
    func boastfulLengths() {
        // A knock whose vector says 4,194,303 bytes; and one that its limit allows.
        #expect(throws: CodecError.tooLong(limit: FrameLimits.maximumKnock)) {
            try ClientFrame(tlsEncoded: [0x05, 0x80, 0x3f, 0xff, 0xff, 1])
        }
        #expect(throws: CodecError.truncated) {
            try ClientFrame(tlsEncoded: [0x05, 0x7f, 0xff, 1])
        }
        #expect(throws: CodecError.reservedLength) {
            try ClientFrame(tlsEncoded: [0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
        }
        #expect(throws: CodecError.nonMinimalLength) {
            try ClientFrame(tlsEncoded: [0x05, 0x40, 0x01, 1])
        }
    }

    @Test("only a commit names an epoch")
    func messagesHaveNoEpoch() {
        #expect(throws: CodecError.invalidValue("Append.epoch")) {
            try decode(
                .append(.init(id: FrameSamples.appendID, kind: .message, epoch: 1, payload: [])))
        }
    }

    @Test("codes that no case has are refused")
    func unknownCodes() {
        #expect(throws: CodecError.invalidValue("GoodbyeReason")) {
            try ServerFrame(tlsEncoded: [0x9f, 0])
        }
        #expect(throws: CodecError.invalidValue("GoodbyeReason")) {
            try ServerFrame(tlsEncoded: [0x9f, 11])
        }
        let id = [UInt8](repeating: 0, count: 16)
        #expect(throws: CodecError.invalidValue("RefusalReason")) {
            try ServerFrame(tlsEncoded: [0x85] + id + [3])
        }
        #expect(throws: CodecError.invalidValue("bool")) {
            try ServerFrame(tlsEncoded: [0x86] + id + [2])
        }
        #expect(throws: CodecError.invalidValue("bool")) {
            try ClientFrame(tlsEncoded: [0x04, 2])
        }
        #expect(throws: CodecError.invalidValue("EntryKind")) {
            try ClientFrame(tlsEncoded: [0x03] + id + [3])
        }
        #expect(throws: CodecError.invalidValue("Presence.State")) {
            try ServerFrame(tlsEncoded: [0x91, 0, 0, 0, 0, 0, 0, 0, 1, 4])
        }
        #expect(throws: CodecError.invalidValue("Standing")) {
            try ServerFrame(tlsEncoded: [0x82, 4])
        }
        #expect(throws: CodecError.invalidPresence(2)) {
            try ServerFrame(tlsEncoded: [0x92, 0, 0, 0, 0, 0, 0, 0, 1, 2])
        }
    }
}
