import Folder
import Testing

@Suite struct SafeFileNameTests {
    @Test("a stranger's name becomes what the table says", arguments: HostileNames.table)
    func table(row: HostileNames.Row) {
        #expect(
            SafeFileName(untrusted: row.bytes).text.unicodeScalars.elementsEqual(
                row.safe.unicodeScalars))
    }

    @Test("whatever a name is made from, it obeys the rules and stays as it is when made again")
    func properties() {
        var generator = Seeded(state: 1)
        for _ in 0..<20_000 {
            let pieces = (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ in
                HostileNames.pieces.randomElement(using: &generator)
            }
            let bytes = Array(pieces.joined())
            let name = SafeFileName(untrusted: bytes).text
            if let fault = fault(of: name) {
                Issue.record("\(bytes) → \(name.debugDescription): \(fault)")
                return
            }
        }
    }

    private func fault(of name: String) -> String? {
        let scalars = Array(name.unicodeScalars)
        guard let first = scalars.first, let last = scalars.last else { return "empty" }
        if name.utf8.count > SafeFileName.maximumSize { return "too long" }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x2F || $0 == 0x5C || $0 == 0x3A }) {
            return "a control or a separator"
        }
        if scalars.contains(where: { (0x7F...0x9F).contains($0.value) }) { return "a control" }
        if scalars.contains(where: \.properties.isDefaultIgnorableCodePoint) {
            return "something invisible"
        }
        if [".", "-", "~", " "].contains(first) || [".", " "].contains(last) { return "the ends" }
        let again = SafeFileName(untrusted: Array(name.utf8)).text
        if !again.unicodeScalars.elementsEqual(scalars) { return "not idempotent: \(again)" }
        return nil
    }
}
