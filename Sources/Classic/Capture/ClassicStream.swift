/// Reads one direction of what may be a conversation of the original protocol: from its beginning,
/// from the middle, and past what is missing.
struct ClassicStream {
    enum Found: Hashable {
        /// The number of the key, in the clear.
        case number(UInt8)
        case frame(FoundFrame)
    }

    private enum State {
        /// Nothing came yet.
        case start
        /// Between frames: a header must follow.
        case header
        /// A header is looked for, since the one before is missing.
        case search
        case body(FoundFrame)
        /// This is no conversation of the protocol.
        case other
    }

    private var state = State.start
    /// Bytes not judged yet: at most a header.
    private var head: [UInt8] = []
    /// A frame that was found by searching: it is one if another or nothing follows.
    private var held: FoundFrame?
    /// True while nothing is missing: what does not fit then is another protocol.
    private var isReliable: Bool
    private let isServer: Bool

    /// - Parameters:
    ///   - isBeginning: whether the stream is seen from its first byte on.
    ///   - isServer: whether it is known to be the server's.
    init(isBeginning: Bool, isServer: Bool) {
        isReliable = isBeginning
        self.isServer = isServer
    }

    var isOther: Bool {
        if case .other = state { true } else { false }
    }

    mutating func add(_ bytes: ArraySlice<UInt8>, time: UInt64) -> [Found] {
        var found: [Found] = []
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .other: return found
            case .body(var frame):
                state = .header
                rest = rest.dropFirst(frame.take(rest, time: time))
                if frame.rest > 0 { state = .body(frame) } else { found += complete(frame) }
            case .search where head.isEmpty:
                rest = rest.drop { ClassicHeader.Kind(rawValue: $0) == nil }
                fill(&rest)
                found += judge(time)
            case .start, .header, .search:
                fill(&rest)
                found += judge(time)
            }
        }
        return found
    }

    /// So many bytes are missing.
    mutating func skip(_ count: Int) -> [Found] {
        guard !isOther else { return [] }
        isReliable = false
        guard case .body(var frame) = state else {
            defer { head = [] }
            state = .search
            return release()
        }
        let isInside = count < frame.rest
        let isAllOfIt = count == frame.rest
        frame.skip(count)
        state = isInside ? .body(frame) : isAllOfIt ? .header : .search
        return isInside ? [] : release() + [.frame(frame)]
    }

    /// Nothing more comes.
    mutating func finish() -> [Found] {
        guard case .body(var frame) = state else { return release() }
        state = .other
        guard !frame.body.isEmpty else { return release() }
        frame.skip(frame.rest)
        return release() + [.frame(frame)]
    }

    private mutating func fill(_ rest: inout ArraySlice<UInt8>) {
        let part = rest.prefix(ClassicHeader.size - head.count)
        head += part
        rest = rest.dropFirst(part.count)
    }

    /// Looks at what may be a header, or the line of the number.
    private mutating func judge(_ time: UInt64) -> [Found] {
        if case .start = state {
            let found = judgeStart()
            if case .start = state { return found }
            return found + judge(time)
        }
        guard !isOther, head.count == ClassicHeader.size else { return [] }
        guard let header = ClassicHeader(head), header.length <= ClassicLimits.maximumBody else {
            misses()
            return []
        }
        head = []
        let frame = FoundFrame(header, time: time)
        let before = release()
        state = .body(frame)
        return header.length == 0 ? before + complete(frame) : before
    }

    /// The server's number stands at the beginning, and nowhere else.
    private mutating func judgeStart() -> [Found] {
        if isReliable && !isServer {
            state = .header
            return []
        }
        do throws(ClassicError) {
            guard let line = try ClassicKeyLine.parse(head) else { return [] }
            head.removeFirst(line.size)
            state = .header
            return [.number(line.number)]
        } catch {
            state = isReliable ? .other : .search
            return []
        }
    }

    /// Where a header should be there is none.
    private mutating func misses() {
        held = nil
        guard !isReliable else {
            state = .other
            head = []
            return
        }
        state = .search
        let next = head.dropFirst().firstIndex { ClassicHeader.Kind(rawValue: $0) != nil }
        head.removeFirst(next ?? head.count)
    }

    private mutating func complete(_ frame: FoundFrame) -> [Found] {
        state = .header
        if isReliable { return [.frame(frame)] }
        held = frame
        return []
    }

    /// The frame that was held, unless what follows it cannot become a header.
    private mutating func release() -> [Found] {
        defer { held = nil }
        let follows = head.isEmpty || ClassicHeader.canBegin(with: head)
        return follows ? held.map { [.frame($0)] } ?? [] : []
    }
}
