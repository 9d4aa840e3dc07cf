/// What a body says once the XOR is undone. All of it is anybody's claim, and text from strangers.
package enum ClassicContent: Hashable, Sendable {
    /// The whole body: `name: text`.
    case message([UInt8])
    case piece(ClassicPiece)

    package init(name: String, text: String) { self = .message(Array("\(name): \(text)".utf8)) }

    /// Nil for a piece of a file whose first four lines are not as they should be.
    package init?(kind: ClassicHeader.Kind, body: [UInt8]) {
        switch kind {
        case .message: self = .message(body)
        case .file:
            guard let piece = ClassicPiece(body: body) else { return nil }
            self = .piece(piece)
        }
    }

    package var kind: ClassicHeader.Kind {
        switch self {
        case .message: .message
        case .piece: .file
        }
    }

    package var body: [UInt8] {
        switch self {
        case .message(let body): body
        case .piece(let piece): piece.body
        }
    }
}

/// Some bytes of a file, with what they belong to.
package struct ClassicPiece: Hashable, Sendable {
    /// Who sends, as they say.
    package var sender: [UInt8]
    package var fileName: [UInt8]
    /// Bytes of the whole file.
    package var size: UInt64
    /// Where in the file `bytes` begin.
    package var start: UInt64
    package var bytes: [UInt8]

    /// Digits of the numbers.
    private static let digits = 19

    package init(
        sender: [UInt8], fileName: [UInt8], size: UInt64, start: UInt64, bytes: [UInt8]
    ) {
        self.sender = sender
        self.fileName = fileName
        self.size = size
        self.start = start
        self.bytes = bytes
    }

    /// Nil when this is no body of a piece, or one that reaches beyond the file's end.
    package init?(body: some Collection<UInt8>) {
        guard let (piece, rest) = Self.beginning(of: body) else { return nil }
        self = piece
        bytes = Array(rest)
        guard start <= size, UInt64(bytes.count) <= size - start else { return nil }
    }

    /// The four lines, and what follows them.
    package static func beginning<Body: Collection<UInt8>>(
        of body: Body
    ) -> (piece: ClassicPiece, rest: Body.SubSequence)? {
        let longest = [
            ClassicLimits.maximumName, ClassicLimits.maximumFileName, digits, digits,
        ]
        var lines: [[UInt8]] = []
        var rest = body[...]
        for limit in longest {
            let line = rest.prefix(limit + 1).prefix { $0 != UInt8(ascii: "\n") }
            guard line.count <= limit, line.endIndex < rest.endIndex else { return nil }
            lines.append(Array(line))
            rest = rest[rest.index(after: line.endIndex)...]
        }
        guard let size = DecimalNumber.parse(lines[2], digits: digits),
            let start = DecimalNumber.parse(lines[3], digits: digits)
        else { return nil }
        let piece = ClassicPiece(
            sender: lines[0], fileName: lines[1], size: size, start: start, bytes: [])
        return (piece, rest)
    }

    /// The body of this piece; a name's own line ends are left out, since they would end its line.
    package var body: [UInt8] {
        let lineEnd = UInt8(ascii: "\n")
        let names = [sender, fileName].flatMap { $0.filter { $0 != lineEnd } + [lineEnd] }
        return names + Array("\(size)\n\(start)\n".utf8) + bytes
    }
}
