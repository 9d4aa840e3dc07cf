/// Cutting and putting back.
extension LineEditor {
    mutating func cut(_ range: Range<Int>, _ direction: KillRing.Direction) -> Outcome {
        guard !range.isEmpty else { return .unchanged }
        let joining = last == .cutting
        undo.keep(buffer)
        killRing.add(buffer.remove(range), direction, joining: joining)
        last = .cutting
        return .edited
    }

    mutating func yank() -> Outcome {
        guard let units = killRing.newest() else { return .unchanged }
        undo.keep(buffer)
        put(units)
        return .edited
    }

    /// Right after putting back: what was cut before that, in its place.
    mutating func yankPrevious() -> Outcome {
        guard case .yanking(let range) = last, range.upperBound <= buffer.units.count,
            let units = killRing.previous()
        else { return .unchanged }
        _ = buffer.remove(range)
        put(units)
        return .edited
    }

    private mutating func put(_ units: [EditBuffer.Unit]) {
        let start = buffer.cursor
        buffer.insert(units)
        last = .yanking(min(start, buffer.cursor)..<buffer.cursor)
    }
}
