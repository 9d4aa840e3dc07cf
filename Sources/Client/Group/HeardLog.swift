import TLSSyntax
import Wire

/// What a member had heard of one of the room's logs, as it tells the others in a later one.
struct HeardLog: TLSCodable, Hashable, Sendable {
    let log: LogID
    /// The place at which it came in.
    let since: UInt64
    /// The place of the last message that it heard or said; 0 when there was none.
    let last: UInt64

    /// It had heard everything up to this place, from when it came in.
    var through: UInt64 { max(since, last) }

    init(log: LogID, since: UInt64, last: UInt64) {
        self.log = log
        self.since = since
        self.last = last
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(log)
        writer.write(since)
        writer.write(last)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        log = try reader.read()
        since = try reader.read()
        last = try reader.read()
    }
}

/// What the members of a group had heard of one log, as far as a member knows.
struct LogSpan: TLSCodable, Hashable, Sendable {
    let log: LogID
    /// Every one of them had heard it up to here, …
    var lowest: UInt64
    /// … was told what was said up to here, …
    var recounted: UInt64
    /// … and none of them had heard a message beyond this.
    var highest: UInt64

    init(log: LogID, lowest: UInt64, recounted: UInt64 = 0, highest: UInt64) {
        self.log = log
        self.lowest = lowest
        self.recounted = recounted
        self.highest = highest
    }

    init(_ heard: HeardLog) {
        self.init(log: heard.log, lowest: heard.through, highest: heard.last)
    }

    mutating func merge(_ other: LogSpan) {
        lowest = min(lowest, other.lowest)
        recounted = max(recounted, other.recounted)
        highest = max(highest, other.highest)
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(log)
        writer.write(lowest)
        writer.write(recounted)
        writer.write(highest)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        log = try reader.read()
        lowest = try reader.read()
        recounted = try reader.read()
        highest = try reader.read()
    }
}

/// Which messages stand in a log after a place, for those who had not heard them.
struct Recount: TLSCodable, Hashable, Sendable {
    let log: LogID
    let after: UInt64
    let through: UInt64
    /// False when the author does not remember all of them.
    let isComplete: Bool
    let messages: [MessageID]

    init(
        log: LogID, after: UInt64, through: UInt64, isComplete: Bool, messages: [MessageID]
    ) {
        self.log = log
        self.after = after
        self.through = through
        self.isComplete = isComplete
        self.messages = messages
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(log)
        writer.write(after)
        writer.write(through)
        writer.write(UInt8(isComplete ? 1 : 0))
        writer.writeVector(messages)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        log = try reader.read()
        after = try reader.read()
        through = try reader.read()
        isComplete = try reader.read(UInt8.self) == 1
        messages = try reader.readVector()
    }
}
