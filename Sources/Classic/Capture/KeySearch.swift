/// Finds the key of what was XORed by trying all 256 and looking for text.
///
/// A wrong key turns letters into other letters here and there, and spaces, which every text has,
/// into what no text has.
package enum KeySearch {
    package struct Result: Hashable, Sendable {
        package let key: ClassicKey
        /// False when another key fits nearly as well: there is too little text.
        package let isSure: Bool
    }

    /// What the best key must have more than the second, in natural logarithms: a thousand to one.
    private static let sureMargin = 7.0
    /// Keys that are judged closely after all were judged by how often each byte occurs.
    private static let finalists = 16

    /// The key under which these bodies are most like text; nil when there are none.
    package static func search(_ bodies: [[UInt8]]) -> Result? {
        let sample = sample(of: bodies)
        var counts = [Double](repeating: 0, count: 256)
        for byte in sample.joined() { counts[Int(byte)] += 1 }
        guard counts.contains(where: { $0 > 0 }) else { return nil }
        let rough = (0...255).map { key in
            (key: key, score: (0...255).reduce(0.0) { $0 + counts[$1] * weights[$1 ^ key] })
        }.sorted { $0.score > $1.score }
        let close = rough.prefix(finalists).map { candidate in
            let key = ClassicKey(value: UInt8(candidate.key))
            let structure = sample.reduce(0.0) { $0 + Self.structure(key.apply($1)) }
            return (key: key, score: candidate.score + structure)
        }.sorted { $0.score > $1.score }
        guard let first = close.first else { return nil }
        let margin = close.count > 1 ? first.score - close[1].score : sureMargin
        return Result(key: first.key, isSure: margin >= sureMargin)
    }

    /// The beginnings of as many bodies as are needed.
    private static func sample(of bodies: [[UInt8]]) -> [ArraySlice<UInt8>] {
        var rest = CaptureLimits.judgedBytes
        return bodies.prefix { _ in rest > 0 }.map { body in
            let part = body.prefix(rest)
            rest -= part.count
            return part
        }
    }

    /// What a byte says for being text: the logarithm of how much more often it is met in English
    /// and in what people write to each other than in random bytes.
    private static let weights: [Double] = (0...255).map { value in
        let byte = UInt8(value)
        if let place = "etaoinshrdlcumwfgypbvkjxqz".utf8.firstIndex(of: byte) {
            let rank = "etaoinshrdlcumwfgypbvkjxqz".utf8.distance(
                from: "etaoinshrdlcumwfgypbvkjxqz".utf8.startIndex, to: place)
            return 3.2 - 0.16 * Double(rank)
        }
        switch byte {
        case UInt8(ascii: " "): return 3.8
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return 0.6
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return 0.2
        case UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "!"),
            UInt8(ascii: "?"), UInt8(ascii: "'"):
            return 0.8
        case 0x21...0x7E: return -1.5
        case 0x0A: return -0.5
        // Controls are in no text.
        case 0...0x1F, 0x7F: return -8
        // Judged by whether it is UTF-8.
        default: return -1
        }
    }

    /// Points for a body's shape: a name, a colon and a space at the beginning of most messages, and
    /// UTF-8 where bytes are beyond ASCII.
    private static func structure(_ text: [UInt8]) -> Double {
        var score = 0.0
        if let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            text.dropFirst(colon + 1).first == UInt8(ascii: " ")
        {
            score += 4
        }
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars
        where !scalar.isASCII {
            // What decoding puts in the place of bytes that are not UTF-8.
            score += scalar == "\u{FFFD}" ? -6 : 2.5 * Double(UTF8.width(scalar))
        }
        return score
    }
}
