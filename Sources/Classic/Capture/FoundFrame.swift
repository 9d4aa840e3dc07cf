/// A frame found in a capture, as far as it is there.
struct FoundFrame: Hashable {
    let kind: ClassicHeader.Kind
    /// Bytes that the body has on the wire.
    let length: Int
    /// The body, still XORed, without what is missing; of a piece of a file its beginning alone.
    private(set) var body: [UInt8] = []
    /// What is missing in `body`.
    private(set) var holes: [Hole] = []
    /// Nanoseconds since 1970: when its last byte was captured.
    private(set) var time: UInt64
    /// Bytes that are still to come.
    private(set) var rest: Int

    struct Hole: Hashable {
        /// Where in `body` the bytes are missing.
        let place: Int
        let count: Int
    }

    init(_ header: ClassicHeader, time: UInt64) {
        kind = header.kind
        length = header.length
        rest = header.length
        self.time = time
    }

    /// True when nothing is missing that is kept.
    var isWhole: Bool { rest == 0 && holes.isEmpty }

    /// Takes what belongs to this frame; returns how much that was.
    mutating func take(_ bytes: ArraySlice<UInt8>, time: UInt64) -> Int {
        let part = bytes.prefix(rest)
        let limit = kind == .file ? CaptureLimits.keptOfFile : length
        body += part.prefix(max(0, limit - body.count))
        rest -= part.count
        self.time = time
        return part.count
    }

    /// So many of its bytes are missing, or all that are still to come.
    mutating func skip(_ count: Int) {
        let count = min(count, rest)
        if count > 0 { holes.append(Hole(place: body.count, count: count)) }
        rest -= count
    }
}
