import TLSSyntax
import Wire

extension Envelope {
    /// What a sender says, besides, of entries that not everybody could open. Places in the log.
    struct Remarks: Equatable, Sendable {
        /// So many of each kind in one envelope.
        static let maximum = 64

        /// Entries of the sender's own that came late: what they said is said again, here or before.
        var repeated: [UInt64] = []
        /// Entries of others that the sender could not open: its claim is no receipt for them.
        var unread: [UInt64] = []

        var isEmpty: Bool { repeated.isEmpty && unread.isEmpty }
    }
}

extension Envelope.Remarks: TLSCodable {
    func encode(into writer: inout TLSWriter) {
        for places in [repeated, unread] {
            writer.writeVector { writer in for place in places { writer.write(place) } }
        }
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        repeated = try Self.places(from: &reader)
        unread = try Self.places(from: &reader)
    }

    private static func places(from reader: inout TLSReader) throws(CodecError) -> [UInt64] {
        var list = try reader.readNested()
        var places: [UInt64] = []
        while !list.isAtEnd { places.append(try list.read()) }
        return places
    }
}

/// Remarks of ours: each goes into every envelope until one with it has come into the log in time.
struct OwnRemarks: Sendable {
    /// Remarks kept: the oldest are given up.
    private static let maximum = 4096
    /// Envelopes that are under way with remarks and are known again.
    private static let maximumUnderWay = 64

    private var open = Envelope.Remarks()
    private var underWay: [(payload: [UInt8], remarks: Envelope.Remarks)] = []

    /// An entry of ours came late, and is said again.
    mutating func addRepeated(_ place: UInt64) { Self.add(place, to: &open.repeated) }

    /// An entry of another's could not be opened.
    mutating func addUnread(_ place: UInt64) { Self.add(place, to: &open.unread) }

    private static func add(_ place: UInt64, to places: inout [UInt64]) {
        places.append(place)
        if places.count > maximum { places.removeFirst() }
    }

    /// What the next envelope says.
    var next: Envelope.Remarks {
        Envelope.Remarks(
            repeated: Array(open.repeated.prefix(Envelope.Remarks.maximum)),
            unread: Array(open.unread.prefix(Envelope.Remarks.maximum)))
    }

    /// Whether that is all that we could not open. If it is not, a claim would say too much.
    var isComplete: Bool { open.unread.count <= Envelope.Remarks.maximum }

    /// An envelope with these remarks is under way.
    mutating func sealed(_ payload: [UInt8], _ remarks: Envelope.Remarks) {
        guard !remarks.isEmpty else { return }
        underWay.append((payload, remarks))
        if underWay.count > Self.maximumUnderWay { underWay.removeFirst() }
    }

    /// An envelope of ours came into the log in time.
    mutating func landed(_ payload: [UInt8]) {
        guard let index = underWay.firstIndex(where: { $0.payload == payload }) else { return }
        let remarks = underWay.remove(at: index).remarks
        open.repeated.removeAll { remarks.repeated.contains($0) }
        open.unread.removeAll { remarks.unread.contains($0) }
    }
}

/// Entries of others that came too late to be opened, until they are said again.
struct LateEntries: Sendable {
    /// Entries that are waited for: a member can send any number.
    private static let maximum = 1024

    private struct Late: Sendable {
        var sender: AttachmentID
        var place: UInt64
        var until: Duration
    }

    /// In the order in which they came.
    private var entries: [Late] = []

    var deadline: Duration? { entries.first?.until }

    mutating func add(_ place: UInt64, of sender: AttachmentID, until: Duration) {
        guard entries.count < Self.maximum else { return }
        entries.append(Late(sender: sender, place: place, until: until))
    }

    /// Their sender has said them again.
    mutating func saidAgain(_ places: [UInt64], by sender: AttachmentID) {
        guard !entries.isEmpty, !places.isEmpty else { return }
        entries.removeAll { $0.sender == sender && places.contains($0.place) }
    }

    /// Those that nobody said again in time.
    mutating func missed(now: Duration) -> Int {
        let count = entries.prefix { now >= $0.until }.count
        entries.removeFirst(count)
        return count
    }
}
