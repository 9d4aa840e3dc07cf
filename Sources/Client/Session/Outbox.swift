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
    static let maximumFlights = 512
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
        case text(MessageID, Content.Style, [UInt8])
        case content([UInt8])

        var size: Int {
            switch self {
            case .text(_, _, let bytes), .content(let bytes): bytes.count
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
        /// Where its parts are in the log.
        var places: [UInt64] = []
        /// The server refused a part for good: the others have it never.
        var isTorn = false
        /// The server had it before, in another log.
        var isRepeat = false
    }

    /// A piece of a unit, by the unit's number.
    struct Part: Hashable, Comparable, Sendable {
        var unit: Int
        var index: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.unit, left.index) < (right.unit, right.index)
        }
    }

    enum Origin: Hashable, Sendable {
        case part(Part)
        case group(GroupStep.Ticket)
    }

    /// A message all of whose parts are decided.
    struct Decided: Equatable, Sendable {
        var message: MessageID
        /// Where its parts are in the log.
        var places: [UInt64]
        /// False when the server refused a part for good.
        var isWhole: Bool
        var style: Content.Style
        var bytes: [UInt8]
        /// It was said again.
        var isRepeat = false
    }

    struct Flight: Sendable {
        var append: ClientFrame.Append
        var origin: Origin
        /// Under which keys a part was sealed.
        var sealing: Sealing?
        var firstSent: Duration
        var lastSent: Duration
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
    /// Parts that were under way and are to be sealed and said again, before what was never said.
    private var again = Queue<Part>()
    /// Given up for parts said again, and yet perhaps in the log: still known as our own.
    private var givenUp: [[UInt8]] = []
    /// The first unit with parts to be sent.
    private var cursor = 0
    private var nextNumber = 0

    var isEmpty: Bool { units.isEmpty && flights.isEmpty }

    var hasRoomInWindow: Bool {
        bytesUnderWay < Self.window && flights.count < Self.maximumFlights
    }

    mutating func enqueue(_ load: Load, isRepeat: Bool = false) {
        units.append(
            Unit(
                number: nextNumber, load: load, parts: Self.parts(of: load), isRepeat: isRepeat))
        nextNumber += 1
        bytesQueued += load.size
        if case .text = load { messageCount += 1 }
    }

    func unit(_ number: Int) -> Unit? { index(ofUnit: number).map { units[$0] } }

    /// Takes out all units, of which nothing is under way.
    mutating func dropUnits() {
        units.removeAll()
        cursor = nextNumber
        bytesQueued = 0
        messageCount = 0
    }

    /// Gives up a message that is not to be said after all, at the part that would be next.
    mutating func giveUp(_ part: Part) {
        if again.first == part { again.popFirst() }
        guard let index = index(ofUnit: part.unit) else { return }
        if units[index].next < units[index].parts { cursor += 1 }
        units[index].next = units[index].parts
        units[index].acknowledged = units[index].parts
        dropDecided()
    }

    private mutating func dropDecided() {
        while let front = units.first, front.acknowledged >= front.parts {
            units.popFirst()
            bytesQueued -= front.load.size
            if case .text = front.load { messageCount -= 1 }
        }
    }

    private static func parts(of load: Load) -> Int {
        guard case .text(_, _, let bytes) = load else { return 1 }
        return max(1, (bytes.count + partSize - 1) / partSize)
    }

    private func index(ofUnit number: Int) -> Int? {
        guard let first = units.first, number >= first.number,
            number - first.number < units.count
        else { return nil }
        return number - first.number
    }

    // MARK: What is next

    /// The next part's plain content; nil when all is under way.
    func nextContent() -> (part: Part, content: [UInt8])? {
        if let part = again.first { return content(of: part).map { (part, $0) } }
        guard let index = index(ofUnit: cursor) else { return nil }
        let part = Part(unit: cursor, index: units[index].next)
        return content(of: part).map { (part, $0) }
    }

    private func content(of part: Part) -> [UInt8]? {
        guard let index = index(ofUnit: part.unit) else { return nil }
        let unit = units[index]
        switch unit.load {
        case .content(let bytes): return bytes
        case .text(let id, let style, let bytes):
            let start = part.index * Self.partSize
            let text = Content.TextPart(
                message: id, index: UInt32(part.index), count: UInt32(unit.parts), style: style,
                bytes: Array(bytes[start..<min(start + Self.partSize, bytes.count)]))
            return Content.text(text).encoded
        }
    }

    /// Notes that what `nextContent` gave, or what the group asked for, is under way.
    mutating func launch(
        _ append: ClientFrame.Append, origin: Origin, sealing: Sealing?, now: Duration
    ) {
        flights.append(
            Flight(
                append: append, origin: origin, sealing: sealing, firstSent: now, lastSent: now))
        bytesUnderWay += append.payload.count
        guard case .part(let part) = origin else { return }
        if again.first == part {
            again.popFirst()
            return
        }
        guard let index = index(ofUnit: part.unit) else { return }
        units[index].next += 1
        if units[index].next == units[index].parts { cursor += 1 }
    }

    // MARK: What is decided

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

    /// Under which keys the first part was sealed of those that are under way.
    var oldestSealing: Sealing? {
        for flight in flights { if case .part = flight.origin { return flight.sealing } }
        return nil
    }

    /// The append that became an entry of this payload. No two have the same one: each is sealed.
    func flight(of payload: [UInt8]) -> Flight? { flights.first { $0.append.payload == payload } }

    /// True once for the payload of an append that was given up.
    mutating func wasGivenUp(_ payload: [UInt8]) -> Bool {
        guard let index = givenUp.firstIndex(of: payload) else { return false }
        givenUp.remove(at: index)
        return true
    }

    /// Says a part once more that is in the log and could not be read there.
    mutating func sayAgain(_ part: Part) { sayAgain([part]) }

    private mutating func sayAgain(_ parts: [Part]) {
        guard !parts.isEmpty else { return }
        let sorted = (Array(again) + parts).sorted()
        again = Queue()
        for part in sorted { again.append(part) }
    }

    /// Counts a part as done, at a place in the log, or as refused for good; returns the message
    /// when all of its parts are decided now.
    mutating func decide(_ part: Part, at sequence: UInt64?) -> Decided? {
        guard let index = index(ofUnit: part.unit) else { return nil }
        units[index].acknowledged += 1
        if let sequence {
            units[index].places.append(sequence)
        } else {
            units[index].isTorn = true
        }
        let unit = units[index]
        dropDecided()
        guard unit.acknowledged == unit.parts, case .text(let id, let style, let bytes) = unit.load
        else { return nil }
        return Decided(
            message: id, places: unit.places, isWhole: !unit.isTorn, style: style,
            bytes: bytes, isRepeat: unit.isRepeat)
    }

    // MARK: What is sent once more

    /// Keeps an append back until `relaunch`.
    mutating func holdBack(_ id: AppendID, freshID: AppendID?) {
        guard let index = index(of: id) else { return }
        flights[index].isHeldBack = true
        if let freshID { flights[index].append.id = freshID }
    }

    /// The appends to be sent once more, in order. Parts are to be sealed anew instead when they
    /// were sealed for an epoch that is over, or when the server may have forgotten their id: a
    /// sealed entry that came twice would look like its doing. So are those behind them.
    ///
    /// - Parameters:
    ///   - all: whether the connection is another one, or only those kept back are meant.
    ///   - sealing: under which keys parts are sealed now.
    mutating func relaunch(
        all: Bool, sealing: Sealing?, now: Duration
    ) -> [ClientFrame.Append] {
        var kept = Queue<Flight>()
        var appends: [ClientFrame.Append] = []
        var expired: [Part] = []
        if all { givenUp = [] }
        for var flight in flights {
            guard all || flight.isHeldBack else {
                kept.append(flight)
                continue
            }
            let isOld =
                !expired.isEmpty || flight.sealing != sealing
                || now - flight.firstSent > Self.idMemory
            if case .part(let part) = flight.origin, isOld {
                givenUp.append(flight.append.payload)
                if givenUp.count > Self.maximumFlights { givenUp.removeFirst() }
                bytesUnderWay -= flight.append.payload.count
                expired.append(part)
                continue
            }
            flight.isHeldBack = false
            flight.lastSent = now
            kept.append(flight)
            appends.append(flight.append)
        }
        flights = kept
        sayAgain(expired)
        return appends
    }

    /// The log began anew, or another attachment did: everything not wholly acknowledged is to be
    /// said from its beginning.
    mutating func restart() {
        let unfinished = units.filter { $0.acknowledged < $0.parts }
        self = Outbox()
        for unit in unfinished { enqueue(unit.load, isRepeat: unit.isRepeat) }
    }

    /// The same in another place of ours, where others may have other places too: takes out and
    /// returns what is for one of them alone.
    mutating func restartElsewhere() -> [Content] {
        var addressed: [Content] = []
        let unfinished = units.filter { unit in
            guard case .content(let bytes) = unit.load, unit.acknowledged < unit.parts,
                let content = try? Content.decode(bytes), content.addressee != nil
            else { return unit.acknowledged < unit.parts }
            addressed.append(content)
            return false
        }
        self = Outbox()
        for unit in unfinished { enqueue(unit.load, isRepeat: unit.isRepeat) }
        return addressed
    }

    /// The messages not wholly acknowledged: those begun, and those not.
    var unfinishedMessages: (begun: [MessageID], unsent: [MessageID]) {
        var result: (begun: [MessageID], unsent: [MessageID]) = ([], [])
        for unit in units where unit.acknowledged < unit.parts && !unit.isRepeat {
            guard case .text(let id, _, _) = unit.load else { continue }
            if unit.next > 0 { result.begun.append(id) } else { result.unsent.append(id) }
        }
        return result
    }
}
