/// Bytes of a paste until its end marker, `ESC [ 201 ~`.
package struct PasteBuffer: Sendable {
    private var bytes: [UInt8] = []
    /// How many bytes of the end marker came last.
    private var matched = 0

    /// Bytes that are kept; the rest is dropped.
    static let maximum = 16 << 20
    private static let endMarker = Array("\u{1B}[201~".utf8)

    /// True when the end marker is complete.
    mutating func take(_ byte: UInt8) -> Bool {
        if byte == Self.endMarker[matched] {
            matched += 1
            return matched == Self.endMarker.count
        }
        // What looked like the marker was text. No part of the marker but its first byte begins it
        // again.
        for kept in Self.endMarker.prefix(matched) { keep(kept) }
        matched = byte == 0x1B ? 1 : 0
        if matched == 0 { keep(byte) }
        return false
    }

    mutating func keep(_ byte: UInt8) {
        if bytes.count < Self.maximum { bytes.append(byte) }
    }

    /// The text, and nothing is kept any more. Terminals send line ends of a paste as CR. Whatever
    /// else is a control is dropped, so that no page can hide a command in what is copied from it.
    mutating func finish() -> String {
        defer { (bytes, matched) = ([], 0) }
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x0A where previous == "\r": break
            case 0x0A, 0x0D: result.append("\n")
            case 0x09: result.append(scalar)
            case 0x00...0x1F, 0x7F...0x9F: break
            default: result.append(scalar)
            }
            previous = scalar
        }
        return String(result)
    }
}
