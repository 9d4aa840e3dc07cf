@testable import Wire

/// At least one frame of every type and of every shape that a type has.
enum FrameSamples {
    static let position = Position(log: LogID(number: 7 << 100), sequence: .max - 1)
    static let proof = RoomProof(
        publicKey: (0..<32).map { $0 }, signature: (100..<164).map { $0 })
    static let appendID = AppendID(number: .max)

    static let client: [ClientFrame] = [
        .hello(.init(agent: Array("chatbox 1.0".utf8))),
        .hello(.init(version: .max, agent: [])),
        .attach(.init(proof: proof)),
        .attach(
            .init(
                proof: proof,
                resume: .init(
                    attachment: AttachmentID(9), token: ResumeToken(number: 1), after: position))),
        .append(.init(id: appendID, kind: .message, payload: Array("hello".utf8))),
        .append(.init(id: appendID, kind: .message, payload: [])),
        .append(.init(id: appendID, kind: .commit, epoch: 12, payload: [1, 2, 3])),
        .ready(true),
        .ready(false),
        .knock([4, 5, 6]),
        .answer(.init(knocks: [KnockID(1), KnockID(.max)], payload: [7])),
        .answer(.init(knocks: [], payload: [])),
        .ping(0x0102_0304_0506_0708),
        .leave,
        .transfer(.init(proof: proof, token: TransferToken(number: 3))),
    ]

    static let server: [ServerFrame] =
        [
            .challenge(.init(challenge: Challenge(), resumeSeconds: 120, agent: [0x63])),
            .attached(attached(.founder, roster: [])),
            .attached(attached(.newcomer, roster: [.init(attachment: .init(1), state: .here)])),
            .attached(
                attached(
                    .resumed,
                    roster: [
                        .init(attachment: .init(2), state: .away),
                        .init(attachment: .init(.max), state: .gone),
                    ])),
            .appended(.init(id: appendID, sequence: 1, duplicate: false)),
            .appended(.init(id: appendID, sequence: .max, duplicate: true)),
            .conflict(id: appendID, epoch: 5),
            .unavailable(id: appendID, certain: true),
            .unavailable(id: appendID, certain: false),
            .pong(.max),
            .entry(entry(.message, payload: Array("hello".utf8))),
            .entry(entry(.commit, payload: [])),
            .presence(.init(attachment: AttachmentID(3), state: .away)),
            .gap(.init(through: 40, count: 3)),
            .gap(.init(through: 40, count: nil)),
            .reset(position),
            .degraded,
            .restored,
            .knocked(.init(knock: KnockID(2), newcomer: AttachmentID(4), payload: [1])),
            .answered(.init(doorkeeper: AttachmentID(5), payload: [2])),
            .unanswered,
            .spliced,
        ]
        + [RefusalReason.tooLarge, .full].map { .refused(id: appendID, reason: $0) }
        + (1...10).compactMap(GoodbyeReason.init(rawValue:)).map { .goodbye($0) }

    static func attached(
        _ standing: ServerFrame.Standing, roster: [Presence]
    ) -> ServerFrame.Attached {
        .init(
            standing: standing, attachment: AttachmentID(6), token: ResumeToken(number: 8),
            position: position, epoch: 3, roster: roster)
    }

    static func entry(_ kind: EntryKind, payload: [UInt8]) -> ServerFrame.Entry {
        .init(sequence: 77, sender: AttachmentID(6), kind: kind, payload: payload)
    }
}

/// SplitMix64: the same numbers from the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// So many random bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
}
