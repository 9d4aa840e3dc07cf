import Crypto
import TLSSyntax
import Wire

/// What a member says that the log was, up to one of its places.
struct LogClaim: TLSCodable, Hashable, Sendable {
    let sequence: UInt64
    /// SHA-256, 32 bytes.
    let hash: [UInt8]

    init(sequence: UInt64, hash: [UInt8]) {
        self.sequence = sequence
        self.hash = hash
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(sequence)
        writer.writeFixed(hash)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        sequence = try reader.read()
        hash = try reader.readFixed(32)
    }
}

/// The running hash of the log as the server showed it to us. Members send theirs along in what
/// they say; a server that drops, repeats, reorders or changes entries for some of them, or shows
/// them different ones, is found out by the next who speaks.
struct LogRecord: Sendable {
    /// Places of the log whose hash is remembered, for claims that crossed with entries: at twenty
    /// entries a second, those of the last minute.
    static let remembered = 1024

    enum Verdict: Sendable {
        case agrees
        case differs
        /// It is about a place that we do not remember, or were not there for.
        case unknown
    }

    /// The hash after the last entry; nil while entries are missing and nobody told it to us.
    private var hash: [UInt8]?
    private var history: [LogClaim] = []
    /// Entries since we lost the thread, by what they add to the hash.
    private var loose: [(sequence: UInt64, digest: [UInt8])] = []
    private var last: (sequence: UInt64, digest: [UInt8])?

    /// Nothing is known.
    init() {}

    /// Goes on from what another member knows.
    init(_ start: LogClaim) {
        hash = start.hash
        history = [start]
    }

    /// Begins with a group.
    init(groupID: [UInt8]) {
        hash = Array(SHA256.hash(data: Array("chatbox/1 log".utf8) + groupID))
    }

    /// What we say of the log; nil when we have missed some of it.
    var claim: LogClaim? { hash == nil ? nil : history.last }

    /// Takes the next entry.
    mutating func append(_ entry: LogEntry) {
        let digest = Self.digest(entry)
        last = (entry.sequence, digest)
        guard let hash else {
            loose.append((entry.sequence, digest))
            if loose.count > Self.remembered { loose.removeFirst() }
            return
        }
        advance(hash, entry.sequence, digest)
    }

    private mutating func advance(_ hash: [UInt8], _ sequence: UInt64, _ digest: [UInt8]) {
        let next = Array(SHA256.hash(data: hash + digest))
        self.hash = next
        history.append(LogClaim(sequence: sequence, hash: next))
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

    /// Entries are gone: until a member tells us, we know nothing of the log.
    mutating func lose() {
        hash = nil
        history = []
        loose = []
    }

    /// Begins anew with the entry that came last, which said so.
    mutating func anchor() {
        guard let last else { return }
        let start = Array(SHA256.hash(data: Array("chatbox/1 anchor".utf8) + last.digest))
        let claim = LogClaim(sequence: last.sequence, hash: start)
        if hash == nil { history = [claim] } else { history[history.count - 1] = claim }
        hash = start
        loose = []
    }

    /// Compares another's claim, which came in the entry at `place`, with what we saw.
    mutating func check(_ claim: LogClaim, at place: UInt64) -> Verdict {
        // Nobody has seen what came after they spoke.
        guard claim.sequence < place else { return .differs }
        guard hash != nil else { return pickUp(claim) }
        guard let first = history.first, claim.sequence >= first.sequence else { return .unknown }
        var (low, high) = (0, history.count)
        while low < high {
            let middle = (low + high) / 2
            if history[middle].sequence < claim.sequence { low = middle + 1 } else { high = middle }
        }
        guard low < history.count else { return .differs }
        return history[low] == claim ? .agrees : .differs
    }

    /// Goes on from where another member's claim meets what we have.
    private mutating func pickUp(_ claim: LogClaim) -> Verdict {
        guard let index = loose.firstIndex(where: { $0.sequence == claim.sequence }) else {
            return .unknown
        }
        hash = claim.hash
        history = [claim]
        let rest = loose[(index + 1)...]
        loose = []
        for (sequence, digest) in rest {
            if let hash { advance(hash, sequence, digest) }
        }
        return .unknown
    }
}
