/// The one number that all of the original cipher hangs on. Insecure: it is sent in the clear.
package struct ClassicKey: Hashable, Sendable {
    /// What every byte is XORed with.
    package let value: UInt8

    /// What the server's number is larger by.
    private static let difference: UInt8 = 10

    /// The key that a server's number stands for: the number less 10, modulo 256.
    package init(number: UInt8) { value = number &- Self.difference }

    package init(value: UInt8) { self.value = value }

    /// The number that a server sends for this key.
    package var number: UInt8 { value &+ Self.difference }

    /// Hides bytes, or brings them back: it is the same.
    package func apply(_ bytes: some Sequence<UInt8>) -> [UInt8] { bytes.map { $0 ^ value } }
}

/// The line by which a server tells its number: decimal digits and a line end.
package enum ClassicKeyLine {
    /// Bytes of the longest one: `255` and the line end.
    package static let maximumSize = 4

    package static func encode(number: UInt8) -> [UInt8] { Array("\(number)\n".utf8) }

    /// The number at the beginning of what a server sent, and the bytes of its line; nil while the
    /// line is not whole.
    package static func parse(
        _ bytes: some Collection<UInt8>
    ) throws(ClassicError) -> (number: UInt8, size: Int)? {
        let digits = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard digits.count < maximumSize, let value = DecimalNumber.parse(digits, digits: 3) else {
            if bytes.isEmpty { return nil }
            throw .notClassic
        }
        guard value <= 255 else { throw .notClassic }
        return digits.count == bytes.count ? nil : (UInt8(value), digits.count + 1)
    }
}

/// Numbers as the protocol writes them.
enum DecimalNumber {
    /// Nil when there is anything but one to `digits` digits. At most 19 fit.
    static func parse(_ bytes: some Collection<UInt8>, digits: Int) -> UInt64? {
        guard !bytes.isEmpty, bytes.count <= min(digits, 19) else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
