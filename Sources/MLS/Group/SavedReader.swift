import TLSSyntax

/// Reads a saved state: what is wrong with its encoding is an `MLSError` like all else.
struct SavedReader {
    private var reader: TLSReader

    init(_ bytes: [UInt8]) { reader = TLSReader(bytes) }

    private init(_ reader: TLSReader) { self.reader = reader }

    var isAtEnd: Bool { reader.isAtEnd }

    mutating func read<Value: TLSDecodable>(
        _ type: Value.Type = Value.self
    ) throws(MLSError) -> Value {
        try decode { (reader) throws(CodecError) in try reader.read() }
    }

    mutating func readOpaque() throws(MLSError) -> [UInt8] {
        try decode { (reader) throws(CodecError) in try reader.readOpaque() }
    }

    mutating func readOptional<Value: TLSDecodable>(
        _ type: Value.Type
    ) throws(MLSError) -> Value? {
        try decode { (reader) throws(CodecError) in try reader.readOptional(type) }
    }

    mutating func readNested() throws(MLSError) -> SavedReader {
        try decode { (reader) throws(CodecError) in SavedReader(try reader.readNested()) }
    }

    mutating func readVector<Value: TLSDecodable>() throws(MLSError) -> [Value] {
        try decode { (reader) throws(CodecError) in try reader.readVector() }
    }

    func finish() throws(MLSError) {
        do { try reader.finish() } catch { throw .malformed(error) }
    }

    private mutating func decode<Value>(
        _ body: (inout TLSReader) throws(CodecError) -> Value
    ) throws(MLSError) -> Value {
        do { return try body(&reader) } catch { throw .malformed(error) }
    }
}
