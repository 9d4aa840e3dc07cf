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

    /// The key under which these bodies are most like text; nil when there are none.
    package static func search(_ bodies: [[UInt8]]) -> Result? {
        let sample = sample(of: bodies)
        var counts: [UInt8: Double] = [:]
        for byte in sample.joined() { counts[byte, default: 0] += 1 }
        guard !counts.isEmpty else { return nil }
        let candidates = (UInt8.min...UInt8.max)
            .map { Candidate(ClassicKey(value: $0), counts, messages: sample.count) }
            .sorted { $0.most > $1.most }
        var (first, second) = (-Double.infinity, -Double.infinity)
        var best = candidates[0].key
        // No key further down can be better than the two that are there.
        for candidate in candidates {
            guard candidate.most > second else { break }
            let key = candidate.key
            let score = sample.reduce(candidate.letters) { $0 + structure(key.apply($1)) }
            if score > first {
                (first, second, best) = (score, first, key)
            } else if score > second {
                second = score
            }
        }
        return Result(key: best, isSure: first - second >= sureMargin)
    }

    /// A key, and what can be said of it by how often each byte occurs.
    private struct Candidate {
        let key: ClassicKey
        /// Points for letters.
        let letters: Double
        /// The most points that it can get in all.
        let most: Double

        init(_ key: ClassicKey, _ counts: [UInt8: Double], messages: Int) {
            self.key = key
            var letters = 0.0
            var most = Double(messages) * namePoints
            for (byte, count) in counts {
                let plain = byte ^ key.value
                letters += count * weights[Int(plain)]
                if plain >= 0x80 { most += count * signPoints }
            }
            self.letters = letters
            self.most = letters + most
        }
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

    /// Points for a name, a colon and a space where most messages have them.
    private static let namePoints = 8.0
    /// Points for each byte of a sign beyond ASCII.
    private static let signPoints = 4.0

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
            score += namePoints
        }
        guard text.contains(where: { $0 >= 0x80 }) else { return score }
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars
        where !scalar.isASCII {
            switch scalar.properties.generalCategory {
            // What decoding puts in the place of bytes that are not UTF-8.
            case _ where scalar == "\u{FFFD}": score -= 6
            case .unassigned, .privateUse, .control: break
            // Bytes that come to be a sign together rarely do so by chance.
            default: score += signPoints * Double(UTF8.width(scalar))
            }
        }
        return score
    }
}
