/// What is shown below the printed lines and changes: rows, and where the cursor stands in them.
package struct LiveRegion: Hashable, Sendable {
    package struct Cursor: Hashable, Sendable {
        /// From 0 on, in `rows`.
        package var row: Int
        /// Bytes of the row's text (UTF-8) before the cursor. Bytes, not cells: of cells only the
        /// terminal knows.
        package var offset: Int

        package init(row: Int, offset: Int) {
            self.row = row
            self.offset = offset
        }
    }

    /// One row of the terminal each; longer ones are cut off.
    package var rows: [StyledText]
    package var cursor: Cursor

    /// - Parameter cursor: nil for the end of the last row.
    package init(rows: [StyledText], cursor: Cursor? = nil) {
        self.rows = rows.isEmpty ? [StyledText()] : rows
        let last = self.rows.count - 1
        self.cursor =
            cursor ?? Cursor(row: last, offset: self.rows[last].text.string.utf8.count)
    }

    /// These rows above another region, whose cursor it is.
    package init(above rows: [StyledText], _ region: LiveRegion) {
        self.rows = rows + region.rows
        cursor = Cursor(row: rows.count + region.cursor.row, offset: region.cursor.offset)
    }
}

extension StyledText {
    /// As much from the beginning as is no wider than so many cells.
    package func fitting(columns: Int, width: CellWidth = CellWidth()) -> StyledText {
        var result = StyledText()
        var room = columns
        for span in spans {
            for cluster in span.text.clusters {
                room -= width.most(cluster)
                guard room >= 0 else { return result }
                result.append(cluster, span.style)
            }
        }
        return result
    }
}
