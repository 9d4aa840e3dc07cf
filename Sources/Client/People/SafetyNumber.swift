import Crypto

/// The number that two people compare to be sure that nobody stands between them.
///
/// It is made of both identity keys, and so the same in every room and on both sides:
///
///     h(0) = SHA-512("chatbox/1 safety number" || smaller key || greater key)
///     h(n) = SHA-512(h(n-1) || smaller key || greater key)
///
/// Of h(65536) each group of five digits is 8 bytes, read as a big-endian number, modulo 100,000:
/// the most that one value is likelier than another is 2^-47 of it.
///
/// Thirty digits are 99.6 bits. To take the place of both towards the other, somebody has to make
/// two keys that happen to give the same number on both sides: a collision, which takes about 2^50
/// tries. Each try costs 65,537 hashes, 2^66 in all, and is worth something against these two
/// people alone.
enum SafetyNumber {
    /// Rounds of hashing after the first: some tens of milliseconds for who looks once, and 16 bits
    /// more for who tries.
    static let rounds = 65_536
    static let groups = 6
    private static let context = "chatbox/1 safety number"

    /// Thirty digits in six groups of five; the order of the keys does not matter.
    static func text(_ one: [UInt8], _ other: [UInt8]) -> String {
        let keys = one.lexicographicallyPrecedes(other) ? one + other : other + one
        var hash = SHA512.hash(data: Array(context.utf8) + keys)
        for _ in 0..<rounds {
            var next = SHA512()
            hash.withUnsafeBytes { next.update(bufferPointer: $0) }
            next.update(data: keys)
            hash = next.finalize()
        }
        let bytes = Array(hash)
        return (0..<groups).map { digits(bytes[(8 * $0)..<(8 * $0 + 8)]) }.joined(separator: " ")
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> String {
        let number = bytes.reduce(0 as UInt64) { $0 << 8 | UInt64($1) } % 100_000
        let text = String(number)
        return String(repeating: "0", count: 5 - text.utf8.count) + text
    }
}
