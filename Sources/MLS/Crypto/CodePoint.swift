public import TLSSyntax

/// A number of one of the IANA registries of RFC 9420 section 17: two bytes on the wire, and any
/// value is kept, known or not.
public protocol CodePoint: RawRepresentable<UInt16>, Hashable, Sendable, TLSCodable {
    /// The code point of a number.
    init(rawValue: UInt16)
}

extension CodePoint {
    /// Appends the number in network byte order.
    public func encode(into writer: inout TLSWriter) {
        writer.write(rawValue)
    }

    /// Reads a number; any is accepted.
    public init(from reader: inout TLSReader) throws(CodecError) {
        self.init(rawValue: try reader.read())
    }
}

/// The values reserved for GREASE in every registry (RFC 9420 section 13.5).
public enum Grease {
    /// `0x0A0A`, `0x1A1A` … `0xEAEA`.
    public static let values: [UInt16] = (0...14).map { 0x0A0A + 0x1010 * UInt16($0) }
}

/// Bytes that have a meaning but no structure: `opaque name<V>` on the wire.
public protocol OpaqueBytes: Hashable, Sendable, TLSCodable {
    /// The bytes, without the length.
    var bytes: [UInt8] { get }
    /// The value that these bytes are.
    init(_ bytes: [UInt8])
}

extension OpaqueBytes {
    /// Appends the length and the bytes.
    public func encode(into writer: inout TLSWriter) {
        writer.writeOpaque(bytes)
    }

    /// Reads the length and the bytes.
    public init(from reader: inout TLSReader) throws(CodecError) {
        self.init(try reader.readOpaque())
    }
}

/// `ProtocolVersion` of RFC 9420 section 6.
public struct ProtocolVersion: CodePoint {
    /// The number.
    public let rawValue: UInt16
    /// The version of a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// MLS 1.0, the only one there is.
    public static let mls10 = Self(rawValue: 1)
}
