import Crypto
import TLSSyntax
import Wire

/// What a member says that the log was, up to one of its places.
struct LogClaim: TLSCodable, Hashable, Sendable {
    /// Which of several records it is of, and from where on its owner has that.
    struct Part: TLSCodable, Hashable, Sendable {
        /// The place of the entry with which the record began; 0 is the whole one.
        let origin: UInt64
        /// The first entry that the owner has hashed into it.
        let since: UInt64
    }

    let sequence: UInt64
    /// SHA-256, 32 bytes.
    let hash: [UInt8]
    /// Nil for the whole record by somebody who has had it since it began with the group.
    var part: Part?

    init(sequence: UInt64, hash: [UInt8], part: Part? = nil) {
        self.sequence = sequence
        self.hash = hash
        self.part = part
    }

    var origin: UInt64 { part?.origin ?? 0 }

    func encode(into writer: inout TLSWriter) {
        writer.write(sequence)
        writer.writeFixed(hash)
        writer.writeOptional(part)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        sequence = try reader.read()
        hash = try reader.readFixed(32)
        part = try reader.readOptional()
    }
}

extension LogClaim.Part {
    func encode(into writer: inout TLSWriter) {
        writer.write(origin)
        writer.write(since)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        origin = try reader.read()
        since = try reader.read()
    }
}

/// With what the record of somebody begins, or could begin, who does not have what was before.
struct LogStart: TLSCodable, Hashable, Sendable {
    /// Which record it is of; 0 is the whole one.
    let origin: UInt64
    /// The place of the entry that is to be hashed next.
    let sequence: UInt64
    /// The hash before that entry, 32 bytes.
    let hash: [UInt8]

    init(origin: UInt64, sequence: UInt64, hash: [UInt8]) {
        self.origin = origin
        self.sequence = sequence
        self.hash = hash
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(origin)
        writer.write(sequence)
        writer.writeFixed(hash)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        origin = try reader.read()
        sequence = try reader.read()
        hash = try reader.readFixed(32)
    }
}

/// The running hash of the log as the server showed it to us. Members send theirs along in what
/// they say; a server that drops, repeats, reorders or changes entries for some of them, or shows
/// them different ones, is found out by the next who speaks.
///
/// Who misses something begins another record with the next entry that it gets. Records can only be
/// compared when they began alike; so the older of two is taken over, by its hash before the first
/// entry that the other has. Whatever that hash is worth, nothing is forgotten: the entries that one
/// has oneself are hashed again after it, and who has the same hash in the end has the same ones.
struct LogRecord: Sendable {
    /// Places of the log whose hash is remembered, for claims that crossed with entries: at twenty
    /// entries a second, those of the last minute.
    static let remembered = 1024

    enum Verdict: Equatable, Sendable {
        case agrees
        case differs
        /// It is about a place that we do not remember, or were not there for.
        case unknown
        /// It is of a record that began before ours.
        case older
        /// It is of one that began after ours.
        case younger
    }

    private struct Point: Sendable {
        var sequence: UInt64
        var hash: [UInt8]
    }

    private let groupID: [UInt8]
    /// Which record this is: where it began, or 0 with the group; nil until the entry comes with
    /// which it begins.
    private var origin: UInt64?
    /// The hash before our first entry.
    private var start: [UInt8]
    private var since: UInt64?
    private var history: [Point] = []
    /// What each entry since the first adds to the hash, as long as they are to be hashed again when
    /// an older record turns up; nil when that cannot be any more.
    private var digests: [[UInt8]]?
    /// We have had every entry since the group began.
    private var isWhole = false

    /// The whole record of a group that begins.
    init(groupID: [UInt8]) {
        self.groupID = groupID
        origin = 0
        isWhole = true
        start = Self.start(groupID, origin: 0)
    }

    /// Goes on from what another member knows, with the next entry.
    init(groupID: [UInt8], from given: LogStart) {
        self.groupID = groupID
        origin = given.origin
        start = given.hash
        digests = given.origin == 0 ? nil : []
    }

    /// The hash before the entry with which a record begins.
    static func start(_ groupID: [UInt8], origin: UInt64) -> [UInt8] {
        var writer = TLSWriter(capacity: 64)
        writer.writeFixed(Array("chatbox/1 log".utf8))
        writer.writeFixed(groupID)
        writer.write(origin)
        return Array(SHA256.hash(data: writer.bytes))
    }

    /// What we say of the log; nil when nothing has come since we missed something.
    var claim: LogClaim? {
        guard let last = history.last, let origin, let since else { return nil }
        let part = isWhole ? nil : LogClaim.Part(origin: origin, since: since)
        return LogClaim(sequence: last.sequence, hash: last.hash, part: part)
    }

    /// Whether a place is in our part of the log.
    func reaches(_ place: UInt64) -> Bool { since.map { place >= $0 } ?? false }

    // MARK: Entries

    /// Takes the next entry.
    mutating func append(_ entry: LogEntry) {
        if origin == nil {
            origin = entry.sequence
            start = Self.start(groupID, origin: entry.sequence)
            digests = []
        }
        since = since ?? entry.sequence
        let digest = Self.digest(entry)
        advance(entry.sequence, digest)
        guard let count = digests?.count else { return }
        if count < Self.remembered { digests?.append(digest) } else { digests = nil }
    }

    private mutating func advance(_ sequence: UInt64, _ digest: [UInt8]) {
        let hash = history.last?.hash ?? start
        history.append(Point(sequence: sequence, hash: Array(SHA256.hash(data: hash + digest))))
        if history.count >= 2 * Self.remembered { history.removeFirst(Self.remembered) }
    }

    private static func digest(_ entry: LogEntry) -> [UInt8] {
        var writer = TLSWriter(capacity: 64)
        writer.write(entry.sequence)
        writer.write(entry.sender)
        writer.write(entry.kind.rawValue)
        writer.writeFixed(Array(SHA256.hash(data: entry.payload)))
        return writer.bytes
    }

    /// Entries are gone: another record begins with the next.
    mutating func lose() {
        origin = nil
        isWhole = false
        since = nil
        history = []
        digests = nil
    }

    // MARK: What others say

    /// Compares another's claim, which came in the entry at `place`, with what we saw.
    func check(_ claim: LogClaim, at place: UInt64) -> Verdict {
        // Nobody has seen what came after they spoke.
        guard claim.sequence < place else { return .differs }
        if let other = compare(claim.origin) { return other }
        guard let first = history.first, claim.sequence >= first.sequence else { return .unknown }
        let index = index(of: claim.sequence)
        guard index < history.count, history[index].sequence == claim.sequence else {
            return .differs
        }
        return history[index].hash == claim.hash ? .agrees : .differs
    }

    /// Compares what another told somebody to begin with.
    func check(_ given: LogStart, at place: UInt64) -> Verdict {
        guard given.sequence < place else { return .differs }
        if let other = compare(given.origin) { return other }
        guard let own = hash(before: given.sequence) else { return .unknown }
        return own == given.hash ? .agrees : .differs
    }

    private func compare(_ other: UInt64) -> Verdict? {
        guard let origin, other != origin else { return origin == nil ? .unknown : nil }
        return other < origin ? .older : .younger
    }

    /// With what somebody could take over our record whose first entry is at this place; nil when we
    /// were not there, or have forgotten.
    func start(at place: UInt64) -> LogStart? {
        guard let origin, let hash = hash(before: place) else { return nil }
        return LogStart(origin: origin, sequence: place, hash: hash)
    }

    private func hash(before place: UInt64) -> [UInt8]? {
        guard let since, place >= since else { return nil }
        let index = index(of: place)
        if index > 0 { return history[index - 1].hash }
        return history.first?.sequence == since ? start : nil
    }

    /// The first point that is not before a place.
    private func index(of place: UInt64) -> Int {
        var (low, high) = (0, history.count)
        while low < high {
            let middle = (low + high) / 2
            if history[middle].sequence < place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Takes over an older record, if this is what it was before our first entry.
    ///
    /// - Returns: whether it was taken over.
    mutating func takeOver(_ given: LogStart) -> Bool {
        guard let origin, given.origin < origin, given.sequence == since, let digests else {
            return false
        }
        let sequences = history.map(\.sequence)
        self.origin = given.origin
        start = given.hash
        history = []
        for (sequence, digest) in zip(sequences, digests) { advance(sequence, digest) }
        if given.origin == 0 { self.digests = nil }
        return true
    }
}
