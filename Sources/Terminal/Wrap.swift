/// Breaks lines at spaces so that no terminal has to.
///
/// A word that does not fit moves to the next row whole. One that is wider than a row is broken
/// between clusters, unless it looks like a link: that stays whole, from the row's beginning, and
/// the terminal wraps it, so that it can be clicked on and copied.
package struct Wrap: Hashable, Sendable {
    /// Cells in a row of the terminal.
    package var columns: Int
    /// Cells before every row but the first, usually those of what stands before the text.
    package var indent: Int
    package var width: CellWidth

    /// Columns left free: by what terminals disagree about, and so that no row is full.
    package static let margin = 2
    /// Cells that the text has at least beside an indent; with less, there is none.
    private static let minimumText = 10

    package init(columns: Int, indent: Int = 0, width: CellWidth = CellWidth()) {
        self.columns = columns
        self.indent = columns - Self.margin - indent < Self.minimumText ? 0 : max(0, indent)
        self.width = width
    }

    /// The rows of one line.
    package func rows(of line: StyledText) -> [StyledText] {
        var builder = RowBuilder(wrap: self)
        for word in words(of: line) { builder.add(word) }
        return builder.finish()
    }

    /// The most cells of a row.
    var limit: Int { max(1, columns - Self.margin) }

    /// Rows that a terminal at most gives to rows as they came out of `rows(of:)`: a link may need
    /// more than one.
    package func height(of rows: [StyledText]) -> Int {
        rows.reduce(0) { $0 + max(1, (width.most($1) + columns - 1) / max(1, columns)) }
    }
}

extension Wrap {
    /// What is not broken: a cluster with its style, again and again; or spaces.
    struct Word {
        struct Cluster {
            var text: SafeText
            var style: Style
            /// The most cells that a terminal gives it.
            var width: Int
        }
        var clusters: [Cluster] = []
        var width = 0
        var isSpace = false

        /// The scheme is within so many clusters.
        private static let longestScheme = 16

        var isLink: Bool {
            let start = clusters.prefix(Self.longestScheme)
            return start.map(\.text).joined(separator: "").string.utf8.contains("://".utf8)
        }
    }

    /// Runs of spaces, and of anything else; signs of CJK are words of their own.
    private func words(of line: StyledText) -> [Word] {
        var words: [Word] = []
        var isOpen = false
        for span in line.spans {
            for cluster in span.text.clusters {
                let isSpace = cluster == " "
                let standsAlone = !isSpace && Self.isIdeograph(cluster)
                let continues = isOpen && !standsAlone && words.last?.isSpace == isSpace
                if !continues { words.append(Word(isSpace: isSpace)) }
                let cells = width.most(cluster)
                words[words.count - 1].clusters.append(
                    .init(text: cluster, style: span.style, width: cells))
                words[words.count - 1].width += cells
                isOpen = !standsAlone
            }
        }
        return words
    }

    /// Between these a line may be broken anywhere.
    private static func isIdeograph(_ cluster: SafeText) -> Bool {
        guard let scalar = cluster.string.unicodeScalars.first, scalar.value >= 0x2E80 else {
            return false
        }
        return scalar.properties.isIdeographic || (0x3040...0x30FF).contains(scalar.value)
            || (0xAC00...0xD7A3).contains(scalar.value)
    }
}

/// The rows so far and the one being filled.
private struct RowBuilder {
    private let wrap: Wrap
    private var rows: [StyledText] = []
    private var row = StyledText()
    private var used = 0
    /// Spaces that are written when a word follows in the same row.
    private var spaces: Wrap.Word?
    private var isEmpty = true

    init(wrap: Wrap) { self.wrap = wrap }

    mutating func add(_ word: Wrap.Word) {
        if word.isSpace {
            // Those at the beginning of the line are part of the text.
            if rows.isEmpty && isEmpty { write(word, splitting: true) } else { spaces = word }
            return
        }
        if used + (spaces?.width ?? 0) + word.width <= wrap.limit {
            if let spaces { write(spaces, splitting: false) }
            spaces = nil
            write(word, splitting: false)
            return
        }
        spaces = nil
        if !isEmpty { breakRow(indented: !(word.isLink && word.width > wrap.limit - wrap.indent)) }
        write(word, splitting: !word.isLink)
    }

    mutating func finish() -> [StyledText] { rows + [row] }

    private mutating func write(_ word: Wrap.Word, splitting: Bool) {
        for cluster in word.clusters {
            if splitting, used + cluster.width > wrap.limit, !isEmpty { breakRow(indented: true) }
            row.append(cluster.text, cluster.style)
            used += cluster.width
            isEmpty = false
        }
    }

    private mutating func breakRow(indented: Bool) {
        rows.append(row)
        let indent = indented ? wrap.indent : 0
        row = StyledText((" " as SafeText).repeated(indent))
        used = indent
        isEmpty = true
    }
}
