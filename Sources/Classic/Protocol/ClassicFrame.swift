/// What stands in the clear before each body: a letter and a length.
package struct ClassicHeader: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// `M`: what somebody says.
        case message = 0x4D
        /// `F`: a piece of a file.
        case file = 0x46
    }

    package static let size = 10
    /// Digits that the length has room for.
    private static let digits = 9

    package let kind: Kind
    /// Bytes of the body.
    package let length: Int

    package init(kind: Kind, length: Int) {
        self.kind = kind
        self.length = length
    }

    /// Nil when these ten bytes are no header.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.size, let first = bytes.first, let kind = Kind(rawValue: first)
        else { return nil }
        let digits = bytes.dropFirst().prefix { $0 != UInt8(ascii: " ") }
        let filling = bytes.dropFirst(1 + digits.count)
        guard filling.allSatisfy({ $0 == UInt8(ascii: " ") }),
            let length = DecimalNumber.parse(digits, digits: Self.digits)
        else { return nil }
        self.init(kind: kind, length: Int(length))
    }

    /// False when no header begins with these bytes.
    static func canBegin(with bytes: [UInt8]) -> Bool {
        guard bytes.count > 1 else { return bytes.first.map { Kind(rawValue: $0) != nil } ?? true }
        let filling = [UInt8](repeating: UInt8(ascii: " "), count: max(0, size - bytes.count))
        return ClassicHeader(bytes.prefix(size) + filling) != nil
    }

    package var encoded: [UInt8] {
        let digits = Array(String(length).utf8)
        let filling = [UInt8](repeating: UInt8(ascii: " "), count: Self.digits - digits.count)
        return [kind.rawValue] + digits + filling
    }
}

/// A header and its body, as they are on the wire: the body is still XORed.
package struct ClassicFrame: Hashable, Sendable {
    package let kind: ClassicHeader.Kind
    /// Header and body.
    package let bytes: [UInt8]

    package var body: ArraySlice<UInt8> { bytes.dropFirst(ClassicHeader.size) }

    fileprivate init(kind: ClassicHeader.Kind, bytes: [UInt8]) {
        self.kind = kind
        self.bytes = bytes
    }

    /// A frame of what is to be said or sent.
    package init(_ content: ClassicContent, key: ClassicKey) throws(ClassicError) {
        let body = content.body
        guard body.count <= ClassicLimits.maximumBody else { throw .tooLong }
        kind = content.kind
        bytes = ClassicHeader(kind: kind, length: body.count).encoded + key.apply(body)
    }
}

/// Cuts frames out of what a connection brings, however the network cut it.
package struct ClassicCutter: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    /// Bytes that were used up and may stay before the others move up.
    private static let maximumUsed = 64 << 10

    package init() {}

    /// Bytes of frames that have not been taken yet.
    package var waiting: Int { bytes.count - start }

    package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// The next whole frame, if there is one.
    package mutating func next() throws(ClassicError) -> ClassicFrame? {
        guard waiting >= ClassicHeader.size else { return nil }
        guard let header = ClassicHeader(bytes[start..<(start + ClassicHeader.size)]) else {
            throw .notClassic
        }
        guard header.length <= ClassicLimits.maximumBody else { throw .tooLong }
        let size = ClassicHeader.size + header.length
        guard waiting >= size else { return nil }
        let frame = ClassicFrame(kind: header.kind, bytes: Array(bytes[start..<(start + size)]))
        take(size)
        return frame
    }

    /// The server's number, which comes before its frames.
    package mutating func keyNumber() throws(ClassicError) -> UInt8? {
        guard
            let line = try ClassicKeyLine.parse(bytes[start...].prefix(ClassicKeyLine.maximumSize))
        else { return nil }
        take(line.size)
        return line.number
    }

    private mutating func take(_ count: Int) {
        start += count
        if start == bytes.count {
            // A long message must not be paid for as long as the connection lasts.
            bytes.removeAll(keepingCapacity: bytes.capacity <= Self.maximumUsed)
            start = 0
        } else if start > Self.maximumUsed {
            bytes.removeFirst(start)
            start = 0
        }
    }
}
