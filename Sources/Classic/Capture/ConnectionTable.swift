/// The TCP connections of a capture, and what was found in them.
struct ConnectionTable {
    /// One connection; its two ends are 0 and 1.
    struct Connection {
        let ends: [Endpoint]
        /// The end that accepted the connection, when its beginning was seen.
        var server: Int?
        /// The number of the key, when it was seen.
        var number: UInt8?
        var frameCount = 0
        /// Something else than the original protocol is spoken.
        var isOther = false
        /// It began as TLS does.
        var isTLS = false
        var wasReset = false
        fileprivate var streams = [TCPStream(), TCPStream()]
        fileprivate var parsers: [ClassicStream?] = [nil, nil]

        var isClassic: Bool { frameCount > 0 || number != nil && !isOther }
    }

    /// A frame, and the end of the connection that sent it.
    struct Event {
        let connection: Int
        let sender: Int
        let frame: FoundFrame
    }

    private(set) var connections: [Connection] = []
    private(set) var events: [Event] = []
    /// True when something was left out for its amount.
    private(set) var isOverLimit = false
    private var current: [Set<Endpoint>: Int] = [:]
    private var waitingBytes = 0
    private var keptBytes = 0

    mutating func add(_ segment: TCPSegment, time: UInt64) {
        guard let index = connection(of: segment) else { return }
        let side = connections[index].ends[0] == segment.source ? 0 : 1
        if segment.isSYN {
            connections[index].streams[side].begin(sequence: segment.sequence)
            connections[index].server = segment.isACK ? side : 1 - side
        }
        if segment.isRST { connections[index].wasReset = true }
        guard !connections[index].isOther, !segment.payload.isEmpty else { return }
        // Its own number counts before the bytes.
        let sequence = segment.isSYN ? segment.sequence &+ 1 : segment.sequence
        let before = connections[index].streams[side].waitingBytes
        let pieces = connections[index].streams[side].add(
            segment.payload, sequence: sequence, time: time)
        waitingBytes += connections[index].streams[side].waitingBytes - before
        take(pieces, index, side)
        if waitingBytes > CaptureLimits.maximumWaitingInAll {
            isOverLimit = true
            flush(index)
        }
    }

    /// Nothing more comes.
    mutating func finish() {
        for index in connections.indices { finish(index) }
    }

    /// The connection of a segment; a new one when it begins one.
    private mutating func connection(of segment: TCPSegment) -> Int? {
        let pair: Set = [segment.source, segment.destination]
        if let index = current[pair] {
            guard segment.isSYN else { return index }
            let side = connections[index].ends[0] == segment.source ? 0 : 1
            let initial = connections[index].streams[side].initial
            // The first of this direction, or a repeat.
            if initial == segment.sequence || initial == nil && segment.isACK { return index }
            finish(index)
        }
        guard connections.count < CaptureLimits.maximumConnections else {
            isOverLimit = true
            return nil
        }
        current[pair] = connections.count
        connections.append(Connection(ends: [segment.source, segment.destination]))
        return connections.count - 1
    }

    /// What waits for missing bytes waits no longer.
    private mutating func flush(_ index: Int) {
        for side in 0...1 {
            waitingBytes -= connections[index].streams[side].waitingBytes
            let pieces = connections[index].streams[side].finish()
            take(pieces, index, side)
        }
    }

    private mutating func finish(_ index: Int) {
        flush(index)
        for side in 0...1 {
            let last = connections[index].parsers[side]?.finish() ?? []
            take(last, index, side)
        }
    }

    private mutating func take(_ pieces: [TCPStream.Piece], _ index: Int, _ side: Int) {
        for piece in pieces where !connections[index].isOther {
            if connections[index].parsers[side] == nil { begin(piece, index, side) }
            switch piece {
            case .bytes(let bytes, let time):
                let found = connections[index].parsers[side]?.add(bytes, time: time) ?? []
                take(found, index, side)
            case .gap(let count):
                let found = connections[index].parsers[side]?.skip(count) ?? []
                take(found, index, side)
            }
            if connections[index].parsers[side]?.isOther == true { leave(index) }
        }
    }

    /// The first of a direction came.
    private mutating func begin(_ piece: TCPStream.Piece, _ index: Int, _ side: Int) {
        connections[index].parsers[side] = ClassicStream(
            isBeginning: connections[index].streams[side].hasBeginning,
            isServer: connections[index].server == side)
        // A handshake record of TLS, of any version.
        guard case .bytes(let bytes, _) = piece, bytes.starts(with: [0x16, 0x03]) else { return }
        connections[index].isTLS = true
    }

    private mutating func take(_ found: [ClassicStream.Found], _ index: Int, _ side: Int) {
        for one in found {
            switch one {
            case .number(let number): connections[index].number = number
            case .frame(let frame):
                keptBytes += frame.body.count
                guard keptBytes <= CaptureLimits.maximumKept,
                    events.count < CaptureLimits.maximumFrames
                else {
                    isOverLimit = true
                    continue
                }
                connections[index].frameCount += 1
                events.append(Event(connection: index, sender: side, frame: frame))
            }
        }
    }

    /// Another protocol is spoken: nothing of it is kept.
    private mutating func leave(_ index: Int) {
        connections[index].isOther = true
        for side in 0...1 {
            waitingBytes -= connections[index].streams[side].waitingBytes
            let initial = connections[index].streams[side].initial
            connections[index].streams[side] = TCPStream()
            if let initial { connections[index].streams[side].begin(sequence: initial) }
        }
    }
}
