package import TLSSyntax

/// What an entry is to the server: commits are numbered by epoch and the first one wins.
package enum EntryKind: UInt8, TLSCodable, Sendable {
    case message = 1
    case commit = 2

    package func encode(into writer: inout TLSWriter) { writer.write(rawValue) }

    package init(from reader: inout TLSReader) throws(CodecError) {
        guard let kind = EntryKind(rawValue: try reader.read()) else {
            throw .invalidValue("EntryKind")
        }
        self = kind
    }

    /// Bytes that an entry of this kind may have.
    package var maximumSize: Int {
        switch self {
        case .message: FrameLimits.maximumMessage
        case .commit: FrameLimits.maximumHandshake
        }
    }
}

/// What a client says. Each frame is its type in one byte and then these fields in this order
/// (docs/protocol.md).
package enum ClientFrame: Hashable, Sendable {
    case hello(Hello)
    case attach(Attach)
    case append(Append)
    /// Whether this member would let newcomers in (`true`), or not for now.
    case ready(Bool)
    /// A newcomer's request to the members, passed to one of them.
    case knock([UInt8])
    case answer(Answer)
    /// Asks for a pong with the same number; also keeps a silent connection known to be alive.
    case ping(UInt64)
    /// Goes for good: the attachment ends and cannot be resumed.
    case leave
    case transfer(Transfer)

    /// The first frame on every connection.
    package struct Hello: Hashable, Sendable {
        /// The highest version of the protocol that the client speaks.
        package var version: UInt16
        /// Program and version, for the operator's log; at most 64 bytes of UTF-8.
        package var agent: [UInt8]

        package init(version: UInt16 = FrameLimits.protocolVersion, agent: [UInt8]) {
            self.version = version
            self.agent = agent
        }
    }

    /// Takes a place in a room, or takes an earlier one up again.
    package struct Attach: Hashable, Sendable {
        package var proof: RoomProof
        package var resume: Resume?

        package init(proof: RoomProof, resume: Resume? = nil) {
            self.proof = proof
            self.resume = resume
        }
    }

    /// Which attachment to take up again, and what its owner has already.
    package struct Resume: TLSCodable, Hashable, Sendable {
        package var attachment: AttachmentID
        package var token: ResumeToken
        /// The last entry that the client has.
        package var after: Position

        package init(attachment: AttachmentID, token: ResumeToken, after: Position) {
            self.attachment = attachment
            self.token = token
            self.after = after
        }
    }

    /// An entry for the room's log.
    package struct Append: Hashable, Sendable {
        package var id: AppendID
        package var kind: EntryKind
        /// For a commit, the epoch in which it was made; zero for a message.
        package var epoch: UInt64
        package var payload: [UInt8]

        package init(id: AppendID, kind: EntryKind, epoch: UInt64 = 0, payload: [UInt8]) {
            self.id = id
            self.kind = kind
            self.epoch = epoch
            self.payload = payload
        }
    }

    /// A doorkeeper's answer, for all the knocks that it serves at once.
    package struct Answer: Hashable, Sendable {
        package var knocks: [KnockID]
        package var payload: [UInt8]

        package init(knocks: [KnockID], payload: [UInt8]) {
            self.knocks = knocks
            self.payload = payload
        }
    }

    /// Instead of an attach: makes this connection one end of a splice.
    package struct Transfer: Hashable, Sendable {
        package var proof: RoomProof
        package var token: TransferToken

        package init(proof: RoomProof, token: TransferToken) {
            self.proof = proof
            self.token = token
        }
    }
}

extension ClientFrame: TLSCodable {
    private enum Kind: UInt8 {
        case hello = 0x01
        case attach = 0x02
        case append = 0x03
        case ready = 0x04
        case knock = 0x05
        case answer = 0x06
        case ping = 0x07
        case leave = 0x08
        case transfer = 0x09
    }

    package func encode(into writer: inout TLSWriter) {
        switch self {
        case .hello(let hello):
            writer.write(Kind.hello.rawValue)
            writer.write(hello.version)
            writer.writeOpaque(hello.agent)
        case .attach(let attach):
            writer.write(Kind.attach.rawValue)
            writer.write(attach.proof)
            writer.writeOptional(attach.resume)
        case .append(let append):
            writer.write(Kind.append.rawValue)
            writer.write(append.id)
            writer.write(append.kind)
            writer.write(append.epoch)
            writer.writeOpaque(append.payload)
        case .ready(let ready):
            writer.write(Kind.ready.rawValue)
            writer.write(UInt8(ready ? 1 : 0))
        case .knock(let payload):
            writer.write(Kind.knock.rawValue)
            writer.writeOpaque(payload)
        case .answer(let answer):
            writer.write(Kind.answer.rawValue)
            writer.writeVector(answer.knocks)
            writer.writeOpaque(answer.payload)
        case .ping(let number):
            writer.write(Kind.ping.rawValue)
            writer.write(number)
        case .leave:
            writer.write(Kind.leave.rawValue)
        case .transfer(let transfer):
            writer.write(Kind.transfer.rawValue)
            writer.write(transfer.proof)
            writer.write(transfer.token)
        }
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        guard let kind = Kind(rawValue: try reader.read()) else {
            throw .invalidValue("ClientFrame")
        }
        switch kind {
        case .hello:
            self = .hello(
                Hello(
                    version: try reader.read(),
                    agent: try reader.readOpaque(limit: FrameLimits.maximumAgent)))
        case .attach:
            self = .attach(Attach(proof: try reader.read(), resume: try reader.readOptional()))
        case .append:
            self = .append(try Append(from: &reader))
        case .ready:
            self = .ready(try reader.readBool())
        case .knock:
            self = .knock(try reader.readOpaque(limit: FrameLimits.maximumKnock))
        case .answer:
            let knocks: [KnockID] = try reader.readVector(
                limit: FrameLimits.maximumKnocksPerAnswer * 8)
            self = .answer(
                Answer(
                    knocks: knocks,
                    payload: try reader.readOpaque(limit: FrameLimits.maximumHandshake)))
        case .ping:
            self = .ping(try reader.read())
        case .leave:
            self = .leave
        case .transfer:
            self = .transfer(Transfer(proof: try reader.read(), token: try reader.read()))
        }
    }
}

extension ClientFrame.Append {
    fileprivate init(from reader: inout TLSReader) throws(CodecError) {
        id = try reader.read()
        kind = try reader.read()
        epoch = try reader.read()
        guard kind == .commit || epoch == 0 else { throw .invalidValue("Append.epoch") }
        payload = try reader.readOpaque(limit: kind.maximumSize)
    }
}

extension ClientFrame.Resume {
    package func encode(into writer: inout TLSWriter) {
        writer.write(attachment)
        writer.write(token)
        writer.write(after)
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        attachment = try reader.read()
        token = try reader.read()
        after = try reader.read()
    }
}

extension TLSReader {
    /// Reads a byte that is 0 or 1.
    mutating func readBool() throws(CodecError) -> Bool {
        switch try read(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw .invalidValue("bool")
        }
    }
}
