/// Bringing the live region up to date by as few bytes as it takes.
extension InlineScreen {
    /// Only what differs. The cursor's row comes last: where it was and where it is to be need then
    /// no counting of cells, which in a row with signs of doubtful width nobody can do.
    mutating func change(to live: LiveRegion) -> Edit {
        let isRowKept = live.cursor.row < drawn.count
        let changed = live.rows.indices.filter {
            !drawn.indices.contains($0) || drawn[$0] != live.rows[$0]
        }
        if changed.isEmpty, drawn.count == live.rows.count, cursor == live.cursor { return Edit() }
        var edit = Edit(isSmall: changed.allSatisfy { $0 == cursor.row && $0 == live.cursor.row })
        var row = cursor.row
        for index in changed where index != live.cursor.row || !isRowKept {
            edit.text += rewrite(index, in: live, from: row)
            row = index
        }
        if live.rows.count < drawn.count {
            edit.isSmall = false
            edit.text += move(from: row, to: live.rows.count) + "\r" + Sequences.eraseBelow
            row = live.rows.count
        }
        if isRowKept, changed.contains(live.cursor.row) {
            edit.text += rewriteCursorRow(in: live, from: row, isUntouched: edit.text.isEmpty)
        } else {
            edit.text += placeCursor(live, from: row)
        }
        adopt(live)
        return edit
    }

    private func move(from row: Int, to other: Int) -> String {
        other < row ? Sequences.up(row - other) : Sequences.down(other - row)
    }

    private func rewrite(_ index: Int, in live: LiveRegion, from row: Int) -> String {
        let new = live.rows[index]
        // A row more: the line end makes it, at the bottom by scrolling.
        guard index < drawn.count else {
            return move(from: row, to: index - 1) + "\r\n" + encoder.encode(new)
        }
        let shared = drawn[index].sharedStart(with: new, width: capabilities.width)
        return move(from: row, to: index) + Sequences.column(shared.cells)
            + encoder.encode(new.suffix(fromByte: shared.certainBytes)) + Sequences.eraseRest
    }

    /// From the cursor on, if it is still where it was and nothing before it changed; else from
    /// where the column is certain. The place of the new cursor is saved in passing.
    private func rewriteCursorRow(
        in live: LiveRegion, from row: Int, isUntouched: Bool
    ) -> String {
        let new = live.rows[live.cursor.row]
        let shared = drawn[live.cursor.row].sharedStart(with: new, width: capabilities.width)
        var start = shared.certainBytes
        var output: String
        if isUntouched, cursor.row == live.cursor.row,
            (start...shared.bytes).contains(cursor.offset)
        {
            start = cursor.offset
            output = ""
        } else {
            output = move(from: row, to: live.cursor.row) + Sequences.column(shared.cells)
        }
        guard live.cursor.offset >= start else {
            output += encoder.encode(new.suffix(fromByte: start)) + Sequences.eraseRest
            return output + placeCursor(live, from: live.cursor.row)
        }
        let before = new.prefix(bytes: live.cursor.offset).suffix(fromByte: start)
        let after = new.suffix(fromByte: live.cursor.offset)
        output += encoder.encode(before)
        if after.isEmpty { return output + Sequences.eraseRest }
        return output + Sequences.saveCursor + encoder.encode(after) + Sequences.eraseRest
            + Sequences.restoreCursor
    }

    /// By column; where widths before it are in doubt, by writing what stands before it once more.
    func placeCursor(_ live: LiveRegion, from row: Int) -> String {
        let before = live.rows[live.cursor.row].prefix(bytes: live.cursor.offset)
        let cells = capabilities.width.range(before.text)
        let there = move(from: row, to: live.cursor.row)
        if cells.lowerBound == cells.upperBound {
            return there + Sequences.column(cells.lowerBound)
        }
        return there + "\r" + encoder.encode(before)
    }
}
