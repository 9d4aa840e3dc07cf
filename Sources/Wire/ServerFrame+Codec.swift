package import TLSSyntax

extension ServerFrame: TLSCodable {
    private enum Kind: UInt8 {
        case challenge = 0x81
        case attached = 0x82
        case appended = 0x83
        case conflict = 0x84
        case refused = 0x85
        case unavailable = 0x86
        case pong = 0x87
        case entry = 0x90
        case presence = 0x91
        case gap = 0x92
        case reset = 0x93
        case degraded = 0x94
        case restored = 0x95
        case knocked = 0x96
        case answered = 0x97
        case unanswered = 0x98
        case spliced = 0x99
        case goodbye = 0x9f
    }

    private var kind: Kind {
        switch self {
        case .challenge: .challenge
        case .attached: .attached
        case .appended: .appended
        case .conflict: .conflict
        case .refused: .refused
        case .unavailable: .unavailable
        case .pong: .pong
        case .entry: .entry
        case .presence: .presence
        case .gap: .gap
        case .reset: .reset
        case .degraded: .degraded
        case .restored: .restored
        case .knocked: .knocked
        case .answered: .answered
        case .unanswered: .unanswered
        case .spliced: .spliced
        case .goodbye: .goodbye
        }
    }

    package func encode(into writer: inout TLSWriter) {
        writer.write(kind.rawValue)
        switch self {
        case .challenge(let hello): writer.write(hello)
        case .attached(let attached): writer.write(attached)
        case .appended(let appended): writer.write(appended)
        case .conflict(let id, let epoch):
            writer.write(id)
            writer.write(epoch)
        case .refused(let id, let reason):
            writer.write(id)
            writer.write(reason.rawValue)
        case .unavailable(let id, let certain):
            writer.write(id)
            writer.write(UInt8(certain ? 1 : 0))
        case .pong(let number): writer.write(number)
        case .entry(let entry): writer.write(entry)
        case .presence(let presence): writer.write(presence)
        case .gap(let gap):
            writer.write(gap.through)
            writer.writeOptional(gap.count)
        case .reset(let position): writer.write(position)
        case .knocked(let knocked):
            writer.write(knocked.knock)
            writer.write(knocked.newcomer)
            writer.writeOpaque(knocked.payload)
        case .answered(let answered):
            writer.write(answered.doorkeeper)
            writer.writeOpaque(answered.payload)
        case .goodbye(let reason): writer.write(reason.rawValue)
        case .degraded, .restored, .unanswered, .spliced: break
        }
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        guard let kind = Kind(rawValue: try reader.read()) else {
            throw .invalidValue("ServerFrame")
        }
        switch kind {
        case .challenge: self = .challenge(try reader.read())
        case .attached: self = .attached(try reader.read())
        case .appended: self = .appended(try reader.read())
        case .conflict: self = .conflict(id: try reader.read(), epoch: try reader.read())
        case .refused:
            let id: AppendID = try reader.read()
            self = .refused(id: id, reason: try reader.readCode("RefusalReason"))
        case .unavailable:
            self = .unavailable(id: try reader.read(), certain: try reader.readBool())
        case .pong: self = .pong(try reader.read())
        case .entry: self = .entry(try reader.read())
        case .presence: self = .presence(try reader.read())
        case .gap:
            self = .gap(Gap(through: try reader.read(), count: try reader.readOptional()))
        case .reset: self = .reset(try reader.read())
        case .degraded: self = .degraded
        case .restored: self = .restored
        case .knocked:
            self = .knocked(
                Knocked(
                    knock: try reader.read(), newcomer: try reader.read(),
                    payload: try reader.readOpaque(limit: FrameLimits.maximumKnock)))
        case .answered:
            self = .answered(
                Answered(
                    doorkeeper: try reader.read(),
                    payload: try reader.readOpaque(limit: FrameLimits.maximumHandshake)))
        case .unanswered: self = .unanswered
        case .spliced: self = .spliced
        case .goodbye: self = .goodbye(try reader.readCode("GoodbyeReason"))
        }
    }
}

extension ServerFrame.ServerHello: TLSCodable {
    package func encode(into writer: inout TLSWriter) {
        writer.write(version)
        writer.write(challenge)
        writer.write(maximumBody)
        writer.write(resumeSeconds)
        writer.writeOpaque(agent)
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        version = try reader.read()
        challenge = try reader.read()
        maximumBody = try reader.read()
        resumeSeconds = try reader.read()
        agent = try reader.readOpaque(limit: FrameLimits.maximumAgent)
    }
}

extension ServerFrame.Attached: TLSCodable {
    package func encode(into writer: inout TLSWriter) {
        writer.write(standing.rawValue)
        writer.write(attachment)
        writer.write(token)
        writer.write(position)
        writer.write(epoch)
        writer.writeVector(roster)
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        standing = try reader.readCode("Standing")
        attachment = try reader.read()
        token = try reader.read()
        position = try reader.read()
        epoch = try reader.read()
        roster = try reader.readVector(limit: FrameLimits.maximumRoster * 9)
    }
}

extension ServerFrame.Appended: TLSCodable {
    package func encode(into writer: inout TLSWriter) {
        writer.write(id)
        writer.write(sequence)
        writer.write(UInt8(duplicate ? 1 : 0))
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        id = try reader.read()
        sequence = try reader.read()
        duplicate = try reader.readBool()
    }
}

extension ServerFrame.Entry: TLSCodable {
    package func encode(into writer: inout TLSWriter) {
        writer.write(sequence)
        writer.write(sender)
        writer.write(kind)
        writer.writeOpaque(payload)
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        sequence = try reader.read()
        sender = try reader.read()
        kind = try reader.read()
        payload = try reader.readOpaque(limit: kind.maximumSize)
    }
}

extension TLSReader {
    /// Reads a byte that names a case.
    fileprivate mutating func readCode<Code: RawRepresentable<UInt8>>(
        _ type: String
    ) throws(CodecError) -> Code {
        guard let code = Code(rawValue: try read()) else { throw .invalidValue(type) }
        return code
    }
}
