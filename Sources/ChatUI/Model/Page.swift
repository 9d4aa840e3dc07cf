package import Terminal

/// Makes rows for a terminal of what is told. A value: it knows the terminal's size and keeps what
/// it folded, so that `/show` can show it.
///
/// Rows of what others wrote begin with a time and a name that this program wrote, or with spaces:
/// nothing in a message can look like another's message, or like a notice.
package struct Page: Sendable {
    package var size: TerminalSize
    package var width: CellWidth
    /// Messages that were longer than a screen, by the number that `/show` takes, and the line from
    /// which on each goes on.
    private var folded: [Int: Folded] = [:]
    private var foldCount = 0

    private struct Folded {
        var said: Said
        /// Bytes of it that were shown by `/show`.
        var shown = 0
    }

    /// Rows of a screen that a message leaves free: the live region is there.
    private static let rowsLeftFree = 4
    private static let fewestRows = 5
    /// Folded messages that are kept.
    private static let maximumFolded = 50
    /// Bytes that one `/show` shows: some thousand rows.
    private static let maximumShown = 64 << 10
    /// Cells that a text has beside its indent, else it is indented by `smallIndent`.
    private static let fewestColumns = 24
    private static let smallIndent = 2
    private static let answerIndent = 4

    package init(size: TerminalSize, width: CellWidth = CellWidth()) {
        self.size = size
        self.width = width
    }

    /// The rows in which something is told.
    package mutating func rows(of told: Told) -> [StyledText] {
        switch told {
        case .said(let said): return rows(of: said)
        case .quiet(let text): return notice(text.restyled(.quiet))
        case .notice(let text): return notice(text)
        case .answer(let text): return wrap(text, indent: Self.answerIndent)
        case .warning(let text): return notice(StyledText("WARNING: \(text)", .error))
        case .error(let text): return notice(StyledText("error: \(text)", .warning))
        // The terminal itself breaks it, so that it can be copied whole.
        case .bare(let text): return [StyledText(text)]
        }
    }

    private func notice(_ text: StyledText) -> [StyledText] {
        let mark = StyledText("-- ", text.spans.first?.style ?? .plain)
        return wrap(mark + text, indent: 3)
    }

    // MARK: Messages

    private mutating func rows(of said: Said) -> [StyledText] {
        let limit = max(Self.fewestRows, size.rows - Self.rowsLeftFree)
        // No cell takes more bytes than this; so what is beyond does not fit.
        let piece = Self.piece(of: said.text, from: 0, bytes: limit * size.columns * 40)
        let rows = rows(of: said, SafeText.lines(untrusted: piece.text))
        let wrap = Wrap(columns: size.columns, width: width)
        if wrap.height(of: rows) <= limit, piece.isLast { return rows }
        return Self.beginning(of: rows, height: limit - 1, wrap) + [fold(said)]
    }

    /// As many rows as a terminal shows in so many; of one that it has to break, a link, a part.
    private static func beginning(
        of rows: [StyledText], height: Int, _ wrap: Wrap
    ) -> [StyledText] {
        var shown: [StyledText] = []
        var room = height
        for row in rows where room > 0 {
            let needed = wrap.height(of: [row])
            let cells = room * wrap.columns
            shown.append(needed <= room ? row : row.fitting(columns: cells, width: wrap.width))
            room -= needed
        }
        return shown
    }

    private mutating func fold(_ said: Said) -> StyledText {
        foldCount += 1
        folded[foldCount] = Folded(said: said)
        folded[foldCount - Self.maximumFolded] = nil
        let lines = Describe.count(said.text.utf8.count { $0 == 0x0A } + 1, "line")
        let size = Describe.size(UInt64(said.text.utf8.count))
        return StyledText("  ... \(lines), \(size) in all: /show \(foldCount)", .quiet)
    }

    /// A folded message from its beginning; a very long one in pieces, the next piece at each call.
    ///
    /// - Parameter number: nil for the one that was folded last.
    package mutating func show(_ number: Int?) -> [StyledText] {
        let number = number ?? foldCount
        guard let kept = folded[number] else {
            return notice(
                foldCount == 0
                    ? "no message was too long to be shown"
                    : "there is no folded message of that number")
        }
        let piece = Self.piece(of: kept.said.text, from: kept.shown, bytes: Self.maximumShown)
        let lines = SafeText.lines(untrusted: piece.text)
        let indent = indent(under: head(of: kept.said))
        var rows =
            kept.shown == 0
            ? rows(of: kept.said, lines)
            : lines.flatMap { continued(Mention.marked($0, kept.said.mention), indent) }
        if !piece.isLast { rows.append(StyledText("  ... /show \(number) goes on", .quiet)) }
        folded[number]?.shown = piece.isLast ? 0 : piece.end
        return rows
    }

    /// So many bytes of a text, up to the end of a line or at least of a scalar.
    private static func piece(
        of text: String, from start: Int, bytes: Int
    ) -> (text: String, end: Int, isLast: Bool) {
        let utf8 = text.utf8
        let from = utf8.index(utf8.startIndex, offsetBy: start)
        let rest = utf8[from...]
        guard rest.count > bytes else { return (String(Substring(rest)), 0, true) }
        let most = rest.prefix(bytes)
        if let end = most.lastIndex(of: 0x0A) {
            let count = utf8.distance(from: from, to: end)
            return (String(Substring(rest[..<end])), start + count + 1, false)
        }
        // A scalar's later bytes begin with the bits 10.
        var count = bytes
        while count > 1, utf8[utf8.index(from, offsetBy: count)] & 0xC0 == 0x80 { count -= 1 }
        return (String(Substring(rest.prefix(count))), start + count, false)
    }

    private func rows(of said: Said, _ lines: [SafeText]) -> [StyledText] {
        let head = head(of: said)
        let indent = indent(under: head)
        return lines.enumerated().flatMap { number, line in
            let text = Mention.marked(line, said.mention)
            return number == 0 ? wrap(head + text, indent: indent) : continued(text, indent)
        }
    }

    /// `14:02 ann  `, or `14:02 * ann ` for what she does; a mark before who is verified.
    private func head(of said: Said) -> StyledText {
        let mark: StyledText = said.isVerified ? "\(SafeText("✓"), .good)" : ""
        let time: StyledText = "\(said.time.clock, .quiet) "
        let name: StyledText = "\(said.name, .name(said.color))"
        return said.isAction ? time + "* " + mark + name + " " : time + mark + name + "  "
    }

    private func indent(under head: StyledText) -> Int {
        let width = width.most(head)
        return size.columns - width < Self.fewestColumns ? Self.smallIndent : width
    }

    private func continued(_ text: StyledText, _ indent: Int) -> [StyledText] {
        wrap(StyledText((" " as SafeText).repeated(indent)) + text, indent: indent)
    }

    /// Rows that fit; all but the first begin with spaces, on the narrowest terminal, too.
    private func wrap(_ line: StyledText, indent: Int) -> [StyledText] {
        let wrap = Wrap(columns: size.columns, indent: indent, width: width)
        if wrap.indent > 0 { return wrap.rows(of: line) }
        let narrow = Wrap(columns: max(1, size.columns - Self.smallIndent), width: width)
        let rows = narrow.rows(of: line)
        return rows.prefix(1) + rows.dropFirst().map { StyledText("  ") + $0 }
    }
}
