/// A line of safe text in pieces that look different. A value: screens are compared in tests.
package struct StyledText: Hashable, Sendable {
    package struct Span: Hashable, Sendable {
        package var text: SafeText
        package var style: Style

        package init(_ text: SafeText, _ style: Style = .plain) {
            self.text = text
            self.style = style
        }
    }

    /// No two neighbours have the same style, and none is empty.
    package private(set) var spans: [Span] = []

    package init() {}
    package init(_ text: SafeText, _ style: Style = .plain) { append(text, style) }

    package init(spans: some Sequence<Span>) {
        for span in spans { append(span.text, span.style) }
    }

    package mutating func append(_ text: SafeText, _ style: Style = .plain) {
        guard !text.isEmpty else { return }
        if spans.last?.style == style {
            spans[spans.count - 1].text.append(text)
        } else {
            spans.append(Span(text, style))
        }
    }

    package mutating func append(_ text: StyledText) {
        for span in text.spans { append(span.text, span.style) }
    }

    package static func + (left: StyledText, right: StyledText) -> StyledText {
        var sum = left
        sum.append(right)
        return sum
    }

    package var isEmpty: Bool { spans.isEmpty }

    /// The text alone.
    package var text: SafeText { spans.map(\.text).joined(separator: "") }

    /// The same text, every piece of it in `style`.
    package func restyled(_ style: Style) -> StyledText { StyledText(text, style) }
}

extension StyledText: ExpressibleByStringInterpolation {
    package init(stringLiteral value: StaticString) { self.init(SafeText(stringLiteral: value)) }

    /// `"\(name, .strong): \(text)"`; takes what `SafeText` takes.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = StyledText()

        package init(literalCapacity: Int, interpolationCount: Int) {}
        package mutating func appendLiteral(_ literal: StaticString) {
            text.append(SafeText(stringLiteral: literal))
        }
        package mutating func appendInterpolation(_ more: SafeText, _ style: Style = .plain) {
            text.append(more, style)
        }
        package mutating func appendInterpolation(_ more: StyledText) { text.append(more) }
        package mutating func appendInterpolation(
            _ number: some BinaryInteger, _ style: Style = .plain
        ) {
            text.append("\(number)", style)
        }
    }

    package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.text }
}

extension StyledText {
    /// So many bytes (UTF-8) from the beginning, or fewer so as not to split a scalar.
    func prefix(bytes: Int) -> StyledText {
        var result = StyledText()
        var room = bytes
        for span in spans where room > 0 {
            result.append(span.text.prefix(bytes: room), span.style)
            room -= span.text.string.utf8.count
        }
        return result
    }

    /// What comes after so many bytes.
    func suffix(fromByte start: Int) -> StyledText {
        var result = StyledText()
        var skipped = start
        for span in spans {
            let count = span.text.string.utf8.count
            if skipped < count { result.append(span.text.suffix(fromByte: skipped), span.style) }
            skipped = max(0, skipped - count)
        }
        return result
    }

    /// How far both begin with the same clusters in the same style, and how far of that the width
    /// is in no doubt.
    func sharedStart(
        with other: StyledText, width: CellWidth
    ) -> (bytes: Int, certainBytes: Int, cells: Int) {
        var (bytes, certainBytes, cells) = (0, 0, 0)
        var left = clusters.makeIterator()
        var right = other.clusters.makeIterator()
        while let one = left.next(), let two = right.next(), one == two {
            let range = width.range(one.text)
            if bytes == certainBytes, range.lowerBound == range.upperBound {
                certainBytes += one.text.string.utf8.count
                cells += range.lowerBound
            }
            bytes += one.text.string.utf8.count
        }
        return (bytes, certainBytes, cells)
    }

    private var clusters: some Sequence<Span> {
        spans.lazy.flatMap { span in span.text.clusters.lazy.map { Span($0, span.style) } }
    }
}
