/// A value with an encoding in the TLS presentation language.
public protocol TLSEncodable {
    /// Appends the encoding of this value.
    func encode(into writer: inout TLSWriter)
}

/// A value that can be decoded from the TLS presentation language.
public protocol TLSDecodable {
    /// Decodes one value and leaves the reader behind it.
    init(from reader: inout TLSReader) throws(CodecError)
}

/// A value that goes both ways: `encode` and `init(from:)` are each other's inverse.
public typealias TLSCodable = TLSDecodable & TLSEncodable

extension TLSEncodable {
    /// The encoding of this value alone.
    public var tlsEncoded: [UInt8] {
        var writer = TLSWriter()
        encode(into: &writer)
        return writer.bytes
    }
}

extension TLSDecodable {
    /// Decodes a value that fills `bytes` exactly.
    ///
    /// - Throws: `CodecError.trailingBytes` when something follows the value, and whatever the
    ///   value's own decoding throws.
    public init(tlsEncoded bytes: [UInt8]) throws(CodecError) {
        var reader = TLSReader(bytes)
        self = try Self(from: &reader)
        try reader.finish()
    }
}
