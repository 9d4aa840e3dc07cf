/// One direction of a connection, put together again: repeats left out, order restored, and what is
/// missing said.
struct TCPStream {
    enum Piece: Hashable {
        /// The next bytes, and when all up to them were captured.
        case bytes(ArraySlice<UInt8>, time: UInt64)
        /// So many bytes are not in the capture.
        case gap(Int)
    }

    /// Bytes that came before those before them, by their place in the stream.
    private struct Waiting {
        let place: Int
        let bytes: ArraySlice<UInt8>
        let time: UInt64
    }

    /// The sequence number of what is expected next; nil before anything came.
    private var expected: UInt32?
    /// Its place in the stream.
    private var place = 0
    /// When the last of what was given was captured: what waited for it came no earlier.
    private var time: UInt64 = 0
    /// By place; overlapping only in what came first.
    private var waiting: [Waiting] = []
    /// Bytes that wait for bytes before them.
    private(set) var waitingBytes = 0

    /// True when the stream was seen from its first byte on.
    private(set) var hasBeginning = false
    /// The number that a connection began with.
    private(set) var initial: UInt32?

    /// A connection begins with this number.
    mutating func begin(sequence: UInt32) {
        guard expected == nil else { return }
        initial = sequence
        expected = sequence &+ 1
        hasBeginning = true
    }

    /// Takes a segment's bytes; returns what can be said now.
    mutating func add(
        _ payload: ArraySlice<UInt8>, sequence: UInt32, time: UInt64
    ) -> [Piece] {
        guard !payload.isEmpty else { return [] }
        let next = expected ?? sequence
        expected = next
        let distance = Int(Int32(bitPattern: sequence &- next))
        guard abs(distance) <= CaptureLimits.maximumDistance else { return [] }
        // A copy: what waits must not keep the whole of what was read.
        insert(Waiting(place: place + distance, bytes: Array(payload)[...], time: time))
        var pieces = takeContiguous()
        while waitingBytes > CaptureLimits.maximumWaiting
            || waiting.count > CaptureLimits.maximumWaitingSegments
        {
            pieces += skipGap()
        }
        return pieces
    }

    /// Nothing more comes: what waits is given, with what is missing before it.
    mutating func finish() -> [Piece] {
        var pieces: [Piece] = []
        while !waiting.isEmpty { pieces += skipGap() }
        return pieces
    }

    private mutating func insert(_ new: Waiting) {
        // From the end: most of what comes is the newest.
        let index = (waiting.lastIndex { $0.place <= new.place }).map { $0 + 1 } ?? 0
        // A repeat adds nothing.
        if index > 0,
            waiting[index - 1].place + waiting[index - 1].bytes.count >= new.place + new.bytes.count
        {
            return
        }
        waiting.insert(new, at: index)
        waitingBytes += new.bytes.count
    }

    private mutating func takeContiguous() -> [Piece] {
        var pieces: [Piece] = []
        var taken = 0
        while taken < waiting.count, waiting[taken].place <= place {
            let first = waiting[taken]
            taken += 1
            waitingBytes -= first.bytes.count
            let fresh = first.bytes.dropFirst(place - first.place)
            guard !fresh.isEmpty else { continue }
            advance(fresh.count)
            time = max(time, first.time)
            pieces.append(.bytes(fresh, time: time))
        }
        waiting.removeFirst(taken)
        return pieces
    }

    private mutating func skipGap() -> [Piece] {
        guard let first = waiting.first else { return [] }
        let missing = max(0, first.place - place)
        advance(missing)
        return (missing > 0 ? [.gap(missing)] : []) + takeContiguous()
    }

    private mutating func advance(_ count: Int) {
        place += count
        expected = expected.map { $0 &+ UInt32(truncatingIfNeeded: count) }
    }
}
