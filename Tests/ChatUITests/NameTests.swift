import Client
import Terminal
import TestSupport
import Testing

@testable import ChatUI

/// Whether two names that a person sees as one can be two to the program.
@Suite("Names on the screen") struct NameTests {
    /// What is surely seen of a name: no cell that may be blank, nothing that may take no cell.
    private static func seen(_ name: SafeText) -> String {
        var seen = String.UnicodeScalarView()
        for scalar in name.string.unicodeScalars {
            // These stand on the letters before them, and can be seen there.
            let isEuropeanMark = (0x300...0x36F).contains(scalar.value)
            let isBlank = [0x2800, 0xFFFC, 0x1D159, 0x16FE4].contains(scalar.value)
            let least = CellWidth().range(Character(scalar)).lowerBound
            if isEuropeanMark || least > 0 && !isBlank { seen.append(scalar) }
        }
        return String(seen).split(separator: " ").joined(separator: " ").lowercased()
    }

    /// Every scalar; in a short run some of those that are alike by the ten thousand: ideographs,
    /// syllables, and what has no meaning.
    private static func scalars(plane: UInt32) -> [Unicode.Scalar] {
        (0...0xFFFF as ClosedRange<UInt32>).compactMap { offset in
            guard let scalar = Unicode.Scalar(plane << 16 + offset) else { return nil }
            if Soak.isWhole || offset % 97 == 0 { return scalar }
            switch scalar.properties.generalCategory {
            case .unassigned, .privateUse: return nil
            case .otherLetter: return scalar.value < 0x3400 ? scalar : nil
            default: return scalar
            }
        }
    }

    @Test(
        "with any scalar before, in or after it, a name that looks like another's is taken for it",
        .timeLimit(.minutes(5)))
    func anyScalar() async {
        let verified = ShownName("ann")
        for scalar in (0...16 as ClosedRange<UInt32>).flatMap(Self.scalars) {
            // Other tests are on the clock meanwhile.
            if scalar.value % 256 == 0 { await Task.yield() }
            for text in ["\(scalar)ann", "a\(scalar)nn", "ann\(scalar)"] {
                let name = ShownName(text)
                let shown = SafeText(untrusted: name.text)
                guard Self.seen(shown) != "ann" || name.folded == verified.folded else {
                    Issue.record("U+\(String(scalar.value, radix: 16)) in \(shown.string)")
                    continue
                }
                // What is compared is what is shown.
                if !name.text.utf8.elementsEqual(shown.string.utf8) {
                    Issue.record("U+\(String(scalar.value, radix: 16)) is shown in another way")
                }
            }
        }
    }

    @Test("names of any length that look the same are the same, and none is too wide")
    func anyLength() {
        for letter in ["x", "ä", "漢", "👍🏽", "e\u{301}\u{323}", "ক্ষি", "\u{1100}\u{1161}"] {
            let names = (1...200).map { String(repeating: letter, count: $0) }
            let others = names.map { $0 + "z" }
            for name in names + others {
                #expect(CellWidth().most(SafeText(name: name)) <= ShownName.maximumCells)
            }
            for (one, other) in zip(names, others) {
                let looksSame = SafeText(name: one) == SafeText(name: other)
                #expect(looksSame == (ShownName(one).folded == ShownName(other).folded))
            }
        }
    }

    @Test("an impostor who looks like somebody here is shown with the key, and so is the other")
    func tagged() {
        for name in ["ann\u{2800}", "\u{16FE4}ann", "ANN", "\u{FF41}nn", "ann\u{1FAE8}"] {
            var people = RoomModel(folder: nil, isLive: false)
            let twin = Samples.person(9, name, "ffffffff")
            _ = people.apply(Samples.joined(Samples.ann, twin), at: Samples.noon)
            #expect(people.people.display(Samples.ann).string == "ann#ab12cd34")
            #expect(people.people.display(twin).string == SafeText(name: name).string + "#ffffffff")
            #expect(people.people.find("ann#ffffffff") != .one(Samples.ann.attachment))
        }
    }
}
