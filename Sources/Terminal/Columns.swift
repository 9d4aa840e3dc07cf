/// How many cells of a terminal text takes at most, by whatever terminal.
package enum Columns {
    /// Cells of one character.
    package static func of(_ character: Character) -> Int { CellWidth().most(character) }

    /// Cells of a text.
    package static func of(_ text: SafeText) -> Int { CellWidth().most(text) }
}
