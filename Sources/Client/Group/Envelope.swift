import TLSSyntax
import Wire

/// What is inside the application data of MLS: what the sender has of the log, and what it says.
struct Envelope: Equatable, Sendable {
    private static let version: UInt8 = 1

    /// What the sender knows of the log; nil when nothing has come since it missed something.
    var claim: LogClaim?
    var remarks = Remarks()
    var body: Body

    enum Body: Equatable, Sendable {
        /// Of `Content`, which people see.
        case content([UInt8])
        /// Nothing; the claim is the message.
        case receipt
        /// With what members whose record is younger than the sender's can take that over.
        case reminds(LogStart)
        /// A newcomer asked to be let in.
        case asks(RoomMember)
        /// A member decided about one.
        case decides(attachment: AttachmentID, identityKey: [UInt8], admits: Bool)
        /// The room goes on under another secret.
        case moves(RoomSecret, removed: RoomMember?)
        /// What the sender had heard of the room's earlier logs, and when it came into this one.
        case states([HeardLog])
        /// For those who had heard less of a log than the sender.
        case recounts(Recount)
        /// For those whom a commit added; goes with the Welcome and never through the log.
        case briefing(Briefing)
    }

    /// Where in the log a newcomer begins.
    struct Briefing: Equatable, Sendable {
        /// Keys of those who are waited for: as many as may ask. The others are asked about.
        static let maximumAwaited = 64
        /// Those who ask and are told of: of more, so many by lot.
        static let maximumAsking = 64

        /// Their record begins with the commit that lets them in.
        var start: LogStart
        /// The log's epoch after that commit.
        var logEpoch: UInt64
        /// Those who ask to be let in and about whom nothing is decided.
        var asking: [RoomMember] = []
        /// Identity keys of those who were in before the log began anew, or before the room moved,
        /// and are not back yet.
        var awaited: [IdentityKey] = []
        /// What those inside had heard of the earlier logs, oldest first, and of this one.
        var heard: [LogSpan] = []
    }

    private enum Kind: UInt8 {
        case content = 1
        case receipt = 2
        case asks = 3
        case decides = 4
        case moves = 5
        case briefing = 6
        case reminds = 7
        /// No body of its own: that of another kind follows.
        case remarks = 8
        case states = 9
        case recounts = 10
    }

    var encoded: [UInt8] {
        var writer = TLSWriter(capacity: 256)
        writer.write(Self.version)
        writer.writeOptional(claim)
        if !remarks.isEmpty {
            writer.write(Kind.remarks.rawValue)
            writer.write(remarks)
        }
        switch body {
        case .content(let bytes):
            writer.write(Kind.content.rawValue)
            writer.writeFixed(bytes)
        case .receipt: writer.write(Kind.receipt.rawValue)
        case .asks(let member):
            writer.write(Kind.asks.rawValue)
            writer.write(member)
        case .decides(let attachment, let identityKey, let admits):
            writer.write(Kind.decides.rawValue)
            writer.write(attachment)
            writer.writeFixed(identityKey)
            writer.write(UInt8(admits ? 1 : 0))
        case .moves(let secret, let removed):
            writer.write(Kind.moves.rawValue)
            writer.writeFixed(secret.bytes)
            writer.writeOptional(removed)
        case .briefing(let briefing):
            writer.write(Kind.briefing.rawValue)
            writer.write(briefing.start)
            writer.write(briefing.logEpoch)
            writer.writeVector(briefing.asking)
            writer.writeVector(briefing.awaited)
            writer.writeVector(briefing.heard)
        case .reminds(let start):
            writer.write(Kind.reminds.rawValue)
            writer.write(start)
        case .states(let heard):
            writer.write(Kind.states.rawValue)
            writer.writeVector(heard)
        case .recounts(let recount):
            writer.write(Kind.recounts.rawValue)
            writer.write(recount)
        }
        return writer.bytes
    }

    init(claim: LogClaim?, remarks: Remarks = Remarks(), body: Body) {
        self.claim = claim
        self.remarks = remarks
        self.body = body
    }

    /// Nil for a version or kind that came after this code.
    init?(_ bytes: [UInt8]) throws(CodecError) {
        var reader = TLSReader(bytes)
        guard try reader.read(UInt8.self) == Self.version else { return nil }
        claim = try reader.readOptional()
        guard var kind = Kind(rawValue: try reader.read()) else { return nil }
        if kind == .remarks {
            remarks = try reader.read()
            guard let next = Kind(rawValue: try reader.read()) else { return nil }
            kind = next
        }
        guard let body = try Self.body(kind, from: &reader) else { return nil }
        self.body = body
        try reader.finish()
    }

    private static func body(
        _ kind: Kind, from reader: inout TLSReader
    ) throws(CodecError) -> Body? {
        switch kind {
        case .remarks: nil
        case .content: .content(try reader.readFixed(reader.remaining))
        case .receipt: .receipt
        case .asks: .asks(try reader.read())
        case .decides:
            .decides(
                attachment: try reader.read(), identityKey: try reader.readFixed(32),
                admits: try reader.read(UInt8.self) == 1)
        case .moves:
            .moves(
                RoomSecret(bytes: try reader.readFixed(RoomSecret.size)),
                removed: try reader.readOptional())
        case .briefing:
            .briefing(
                Briefing(
                    start: try reader.read(), logEpoch: try reader.read(),
                    asking: try reader.readVector(), awaited: try reader.readVector(),
                    heard: try reader.readVector()))
        case .reminds: .reminds(try reader.read())
        case .states: .states(try reader.readVector())
        case .recounts: .recounts(try reader.read())
        }
    }
}

extension Envelope.Body {
    var isAsking: Bool { if case .asks = self { true } else { false } }
}

extension RoomMember: TLSCodable {
    func encode(into writer: inout TLSWriter) {
        writer.write(attachment)
        writer.writeOpaque(name)
        writer.writeFixed(identityKey)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        attachment = try reader.read()
        name = try reader.readName()
        identityKey = try reader.readFixed(32)
    }
}

/// Who somebody is in every room: an Ed25519 key, 32 bytes.
struct IdentityKey: TLSCodable, Equatable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func encode(into writer: inout TLSWriter) { writer.writeFixed(bytes) }

    init(from reader: inout TLSReader) throws(CodecError) { bytes = try reader.readFixed(32) }
}
