import Folder
package import Terminal

/// Sizes, rates and times in words.
package enum Describe {
    private static let units: [SafeText] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]

    /// `12.4 MB`, in powers of a thousand, as disks are sold and networks are measured.
    package static func size(_ bytes: UInt64) -> SafeText {
        guard bytes >= 1000 else { return "\(bytes) B" }
        var tenths = bytes / 100
        var unit = 1
        while tenths >= 10_000, unit + 1 < units.count {
            tenths /= 1000
            unit += 1
        }
        // Three digits say enough.
        if tenths >= 1000 { return "\(tenths / 10) \(units[unit])" }
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    package static func rate(_ bytesPerSecond: Double) -> SafeText {
        let bounded = min(max(0, bytesPerSecond.isNaN ? 0 : bytesPerSecond), 1e18)
        return "\(size(UInt64(bounded)))/s"
    }

    /// `1:07`, or `2:03:04` from an hour on.
    package static func time(_ seconds: UInt64) -> SafeText {
        let rest: SafeText = "\(twoDigits(seconds / 60 % 60)):\(twoDigits(seconds % 60))"
        if seconds >= 3600 { return "\(seconds / 3600):\(rest)" }
        return "\(seconds / 60):\(twoDigits(seconds % 60))"
    }

    private static func twoDigits(_ number: UInt64) -> SafeText {
        number < 10 ? "0\(number)" : "\(number)"
    }

    /// `3 messages`, `1 message`.
    package static func count(_ number: Int, _ noun: SafeText) -> SafeText {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    /// A file's name as it would be written to disk; with quotes where it has a space.
    package static func fileName(_ name: String) -> SafeText {
        let safe = SafeText(untrusted: SafeFileName(untrusted: Array(name.utf8)).text)
        return safe.string.utf8.contains(0x20) ? "\"\(safe)\"" : safe
    }
}
