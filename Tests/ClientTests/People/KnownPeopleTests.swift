import Testing

@testable import Client

@Suite("Known people")
struct KnownPeopleTests {
    private static let day = "2026-11-23"
    private static let ann = key(1)
    private static let bob = key(2)
    private static let other = key(3)

    private static func key(_ number: Int) -> [UInt8] {
        [UInt8](repeating: 0xab, count: 28) + (0..<4).map { UInt8(number >> (8 * $0) & 0xff) }
    }

    private func former(_ keys: [UInt8]..., verified: Bool = false) -> KnownPeople.Meeting {
        .nameTaken(
            by: keys.map {
                KnownPeople.FormerKey(
                    keyTag: KeyTag.text(ofPublicKey: $0), isVerified: verified)
            })
    }

    private func reopened(_ people: inout KnownPeople, after kept: [UInt8] = []) -> KnownPeople {
        KnownPeople(reading: kept + people.takeLines(on: Self.day))
    }

    // MARK: Meeting

    @Test func `somebody is new once, and known from then on`() {
        var people = KnownPeople()
        #expect(people.meet(key: Self.bob, name: "Bob") == .new)
        #expect(people.meet(key: Self.bob, name: "Bob") == .known(formerName: nil))
        #expect(people.isNew(Self.bob))
        var later = reopened(&people)
        #expect(!later.isNew(Self.bob))
        #expect(later.meet(key: Self.bob, name: "Bob") == .known(formerName: nil))
        #expect(later.takeLines(on: Self.day).isEmpty)
    }

    @Test func `a new name of a known key is noted without alarm`() {
        var people = KnownPeople()
        _ = people.meet(key: Self.bob, name: "Bob")
        #expect(people.meet(key: Self.bob, name: "Robert") == .known(formerName: "Bob"))
        #expect(people.meet(key: Self.bob, name: "Robert") == .known(formerName: nil))
        var later = reopened(&people)
        #expect(later.meet(key: Self.bob, name: "Robert") == .known(formerName: nil))
        // The former name is still his: somebody else under it is told of.
        #expect(later.meet(key: Self.other, name: "Bob") == former(Self.bob))
    }

    @Test(
        "a known name under a new key is told, however it is spelled",
        arguments: [
            "Zoë B", "ZOË B", "zoë b", " Zoë\u{a0} B ", "Zoe\u{308} B", "Zo\u{200b}ë B\u{202c}",
            "Zoë\tB",
        ])
    func taken(name: String) {
        var people = KnownPeople()
        _ = people.meet(key: Self.bob, name: "Zoë B")
        #expect(people.meet(key: Self.other, name: name) == former(Self.bob))
    }

    @Test(
        "names that only look alike, or are nothing at all, are not taken for the same",
        arguments: [("Bob", "Воb"), ("Bob B", "BobB"), ("l", "1"), ("\u{200b}", "\u{200d}")])
    func different(one: String, other: String) {
        var people = KnownPeople()
        _ = people.meet(key: Self.bob, name: one)
        #expect(people.meet(key: Self.other, name: other) == .new)
    }

    @Test func `of two honest people of one name is told once, and never again`() {
        var people = KnownPeople()
        _ = people.meet(key: Self.bob, name: "Bob")
        #expect(people.meet(key: Self.other, name: "Bob") == former(Self.bob))
        #expect(people.meet(key: Self.other, name: "Bob") == .known(formerName: nil))
        var later = reopened(&people)
        #expect(later.meet(key: Self.bob, name: "Bob") == .known(formerName: nil))
        #expect(later.meet(key: Self.other, name: "Bob") == .known(formerName: nil))
    }

    @Test func `a known person who takes another's name is told of`() {
        var people = KnownPeople()
        _ = people.meet(key: Self.bob, name: "Bob")
        _ = people.meet(key: Self.other, name: "Mallory")
        people.setVerified(true, key: Self.other, name: "Mallory")
        #expect(people.meet(key: Self.other, name: "Bob") == former(Self.bob))
        #expect(people.meet(key: Self.other, name: "Mallory") == .known(formerName: "Bob"))
        #expect(people.meet(key: Self.other, name: "Bob") == .known(formerName: "Mallory"))
    }

    @Test func `the name of somebody verified is told of in every run, once, verified keys first`()
    {
        var people = KnownPeople()
        _ = people.meet(key: Self.ann, name: "Bob")
        _ = people.meet(key: Self.bob, name: "bob")
        people.setVerified(true, key: Self.bob, name: "bob")
        let expected = KnownPeople.Meeting.nameTaken(by: [
            .init(keyTag: KeyTag.text(ofPublicKey: Self.bob), isVerified: true),
            .init(keyTag: KeyTag.text(ofPublicKey: Self.ann), isVerified: false),
        ])
        #expect(people.meet(key: Self.other, name: "BOB") == expected)
        #expect(people.meet(key: Self.other, name: "BOB") == .known(formerName: nil))
        let kept = people.takeLines(on: Self.day)
        var later = KnownPeople(reading: kept)
        #expect(later.meet(key: Self.other, name: "BOB") == expected)
        #expect(later.meet(key: Self.other, name: "BOB") == .known(formerName: nil))
        // Both compared: nothing is left to be told.
        later.setVerified(true, key: Self.other, name: "BOB")
        var last = reopened(&later, after: kept)
        #expect(last.meet(key: Self.other, name: "BOB") == .known(formerName: nil))
    }

    // MARK: Marks

    @Test func `a mark is kept, survives another name, and can be taken back`() {
        var people = KnownPeople()
        _ = people.meet(key: Self.bob, name: "Bob")
        #expect(!people.isVerified(Self.bob))
        people.setVerified(true, key: Self.bob, name: "Bob")
        _ = people.meet(key: Self.bob, name: "Robert")
        var kept = people.takeLines(on: Self.day)
        var later = KnownPeople(reading: kept)
        #expect(later.isVerified(Self.bob))
        later.setVerified(false, key: Self.bob, name: "Robert")
        #expect(!later.isVerified(Self.bob))
        kept += later.takeLines(on: Self.day)
        #expect(!KnownPeople(reading: kept).isVerified(Self.bob))
    }

    @Test func `a mark that is there already is not written again`() {
        var people = KnownPeople()
        people.setVerified(false, key: Self.bob, name: "Bob")
        #expect(people.takeLines(on: Self.day).isEmpty)
        people.setVerified(true, key: Self.bob, name: "Bob")
        #expect(!people.takeLines(on: Self.day).isEmpty)
        people.setVerified(true, key: Self.bob, name: "Bob")
        #expect(people.takeLines(on: Self.day).isEmpty)
    }

    // MARK: The file

    @Test func `a new file explains itself, and an old one is only added to`() {
        var people = KnownPeople()
        _ = people.meet(key: Self.bob, name: "Bob")
        let first = String(decoding: people.takeLines(on: Self.day), as: UTF8.self)
        #expect(first.hasPrefix("# "))
        #expect(first.hasSuffix("\n2026-11-23 ed25519 \(Self.bob.hexadecimal) seen Bob\n"))
        var later = KnownPeople(reading: Array(first.utf8))
        #expect(later.takeNotices().isEmpty)
        _ = later.meet(key: Self.ann, name: "Ann")
        #expect(
            String(decoding: later.takeLines(on: Self.day), as: UTF8.self)
                == "2026-11-23 ed25519 \(Self.ann.hexadecimal) seen Ann\n")
    }

    @Test func `damaged lines are told in one sentence and cost nothing else`() {
        let good = "2026-11-23 ed25519 \(Self.bob.hexadecimal) verified Bob"
        let text = "# hello\n\(good)\n2026-11-23 ed25519 zz seen X\n\u{0}\nfuture stuff\n2026-11"
        var people = KnownPeople(reading: Array(text.utf8))
        #expect(people.isVerified(Self.bob))
        let notices = people.takeNotices()
        #expect(notices.count == 1)
        #expect(notices.first?.hasPrefix("4 lines in the list of known people") == true)
        #expect(notices.first?.contains("the first is line 3") == true)
        #expect(people.takeNotices().isEmpty)
    }

    @Test func `any bytes can be read`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let bytes = (0..<500).map { _ in UInt8.random(in: 0...255, using: &generator) }
            var people = KnownPeople(reading: bytes)
            #expect(people.meet(key: Self.bob, name: "Bob") == .new)
        }
    }

    @Test func `of a file that is too long the end is read, since later lines count`() {
        let mark = Array("2026-11-23 ed25519 \(Self.bob.hexadecimal) verified Bob\n".utf8)
        let revoked = Array("2026-11-23 ed25519 \(Self.bob.hexadecimal) seen Bob\n".utf8)
        let filler = Array(repeating: Array("# filler\n".utf8), count: 120_000).flatMap(\.self)
        #expect(filler.count > KnownPeople.maximumBytes)
        var cut = KnownPeople(reading: filler + mark)
        #expect(cut.isVerified(Self.bob))
        #expect(cut.takeNotices().count == 1)
        #expect(!KnownPeople(reading: mark + filler + revoked).isVerified(Self.bob))
        // The line that the cut goes through is no damaged one.
        var torn = KnownPeople(reading: Array("x".utf8) + filler)
        #expect(torn.takeNotices().count == 1)
    }

    // MARK: Those who come only to fill it

    @Test func `one run adds only so much, says so once, and still takes marks`() {
        var people = KnownPeople()
        for number in 0..<4000 { _ = people.meet(key: Self.key(number), name: "Bot") }
        let kept = people.takeLines(on: Self.day)
        #expect(kept.count < KnownPeople.maximumBytesPerRun + 1000)
        #expect(people.takeNotices().count == 1)
        #expect(people.meet(key: Self.key(5000), name: "Ann") == .new)
        #expect(people.takeLines(on: Self.day).isEmpty)
        people.setVerified(true, key: Self.key(5000), name: "Ann")
        #expect(KnownPeople(reading: people.takeLines(on: Self.day)).isVerified(Self.key(5000)))
    }

    @Test func `a file that is almost full takes marks and nobody new`() {
        let filler = Array(repeating: UInt8(ascii: "#"), count: KnownPeople.maximumBytes - 10_000)
        var people = KnownPeople(reading: filler + [UInt8(ascii: "\n")])
        #expect(people.meet(key: Self.bob, name: "Bob") == .new)
        #expect(people.takeNotices().count == 1)
        #expect(people.takeLines(on: Self.day).isEmpty)
        people.setVerified(true, key: Self.bob, name: "Bob")
        #expect(!people.takeLines(on: Self.day).isEmpty)
    }

    @Test func `who changes names all day leaves a few of them`() {
        var people = KnownPeople()
        for number in 0..<500 { _ = people.meet(key: Self.bob, name: "name \(number)") }
        for _ in 0..<500 {
            _ = people.meet(key: Self.bob, name: "name 1")
            _ = people.meet(key: Self.bob, name: "name 2")
        }
        let lines = people.takeLines(on: Self.day).split(separator: UInt8(ascii: "\n"))
        let facts = lines.filter { $0.first != UInt8(ascii: "#") }
        #expect(facts.count == KnownPeople.maximumNames)
    }

    @Test func `a crowd of one name does not hide the verified one`() {
        var people = KnownPeople()
        for number in 100..<200 { _ = people.meet(key: Self.key(number), name: "Bob") }
        people.setVerified(true, key: Self.bob, name: "Bob")
        guard case .nameTaken(let formers) = people.meet(key: Self.other, name: "Bob") else {
            Issue.record("not told")
            return
        }
        #expect(formers.count <= KnownPeople.maximumNamesakes + 1)
        #expect(formers.first?.isVerified == true)
    }
}
