/// Why bytes could not be decoded. The cases say what was wrong, never what the bytes held.
public enum CodecError: Error, Equatable, Sendable {
    /// The input ended in the middle of a value.
    case truncated
    /// A whole value was decoded and bytes were left over.
    case trailingBytes
    /// A vector's length was not written in the fewest bytes (RFC 9420 section 2.1.2).
    case nonMinimalLength
    /// A vector's length began with the reserved bits 11 (RFC 9420 section 2.1.2).
    case reservedLength
    /// A vector was longer than the caller allows; the limit is in bytes.
    case tooLong(limit: Int)
    /// A presence octet of an `optional<T>` was neither 0 nor 1 (RFC 9420 section 2.1.1).
    case invalidPresence(UInt8)
    /// A field held a value that its type does not have; the name is the type's.
    case invalidValue(String)
}
