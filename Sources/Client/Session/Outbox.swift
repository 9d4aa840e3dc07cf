import Wire

/// What this client says and the server has not yet acknowledged, in order.
///
/// What a person says is one `Unit`, cut into parts that travel as one append each. Parts under way
/// are `Flight`s, bounded in bytes. A unit is kept whole until all of it is acknowledged, because a
/// log that began anew needs all of its parts again.
struct Outbox: Sendable {
    /// Bytes under way at once: a round trip of 100 ms still carries 10 MiB a second.
    static let window = 1 << 20
    /// Appends under way at once: each costs more memory than its bytes.
    static let maximumFlights = 4096
    /// Bytes that wait to be said: four of the longest messages.
    static let maximumQueued = 64 << 20
    /// Contents besides messages that wait to be said: more than a room full of people who take
    /// and decline files makes, so that who floods us with questions fills no memory.
    static let maximumContents = 4096
    /// Bytes of a message in one part: half of an entry, with room for all that goes around it.
    static let partSize = 32 << 10
    /// How long a repeat under the same id is safe; servers remember ids for two minutes. Later, a
    /// fresh id is: receivers drop a message that they have.
    static let idMemory: Duration = .seconds(100)

    enum Load: Sendable {
        case text(MessageID, [UInt8])
        case content([UInt8])
        /// Bound to one attachment; worth nothing under the next.
        case announcement([UInt8])

        var size: Int {
            switch self {
            case .text(_, let bytes), .content(let bytes), .announcement(let bytes): bytes.count
            }
        }
    }

    struct Unit: Sendable {
        var number: Int
        var load: Load
        var parts: Int
        /// The next part to be sent.
        var next = 0
        var acknowledged = 0
        /// The server refused a part for good: the others have it never.
        var isTorn = false
    }

    enum Origin: Sendable {
        case unit(Int)
        case cipher(CipherStep.Ticket)
    }

    struct Flight: Sendable {
        var append: ClientFrame.Append
        var origin: Origin
        var firstSent: Duration
        /// The server said that it did not take it, or may not have; sent again after a pause.
        var isHeldBack = false
    }

    private(set) var units = Queue<Unit>()
    private(set) var flights = Queue<Flight>()
    private(set) var bytesUnderWay = 0
    private(set) var bytesQueued = 0
    /// Messages among the units.
    private(set) var messageCount = 0
    /// Whether something besides a message may be queued.
    var hasRoomForContent: Bool { units.count - messageCount < Self.maximumContents }
    /// The first unit with parts to be sent.
    private var cursor = 0
    private var nextNumber = 0

    var isEmpty: Bool { units.isEmpty && flights.isEmpty }

    var hasRoomInWindow: Bool {
        bytesUnderWay < Self.window && flights.count < Self.maximumFlights
    }

    mutating func enqueue(_ load: Load) {
        units.append(Unit(number: nextNumber, load: load, parts: Self.parts(of: load)))
        nextNumber += 1
        count(load, sign: 1)
    }

    /// Ahead of everything: nothing must be under way.
    mutating func enqueueFirst(_ load: Load) {
        let number = (units.first?.number ?? nextNumber) - 1
        units.prepend(Unit(number: number, load: load, parts: Self.parts(of: load)))
        if units.count == 1 { nextNumber = number + 1 }
        cursor = number
        count(load, sign: 1)
    }

    private static func parts(of load: Load) -> Int {
        guard case .text(_, let bytes) = load else { return 1 }
        return max(1, (bytes.count + partSize - 1) / partSize)
    }

    private mutating func count(_ load: Load, sign: Int) {
        bytesQueued += sign * load.size
        if case .text = load { messageCount += sign }
    }

    /// The next part's plain content; nil when all is under way.
    func nextContent() -> (origin: Origin, content: [UInt8], isAnnouncement: Bool)? {
        guard let first = units.first, cursor - first.number < units.count else { return nil }
        let unit = units[cursor - first.number]
        switch unit.load {
        case .content(let bytes): return (.unit(cursor), bytes, false)
        case .announcement(let bytes): return (.unit(cursor), bytes, true)
        case .text(let id, let bytes):
            let start = unit.next * Self.partSize
            let part = Content.TextPart(
                message: id, index: UInt32(unit.next), count: UInt32(unit.parts),
                bytes: Array(bytes[start..<min(start + Self.partSize, bytes.count)]))
            return (.unit(cursor), Content.text(part).encoded, false)
        }
    }

    /// Notes that what `nextContent` gave, or what a cipher asked for, is under way.
    mutating func launch(_ append: ClientFrame.Append, origin: Origin, now: Duration) {
        flights.append(Flight(append: append, origin: origin, firstSent: now))
        bytesUnderWay += append.payload.count
        guard case .unit(let number) = origin, let first = units.first else { return }
        units[number - first.number].next += 1
        if units[number - first.number].next == units[number - first.number].parts { cursor += 1 }
    }

    func contains(_ id: AppendID) -> Bool { index(of: id) != nil }

    private func index(of id: AppendID) -> Int? {
        // Answers come in order, so that it is the first but for faults.
        if flights.first?.append.id == id { return 0 }
        return (0..<flights.count).first { flights[$0].append.id == id }
    }

    /// Takes out an append that is decided.
    mutating func land(_ id: AppendID) -> Flight? {
        guard let index = index(of: id) else { return nil }
        let flight = index == 0 ? flights.popFirst() : flights.remove(at: index)
        if let flight { bytesUnderWay -= flight.append.payload.count }
        return flight
    }

    /// Counts a part as done, or as refused for good; returns the message all of whose parts are
    /// decided now, and whether the server has it whole.
    mutating func decide(unit number: Int, isRefused: Bool) -> (id: MessageID, isWhole: Bool)? {
        guard let first = units.first, number >= first.number else { return nil }
        let index = number - first.number
        guard index < units.count else { return nil }
        units[index].acknowledged += 1
        if isRefused { units[index].isTorn = true }
        let unit = units[index]
        while let front = units.first, front.acknowledged >= front.parts {
            units.popFirst()
            count(front.load, sign: -1)
        }
        guard unit.acknowledged == unit.parts, case .text(let id, _) = unit.load else { return nil }
        return (id, !unit.isTorn)
    }

    /// Keeps an append back until `relaunch`.
    mutating func holdBack(_ id: AppendID, freshID: AppendID?) {
        guard let index = index(of: id) else { return }
        flights[index].isHeldBack = true
        if let freshID { flights[index].append.id = freshID }
    }

    /// The appends to be sent once more, in order.
    ///
    /// - Parameters:
    ///   - all: whether the connection is another one, or only those kept back are meant.
    ///   - freshID: makes the id of those whose old one the server may have forgotten.
    mutating func relaunch(
        all: Bool, now: Duration, freshID: () -> AppendID
    ) -> [ClientFrame.Append] {
        var again: [ClientFrame.Append] = []
        for index in 0..<flights.count where all || flights[index].isHeldBack {
            if case .unit = flights[index].origin, now - flights[index].firstSent > Self.idMemory {
                flights[index].append.id = freshID()
                flights[index].firstSent = now
            }
            flights[index].isHeldBack = false
            again.append(flights[index].append)
        }
        return again
    }

    /// The log began anew, or another attachment did: everything not wholly acknowledged is to be
    /// said from its beginning.
    mutating func restart() {
        flights.removeAll()
        bytesUnderWay = 0
        var kept = Queue<Unit>()
        nextNumber = 0
        for unit in units where unit.acknowledged < unit.parts {
            if case .announcement(let bytes) = unit.load {
                bytesQueued -= bytes.count
                continue
            }
            kept.append(Unit(number: nextNumber, load: unit.load, parts: unit.parts))
            nextNumber += 1
        }
        units = kept
        cursor = 0
        bytesQueued = units.reduce(0) { $0 + $1.load.size }
        messageCount = units.reduce(0) { if case .text = $1.load { $0 + 1 } else { $0 } }
    }

    /// The messages not wholly acknowledged: those begun, and those not.
    var unfinishedMessages: (begun: [MessageID], unsent: [MessageID]) {
        var result: (begun: [MessageID], unsent: [MessageID]) = ([], [])
        for unit in units where unit.acknowledged < unit.parts {
            guard case .text(let id, _) = unit.load else { continue }
            if unit.next > 0 { result.begun.append(id) } else { result.unsent.append(id) }
        }
        return result
    }
}
