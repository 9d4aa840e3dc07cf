/// Builds an encoding in the TLS presentation language (RFC 8446 section 3, with the variable-size
/// vectors of RFC 9420 section 2.1.2).
public struct TLSWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8]

    /// An empty encoding.
    ///
    /// - Parameter capacity: how many bytes to make room for, when the caller knows.
    public init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Appends an unsigned integer in network byte order.
    mutating func writeInteger<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        var shift = T.bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
        }
    }

    /// Appends a value's own encoding; an unsigned integer's is its bytes in network order.
    public mutating func write(_ value: some TLSEncodable) {
        value.encode(into: &self)
    }

    /// Appends bytes as they are, without a length: a fixed-size `opaque name[n]`.
    public mutating func writeFixed(_ value: some Collection<UInt8>) {
        bytes.append(contentsOf: value)
    }

    /// Appends `opaque name<V>`: the length, then the bytes.
    ///
    /// - Precondition: the value is shorter than 2^30 bytes, the most a length header can say.
    public mutating func writeOpaque(_ value: some Collection<UInt8>) {
        writeLength(value.count)
        bytes.append(contentsOf: value)
    }

    /// Appends `T name<V>`: the length in bytes of all elements, then the elements.
    public mutating func writeVector(_ elements: some Sequence<some TLSEncodable>) {
        writeVector { writer in
            for element in elements { element.encode(into: &writer) }
        }
    }

    /// Appends a vector whose contents `body` writes.
    public mutating func writeVector(_ body: (inout TLSWriter) -> Void) {
        var contents = TLSWriter()
        body(&contents)
        writeOpaque(contents.bytes)
    }

    /// Appends `optional<T>`: a presence octet, then the value if there is one
    /// (RFC 9420 section 2.1.1).
    public mutating func writeOptional(_ value: (some TLSEncodable)?) {
        guard let value else { return write(UInt8(0)) }
        write(UInt8(1))
        value.encode(into: &self)
    }

    /// Appends the header of a variable-size vector in its minimal form of 1, 2 or 4 bytes
    /// (RFC 9420 section 2.1.2).
    public mutating func writeLength(_ length: Int) {
        precondition(length >= 0 && length < 1 << 30, "a vector holds less than 2^30 bytes")
        switch length {
        case ..<(1 << 6): write(UInt8(length))
        case ..<(1 << 14): write(UInt16(length) | 0x4000)
        default: write(UInt32(length) | 0x8000_0000)
        }
    }
}
