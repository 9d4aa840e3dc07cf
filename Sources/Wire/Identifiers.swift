package import TLSSyntax

/// Sixteen bytes that identify something or prove a right to it; drawn at random by whoever makes it.
package protocol SixteenBytes: TLSCodable, Hashable, Sendable {
    /// The bytes as one big-endian number.
    var number: UInt128 { get }
    init(number: UInt128)
}

extension SixteenBytes {
    /// A fresh one from the system's generator.
    package static func random() -> Self {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// A fresh one from the caller's generator, for tests that repeat.
    package static func random(using generator: inout some RandomNumberGenerator) -> Self {
        Self(number: UInt128(generator.next()) << 64 | UInt128(generator.next()))
    }

    /// The sixteen bytes.
    package var bytes: [UInt8] { tlsEncoded }

    package func encode(into writer: inout TLSWriter) {
        writer.write(UInt64(truncatingIfNeeded: number >> 64))
        writer.write(UInt64(truncatingIfNeeded: number))
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        let high: UInt64 = try reader.read()
        let low: UInt64 = try reader.read()
        self.init(number: UInt128(high) << 64 | UInt128(low))
    }
}

/// One incarnation of a room's log: after the log began anew, its id is another.
package struct LogID: SixteenBytes {
    package let number: UInt128
    package init(number: UInt128) { self.number = number }
}

/// The client's name for one append; a repeat under the same id is answered, not appended again.
package struct AppendID: SixteenBytes {
    package let number: UInt128
    package init(number: UInt128) { self.number = number }
}

/// What two transfer connections show to be joined; good once.
package struct TransferToken: SixteenBytes {
    package let number: UInt128
    package init(number: UInt128) { self.number = number }
}

/// Proves that a connection may take over an attachment; known to the server and its owner alone.
package struct ResumeToken: SixteenBytes {
    package let number: UInt128
    package init(number: UInt128) { self.number = number }
}

/// One connection's presence in a room, named by the server; it outlives a connection that is
/// resumed. Never zero.
package struct AttachmentID: TLSCodable, Hashable, Sendable {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }

    package func encode(into writer: inout TLSWriter) { writer.write(number) }

    package init(from reader: inout TLSReader) throws(CodecError) {
        number = try reader.read()
    }
}

/// The server's name for one knock that waits for an answer.
package struct KnockID: TLSCodable, Hashable, Sendable {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }

    package func encode(into writer: inout TLSWriter) { writer.write(number) }

    package init(from reader: inout TLSReader) throws(CodecError) {
        number = try reader.read()
    }
}

/// A room's name for the server: the SHA-256 of its access public key.
package struct RoomID: TLSCodable, Hashable, Sendable {
    /// How many bytes a room id has.
    package static let size = 32
    private let high: UInt128
    private let low: UInt128

    /// - Precondition: 32 bytes.
    package init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == Self.size)
        func number(_ part: some Collection<UInt8>) -> UInt128 {
            part.reduce(0) { $0 << 8 | UInt128($1) }
        }
        high = number(bytes.prefix(16))
        low = number(bytes.dropFirst(16))
    }

    package func encode(into writer: inout TLSWriter) {
        for half in [high, low] {
            writer.write(UInt64(truncatingIfNeeded: half >> 64))
            writer.write(UInt64(truncatingIfNeeded: half))
        }
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        self.init(bytes: try reader.readFixed(Self.size))
    }

    /// The first bytes in hexadecimal: enough to tell rooms apart in a log, and useless to get in.
    package var shortDescription: String {
        let digits = String(UInt32(truncatingIfNeeded: high >> 96), radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}

/// Where in a room's log: numbers of different logs cannot be compared.
package struct Position: TLSCodable, Hashable, Sendable {
    package var log: LogID
    /// Entries after this one are still unread. Numbers increase and are not contiguous.
    package var sequence: UInt64

    package init(log: LogID, sequence: UInt64) {
        self.log = log
        self.sequence = sequence
    }

    package func encode(into writer: inout TLSWriter) {
        writer.write(log)
        writer.write(sequence)
    }

    package init(from reader: inout TLSReader) throws(CodecError) {
        log = try reader.read()
        sequence = try reader.read()
    }
}
