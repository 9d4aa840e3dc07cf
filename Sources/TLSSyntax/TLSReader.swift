/// Reads an encoding in the TLS presentation language, from front to back.
///
/// Nothing is read past the end and nothing is allocated before the bytes for it are known to be
/// there, so hostile input costs no more memory than it has bytes. Readers of nested vectors share
/// the storage of the outer one.
public struct TLSReader: Sendable {
    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    /// A reader of all of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.init(bytes, from: 0, to: bytes.count)
    }

    private init(_ bytes: [UInt8], from position: Int, to end: Int) {
        self.bytes = bytes
        self.position = position
        self.end = end
    }

    /// How many bytes are still unread.
    public var remaining: Int { end - position }

    /// How many bytes from the start of the storage were read; differences of it give the size of
    /// what was decoded between.
    public var offset: Int { position }

    /// True when all was read.
    public var isAtEnd: Bool { position == end }

    /// The bytes between an earlier `offset` of this reader and where it stands now.
    public func bytesRead(since offset: Int) -> ArraySlice<UInt8> {
        bytes[offset..<position]
    }

    /// Checks that all was read.
    ///
    /// - Throws: `CodecError.trailingBytes`.
    public func finish() throws(CodecError) {
        guard isAtEnd else { throw .trailingBytes }
    }

    /// Reads an unsigned integer in network byte order.
    mutating func readInteger<T: FixedWidthInteger & UnsignedInteger>() throws(CodecError) -> T {
        let size = T.bitWidth / 8
        guard remaining >= size else { throw .truncated }
        var value: T = 0
        for index in position..<position + size {
            value = (size == 1 ? 0 : value << 8) | T(bytes[index])
        }
        position += size
        return value
    }

    /// Reads a value by its own decoding; an unsigned integer's takes its bytes in network order.
    public mutating func read<T: TLSDecodable>(_ type: T.Type = T.self) throws(CodecError) -> T {
        try T(from: &self)
    }

    /// Reads a fixed-size `opaque name[count]`.
    public mutating func readFixed(_ count: Int) throws(CodecError) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw .truncated }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// Reads `opaque name<V>`.
    ///
    /// - Parameter limit: the most bytes that the caller accepts.
    /// - Throws: `CodecError.tooLong` past the limit.
    public mutating func readOpaque(limit: Int = .max) throws(CodecError) -> [UInt8] {
        try readFixed(readLength(limit: limit))
    }

    /// Reads `T name<V>`: elements until the vector's length is used up exactly.
    ///
    /// - Parameter limit: the most bytes, not elements, that the caller accepts.
    public mutating func readVector<T: TLSDecodable>(
        of type: T.Type = T.self, limit: Int = .max
    ) throws(CodecError) -> [T] {
        var contents = try readNested(limit: limit)
        var elements: [T] = []
        while !contents.isAtEnd { elements.append(try T(from: &contents)) }
        return elements
    }

    /// Reads a vector's header and returns a reader of its contents; this one is then behind it.
    public mutating func readNested(limit: Int = .max) throws(CodecError) -> TLSReader {
        let length = try readLength(limit: limit)
        defer { position += length }
        return TLSReader(bytes, from: position, to: position + length)
    }

    /// Reads `optional<T>` (RFC 9420 section 2.1.1).
    public mutating func readOptional<T: TLSDecodable>(
        _ type: T.Type = T.self
    ) throws(CodecError) -> T? {
        switch try read(UInt8.self) {
        case 0: return nil
        case 1: return try T(from: &self)
        case let presence: throw .invalidPresence(presence)
        }
    }

    /// Reads the header of a variable-size vector and checks that so many bytes follow it.
    ///
    /// RFC 9420 section 2.1.2: "values using more bits than necessary MUST be treated as
    /// malformed", and "Vectors that start with the prefix "11" are invalid and MUST be rejected."
    public mutating func readLength(limit: Int = .max) throws(CodecError) -> Int {
        let length = try readLengthHeader()
        guard length <= limit else { throw .tooLong(limit: limit) }
        guard length <= remaining else { throw .truncated }
        return length
    }

    /// Reads the header alone, without regard to what follows.
    public mutating func readLengthHeader() throws(CodecError) -> Int {
        let first = try read(UInt8.self)
        let size = 1 << Int(first >> 6)
        guard size < 8 else { throw .reservedLength }
        var length = Int(first & 0x3f)
        for _ in 1..<size { length = length << 8 | Int(try read(UInt8.self)) }
        let smallest = size == 1 ? 0 : size == 2 ? 1 << 6 : 1 << 14
        guard length >= smallest else { throw .nonMinimalLength }
        return length
    }
}

extension UInt8: TLSCodable {}
extension UInt16: TLSCodable {}
extension UInt32: TLSCodable {}
extension UInt64: TLSCodable {}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// Appends the integer in network byte order.
    public func encode(into writer: inout TLSWriter) {
        writer.writeInteger(self)
    }

    /// Reads an integer in network byte order.
    public init(from reader: inout TLSReader) throws(CodecError) {
        self = try reader.readInteger()
    }
}
