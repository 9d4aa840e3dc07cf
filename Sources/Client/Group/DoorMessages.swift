import MLS
import TLSSyntax
import Wire

/// A newcomer's request to be let in: its key package, and proof that it knows the link.
struct Knock: Sendable {
    let keyPackage: KeyPackage
    /// The newcomer had seen the log up to here.
    let seen: UInt64
    private let mac: [UInt8]

    /// A key package has its owner's name and identity key in it.
    private static let sealing: StaticString = "sealed knock"

    init(
        _ keyPackage: KeyPackage, seen: UInt64, keys: RoomKeys, log: LogID, attachment: AttachmentID
    ) {
        self.keyPackage = keyPackage
        self.seen = seen
        mac = keys.mac("knock") { writer in
            Self.write(
                MLSMessage.keyPackage(keyPackage).bytes, seen, log, attachment, into: &writer)
        }
    }

    /// Bytes for the frame.
    func sealed(_ keys: RoomKeys) -> [UInt8] {
        var writer = TLSWriter(capacity: 4096)
        writer.writeFixed(mac)
        writer.write(seen)
        writer.writeFixed(MLSMessage.keyPackage(keyPackage).bytes)
        return keys.seal(writer.bytes, Self.sealing)
    }

    /// The knock of whoever has this attachment; nil when it was made without the link, or for
    /// another place.
    init?(_ sealed: [UInt8], keys: RoomKeys, log: LogID, attachment: AttachmentID) {
        guard let bytes = keys.open(sealed, Self.sealing) else { return nil }
        var reader = TLSReader(bytes)
        guard let mac = try? reader.readFixed(RoomKeys.macSize),
            let seen: UInt64 = try? reader.read(),
            let package = try? reader.readFixed(reader.remaining)
        else { return nil }
        let isValid = keys.isValid(mac, "knock") { writer in
            Self.write(package, seen, log, attachment, into: &writer)
        }
        guard isValid, case .keyPackage(let keyPackage)? = try? MLSMessage(bytes: package) else {
            return nil
        }
        self.keyPackage = keyPackage
        self.seen = seen
        self.mac = mac
    }

    private static func write(
        _ package: [UInt8], _ seen: UInt64, _ log: LogID, _ attachment: AttachmentID,
        into writer: inout TLSWriter
    ) {
        writer.write(log)
        writer.write(attachment)
        writer.write(seen)
        writer.writeOpaque(package)
    }
}

/// What a doorkeeper answers.
enum DoorAnswer: Sendable {
    case admitted(Admission)
    case told(DoorNotice)

    /// All that a batch of newcomers needs to come in.
    struct Admission: Equatable, Sendable {
        /// An `MLSMessage` with the Welcome.
        var welcome: [UInt8]
        var ratchetTree: [UInt8]
        /// A `PrivateMessage` of the new epoch, by the doorkeeper: an `Envelope` with a `Briefing`.
        var briefing: [UInt8]
    }

    private enum Kind: UInt8 {
        case admitted = 1
        case told = 2
    }

    /// A tree has the names and identity keys of all members in it.
    private static let sealing: StaticString = "sealed answer"

    /// Bytes for the frame.
    func sealed(_ keys: RoomKeys) -> [UInt8] { keys.seal(encoded, Self.sealing) }

    /// Nil for what nobody with the link said.
    init?(_ sealed: [UInt8], keys: RoomKeys) {
        guard let bytes = keys.open(sealed, Self.sealing), let answer = try? Self(bytes) else {
            return nil
        }
        self = answer
    }

    var encoded: [UInt8] {
        switch self {
        case .admitted(let admission):
            var writer = TLSWriter(
                capacity: admission.ratchetTree.count + admission.welcome.count + 1024)
            writer.write(Kind.admitted.rawValue)
            writer.writeOpaque(admission.welcome)
            writer.writeOpaque(admission.ratchetTree)
            writer.writeOpaque(admission.briefing)
            return writer.bytes
        case .told(let notice):
            var writer = TLSWriter(capacity: 128)
            writer.write(Kind.told.rawValue)
            writer.write(notice)
            return writer.bytes
        }
    }

    init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = TLSReader(bytes)
        switch Kind(rawValue: try reader.read()) {
        case .admitted:
            self = .admitted(
                Admission(
                    welcome: try reader.readOpaque(), ratchetTree: try reader.readOpaque(),
                    briefing: try reader.readOpaque()))
        case .told: self = .told(try reader.read())
        case nil: throw .invalidValue("DoorAnswer")
        }
        try reader.finish()
    }
}

/// Why a newcomer is not let in, by somebody who knows the link.
struct DoorNotice: TLSCodable, Equatable, Sendable {
    enum Reason: UInt8, Sendable {
        /// A member has to decide; knock again.
        case waiting = 1
        /// A member decided against it.
        case refused = 2
        /// The room has as many members as a Welcome can carry.
        case full = 3
        /// The key package is of another suite or kind than the room's.
        case unsuitable = 4
        /// The key package is not valid at the doorkeeper's time: one of the clocks is wrong.
        case otherClock = 5
    }

    let reason: Reason
    private let mac: [UInt8]

    init(_ reason: Reason, keys: RoomKeys, log: LogID, newcomer: AttachmentID) {
        self.reason = reason
        mac = keys.mac("door") { Self.write(reason, log, newcomer, into: &$0) }
    }

    func isValid(keys: RoomKeys, log: LogID, newcomer: AttachmentID) -> Bool {
        keys.isValid(mac, "door") { Self.write(reason, log, newcomer, into: &$0) }
    }

    private static func write(
        _ reason: Reason, _ log: LogID, _ newcomer: AttachmentID, into writer: inout TLSWriter
    ) {
        writer.write(log)
        writer.write(newcomer)
        writer.write(reason.rawValue)
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(reason.rawValue)
        writer.writeFixed(mac)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        guard let reason = Reason(rawValue: try reader.read()) else {
            throw .invalidValue("DoorNotice")
        }
        self.reason = reason
        mac = try reader.readFixed(RoomKeys.macSize)
    }
}
