package import TLSSyntax

/// What a server says. Each frame is its type in one byte and then these fields in this order
/// (docs/protocol.md).
package enum ServerFrame: Hashable, Sendable {
    /// The answer to a hello.
    case challenge(ServerHello)
    case attached(Attached)
    case appended(Appended)
    /// A commit came second: certainly not appended. The room's epoch is `epoch`.
    case conflict(id: AppendID, epoch: UInt64)
    /// Certainly not appended. A repeat of what is too large would fare no better; of what found no
    /// room it may, later and under another id.
    case refused(id: AppendID, reason: RefusalReason)
    /// The log cannot say more now. `certain` means not appended; otherwise only a repeat under the
    /// same id may follow.
    case unavailable(id: AppendID, certain: Bool)
    case pong(UInt64)
    case entry(Entry)
    case presence(Presence)
    /// Entries after the client's position and up to `through` are gone.
    case gap(Gap)
    /// The log began anew: nothing of the earlier one can be had.
    case reset(Position)
    /// The log is slow or partly out of reach; appends may be answered late.
    case degraded
    /// The log is well again.
    case restored
    /// A newcomer's knock, to a doorkeeper.
    case knocked(Knocked)
    /// A doorkeeper's answer, to the newcomer.
    case answered(Answered)
    /// No member could be asked, or none answered; the newcomer may knock again later.
    case unanswered
    /// The other end of the transfer is there: bytes after this frame are the other end's.
    case spliced
    /// The last frame: the server closes the connection after it.
    case goodbye(GoodbyeReason)

    package struct ServerHello: Hashable, Sendable {
        /// The version that will be spoken: the lower of both ends' highest.
        package var version: UInt16
        package var challenge: Challenge
        /// Bytes of a frame's body that this server accepts.
        package var maximumBody: UInt32
        /// How long an attachment whose connection broke can be resumed.
        package var resumeSeconds: UInt32
        /// Program and version, for the curious; at most 64 bytes of UTF-8.
        package var agent: [UInt8]

        package init(
            version: UInt16 = FrameLimits.protocolVersion, challenge: Challenge,
            maximumBody: UInt32 = UInt32(FrameLimits.maximumBody), resumeSeconds: UInt32,
            agent: [UInt8]
        ) {
            self.version = version
            self.challenge = challenge
            self.maximumBody = maximumBody
            self.resumeSeconds = resumeSeconds
            self.agent = agent
        }
    }

    /// How an attach ended.
    package enum Standing: UInt8, Sendable {
        /// The first in the room: creates what is in it.
        case founder = 1
        /// Somebody is or was here before.
        case newcomer = 2
        /// An earlier attachment goes on; entries after the client's position follow.
        case resumed = 3
    }

    package struct Attached: Hashable, Sendable {
        package var standing: Standing
        package var attachment: AttachmentID
        package var token: ResumeToken
        /// Where the client's reading starts: the end of the log, or where a resume goes on.
        package var position: Position
        /// The epoch of the last accepted commit.
        package var epoch: UInt64
        /// Everybody else in the room now.
        package var roster: [Presence]

        package init(
            standing: Standing, attachment: AttachmentID, token: ResumeToken, position: Position,
            epoch: UInt64, roster: [Presence]
        ) {
            self.standing = standing
            self.attachment = attachment
            self.token = token
            self.position = position
            self.epoch = epoch
            self.roster = roster
        }
    }

    /// An append of this client's is in the log. It comes where the entry would come: what was
    /// ordered before it was sent before it.
    package struct Appended: Hashable, Sendable {
        package var id: AppendID
        package var sequence: UInt64
        /// It was in the log already.
        package var duplicate: Bool

        package init(id: AppendID, sequence: UInt64, duplicate: Bool) {
            self.id = id
            self.sequence = sequence
            self.duplicate = duplicate
        }
    }

    /// An entry of another's; one's own in the replay of a resume, or when its answer is late.
    package struct Entry: Hashable, Sendable {
        package var sequence: UInt64
        package var sender: AttachmentID
        package var kind: EntryKind
        package var payload: [UInt8]

        package init(sequence: UInt64, sender: AttachmentID, kind: EntryKind, payload: [UInt8]) {
            self.sequence = sequence
            self.sender = sender
            self.kind = kind
            self.payload = payload
        }
    }

    package struct Gap: Hashable, Sendable {
        package var through: UInt64
        /// How many entries are gone, when the server still knows.
        package var count: UInt32?

        package init(through: UInt64, count: UInt32?) {
            self.through = through
            self.count = count
        }
    }

    package struct Knocked: Hashable, Sendable {
        package var knock: KnockID
        package var newcomer: AttachmentID
        package var payload: [UInt8]

        package init(knock: KnockID, newcomer: AttachmentID, payload: [UInt8]) {
            self.knock = knock
            self.newcomer = newcomer
            self.payload = payload
        }
    }

    package struct Answered: Hashable, Sendable {
        package var doorkeeper: AttachmentID
        package var payload: [UInt8]

        package init(doorkeeper: AttachmentID, payload: [UInt8]) {
            self.doorkeeper = doorkeeper
            self.payload = payload
        }
    }
}

/// Somebody in the room, and whether a connection of theirs is there.
package struct Presence: TLSCodable, Hashable, Sendable {
    package enum State: UInt8, Sendable {
        /// Connected.
        case here = 1
        /// The connection broke; it may be resumed.
        case away = 2
        /// Left, or away for too long.
        case gone = 3
    }

    package var attachment: AttachmentID
    package var state: State

    package init(attachment: AttachmentID, state: State) {
        self.attachment = attachment
        self.state = state
    }

    package func encode(into writer: inout TLSWriter) {
        writer.write(attachment)
        writer.write(state.rawValue)
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        attachment = try reader.read()
        guard let state = State(rawValue: try reader.read()) else {
            throw .invalidValue("Presence.State")
        }
        self.state = state
    }
}

/// Why an append was not taken.
package enum RefusalReason: UInt8, Sendable {
    /// The entry is larger than its kind may be.
    case tooLarge = 1
    /// The server holds as many bytes as it may; try later.
    case full = 2
}

/// Why the server closes a connection. A peer gets a code, never the reason behind it.
package enum GoodbyeReason: UInt8, Sendable {
    /// The server stops; it may be back.
    case shuttingDown = 1
    /// Bytes that are not the protocol.
    case protocolError = 2
    /// No version in common.
    case version = 3
    /// The proof for the room did not hold.
    case unauthorized = 4
    /// The client read too slowly; it can resume.
    case tooSlow = 5
    /// A newer connection took the attachment over.
    case replaced = 6
    /// Too long without a hello, an attach, or the other end of a transfer.
    case timeout = 7
    /// As many connections, rooms or members as this server takes.
    case full = 8
    /// The answer to a leave.
    case left = 9
    /// The other end of a transfer cannot come: its token was used already.
    case tokenUsed = 10
}
