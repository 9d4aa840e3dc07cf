package import Crypto
public import TLSSyntax

/// A secret byte string: wiped when the last copy goes, compared in constant time, never printed.
public struct Secret: Sendable, Equatable {
    package let key: SymmetricKey

    package init(key: SymmetricKey) {
        self.key = key
    }

    /// The secret that these bytes are. The caller's own copy is not wiped.
    public init(_ bytes: [UInt8]) {
        key = SymmetricKey(data: bytes)
    }

    /// The all-zero string that RFC 9420 section 8 writes as `0`.
    static func zeros(_ count: Int) -> Secret {
        Secret([UInt8](repeating: 0, count: count))
    }

    /// Bytes in the secret.
    public var count: Int { key.bitCount / 8 }

    /// Gives the bytes to `body`, which must not keep them.
    public func withUnsafeBytes<R, E>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try key.withUnsafeBytes { bytes in
            Result { () throws(E) -> R in try body(bytes) }
        }.get()
    }

    /// The bytes, out of protection: for encryption to someone who shall know them, and for state
    /// that is sealed next.
    var exposed: [UInt8] { key.withUnsafeBytes { Array($0) } }
}

extension Secret: Redacted {
    /// Says how long the secret is, and nothing else.
    public var description: String { "Secret(\(count) bytes)" }
}

/// As `opaque secret<V>`: only in what is encrypted next.
extension Secret: TLSCodable {
    /// Appends the length and the bytes.
    public func encode(into writer: inout TLSWriter) {
        writer.writeLength(count)
        withUnsafeBytes { writer.writeFixed($0) }
    }

    /// Reads the length and the bytes.
    public init(from reader: inout TLSReader) throws(CodecError) {
        self.init(try reader.readOpaque())
    }
}
