/// The text being typed and the place of the cursor in it, counted in units: clusters, which a
/// person takes for one sign, and long pastes, which are shown folded and are one unit whole.
package struct EditBuffer: Hashable, Sendable {
    package enum Unit: Hashable, Sendable {
        case cluster(Character)
        case paste(FoldedPaste)

        var isNewline: Bool { self == .cluster("\n") }
        var isSpace: Bool {
            guard case .cluster(let character) = self else { return false }
            return character.isWhitespace
        }
        /// Part of a word as Alt-B and Alt-F take it.
        var isWord: Bool {
            guard case .cluster(let character) = self else { return true }
            return character.isLetter || character.isNumber
        }
        /// Joined with others it may become another cluster.
        var isASCII: Bool {
            guard case .cluster(let character) = self else { return true }
            return character.isASCII
        }
        var string: String {
            switch self {
            case .cluster(let character): String(character)
            case .paste(let paste): paste.text
            }
        }
    }

    package private(set) var units: [Unit] = []
    package private(set) var cursor = 0

    package init() {}

    init(_ text: String) {
        units = Self.units(of: text)
        cursor = units.count
    }

    package var isEmpty: Bool { units.isEmpty }
    package var text: String { Self.text(of: units[...]) }
    package var before: String { Self.text(of: units[..<cursor]) }
    package var after: String { Self.text(of: units[cursor...]) }
    /// True when it takes more than one row to show.
    package var isMultiline: Bool { units.contains(where: \.isNewline) }

    static func text(of units: ArraySlice<Unit>) -> String {
        units.reduce(into: "") { $0 += $1.string }
    }

    /// Clusters of a text; a line end is `\n` always, and a text that is long is one folded unit.
    static func units(of text: String) -> [Unit] {
        if let folded = FoldedPaste(text) { return [.paste(folded)] }
        return text.map { .cluster($0 == "\r\n" || $0 == "\r" ? "\n" : $0) }
    }
}

/// A paste too long to be shown while one types: it is sent whole.
package struct FoldedPaste: Hashable, Sendable {
    package let text: String
    package let lines: Int

    /// More lines, or more bytes, than this are folded.
    package static let maximumLines = 20
    package static let maximumBytes = 8 << 10

    package init?(_ text: String) {
        let ends = text.utf8.count { $0 == 0x0A }
        guard ends >= Self.maximumLines || text.utf8.count > Self.maximumBytes else { return nil }
        self.text = text
        lines = text.utf8.last == 0x0A ? ends : ends + 1
    }

    /// What is shown for it, as in `[pasted 312 lines, 14 KiB]`.
    package var label: SafeText {
        let kibibytes = (text.utf8.count + 1023) >> 10
        return lines == 1
            ? "[pasted \(kibibytes) KiB]" : "[pasted \(lines) lines, \(kibibytes) KiB]"
    }
}

// MARK: Changing

extension EditBuffer {
    /// Puts text before the cursor. Where it touches other signs clusters are found anew: an accent
    /// typed after a letter becomes one with it.
    mutating func insert(_ text: String) {
        insert(Self.units(of: text))
    }

    mutating func insert(_ new: [Unit]) {
        units.insert(contentsOf: new, at: cursor)
        cursor += new.count
        mend(cursor - new.count..<cursor)
    }

    /// Finds clusters anew where a change may have joined or parted some. The cursor comes behind
    /// the cluster that it would be within.
    private mutating func mend(_ range: Range<Int>) {
        // An ASCII sign joins nothing before it.
        let start = units[..<range.lowerBound].lastIndex(where: \.isASCII) ?? 0
        let end = units[range.upperBound...].firstIndex(where: \.isASCII) ?? units.count
        guard !units[start..<end].allSatisfy(\.isASCII) else { return }
        let mended = Self.regrouped(units[start..<end])
        guard mended[...] != units[start..<end] else { return }
        let bytes = Self.text(of: units[start..<max(start, cursor)]).utf8.count
        var (count, passed) = (0, 0)
        while passed < bytes, count < mended.count {
            passed += mended[count].string.utf8.count
            count += 1
        }
        units.replaceSubrange(start..<end, with: mended)
        cursor = start + count
    }

    private static func regrouped(_ units: some Sequence<Unit>) -> [Unit] {
        var result: [Unit] = []
        var run = ""
        for unit in units {
            switch unit {
            case .cluster(let character): run.append(character)
            case .paste:
                result += run.map { .cluster($0) }
                run = ""
                result.append(unit)
            }
        }
        return result + run.map { .cluster($0) }
    }

    /// Removes a range and gives it; the cursor comes to where it was.
    mutating func remove(_ range: Range<Int>) -> [Unit] {
        let removed = Array(units[range])
        units.removeSubrange(range)
        cursor = range.lowerBound
        mend(cursor..<cursor)
        return removed
    }

    mutating func replace(_ range: Range<Int>, with text: String) {
        _ = remove(range)
        insert(text)
    }

    mutating func move(to position: Int) { cursor = max(0, min(units.count, position)) }

    /// Exchanges the unit before the cursor with the one at it, or at the end the last two.
    mutating func transpose() {
        guard units.count > 1, cursor > 0 else { return }
        let second = cursor == units.count ? cursor - 1 : cursor
        guard second > 0, !units[second].isNewline, !units[second - 1].isNewline else { return }
        units.swapAt(second - 1, second)
        cursor = second + 1
        mend(second - 1..<cursor)
    }
}

// MARK: Places

extension EditBuffer {
    /// The first unit of the line with the cursor.
    var lineStart: Int {
        units[..<cursor].lastIndex(where: \.isNewline).map { $0 + 1 } ?? 0
    }

    /// Behind the last unit of the line with the cursor.
    var lineEnd: Int { units[cursor...].firstIndex(where: \.isNewline) ?? units.count }

    /// The beginning of the word before the cursor.
    var wordStart: Int {
        var place = cursor
        while place > 0, !units[place - 1].isWord { place -= 1 }
        while place > 0, units[place - 1].isWord { place -= 1 }
        return place
    }

    /// The end of the word after the cursor.
    var wordEnd: Int {
        var place = cursor
        while place < units.count, !units[place].isWord { place += 1 }
        while place < units.count, units[place].isWord { place += 1 }
        return place
    }

    /// The beginning of what stands before the cursor without a space.
    var spacedWordStart: Int {
        var place = cursor
        while place > 0, units[place - 1].isSpace { place -= 1 }
        while place > 0, !units[place - 1].isSpace { place -= 1 }
        return place
    }

    /// The same place one line up, as far as that line goes; nil in the first line.
    var lineAbove: Int? {
        let start = lineStart
        guard start > 0 else { return nil }
        var above = self
        above.move(to: start - 1)
        return min(above.lineStart + cursor - start, start - 1)
    }

    /// The same place one line down; nil in the last line.
    var lineBelow: Int? {
        let end = lineEnd
        guard end < units.count else { return nil }
        var below = self
        below.move(to: end + 1)
        return min(end + 1 + cursor - lineStart, below.lineEnd)
    }
}
