import Foundation
import Testing

@testable import Client

@Suite("Lines of the file of known people")
struct KnownFactTests {
    private static let key = [UInt8](0..<32)
    private static let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

    private func read(_ line: String) -> KnownFact.Reading { KnownFact.read(Array(line.utf8)[...]) }

    private func fact(_ name: String, verified: Bool = false) -> KnownFact {
        KnownFact(key: Self.key, isVerified: verified, name: name)
    }

    @Test(
        "names are written so that nobody is misled and anybody can read them",
        arguments: [
            ("Bob", "Bob"),
            ("Bob Example", "Bob Example"),
            ("Zoë 王 👩", "Zoë 王 👩"),
            ("100%", "100%25"),
            (" Bob  B ", "%20Bob %20B%20"),
            ("a\nb", "a%0ab"),
            ("a\r\nb\u{1b}[2J", "a%0d%0ab%1b[2J"),
            ("\u{202e}boB", "%e2%80%aeboB"),
            ("Bob\u{200b}", "Bob%e2%80%8b"),
            ("# not a comment", "# not a comment"),
            ("a\u{a0}b\u{2028}", "a%c2%a0b%e2%80%a8"),
            ("", ""),
        ])
    func names(name: String, written: String) throws {
        let line = fact(name, verified: true).line(on: "2026-11-23")
        #expect(
            String(decoding: line, as: UTF8.self)
                == "2026-11-23 ed25519 \(Self.digits) verified \(written)\n")
        #expect(KnownFact.read(line.dropLast()) == .fact(fact(name, verified: true)))
    }

    @Test func `any name comes back as it was`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array(" %\t\r\n#aé\u{301}\u{0}\u{7f}\u{85}\u{200d}王😀\u{e000}".unicodeScalars)
        for _ in 0..<2000 {
            var name = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...12, using: &generator) {
                name.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
            }
            let fact = fact(String(name))
            let line = fact.line(on: "2026-11-23")
            #expect(line.count(where: { $0 == 0x0a }) == 1)
            guard case .fact(let back) = KnownFact.read(line.dropLast()) else {
                Issue.record("not read: \(line)")
                continue
            }
            #expect(Array(back.name.utf8) == Array(fact.name.utf8))
        }
    }

    @Test(
        "a line that a person wrote is read, too",
        arguments: [
            ("  2026-11-23\ted25519  \(digits)   seen   Bob  \r", "Bob"),
            ("2026-11-23 ed25519 \(digits.uppercased()) seen 100%", "100%"),
            ("2026-11-23 ed25519 \(digits) seen 5%zz%4", "5%zz%4"),
            ("2026-11-23 ed25519 \(digits) seen", ""),
            ("2026-11-23 ed25519 \(digits) seen %ff", "\u{fffd}"),
            // A mark of a later version does not count as a comparison.
            ("2026-11-23 ed25519 \(digits) revoked Bob", "Bob"),
        ])
    func byHand(line: String, name: String) {
        #expect(read(line) == .fact(fact(name)))
    }

    @Test(
        "comments and what other versions write are passed over",
        arguments: ["", "   ", "\r", "# 2026", "  # x", "2031-01-01 ml-dsa-65 abcd verified Bob"])
    func passedOver(line: String) {
        #expect(read(line) == .nothing)
    }

    @Test(
        "what cannot be a line is found out",
        arguments: [
            "Bob", "2026-11-23", "2026-11-23 ed25519", "2026-11-23 ed25519 \(digits)",
            "2026-11-23 ed25519 \(digits.dropLast()) seen Bob",
            "2026-11-23 ed25519 \(digits.dropLast(2)) seen Bob",
            "2026-11-23 ed25519 \(digits)00 seen Bob",
            "2026-11-23 ed25519 x\(digits.dropLast()) seen Bob",
            "2026-11-2x ed25519 \(digits) seen Bob", "26-11-23 ed25519 \(digits) seen Bob",
            "\(digits) seen Bob",
            "2026-11-23 ed25519 \(digits) seen \(String(repeating: "b", count: 1024))",
            "\u{0}\u{1}\u{2}",
        ])
    func damaged(line: String) {
        #expect(read(line) == .damaged)
    }

    @Test func `days are those of UTC`() {
        #expect(CalendarDay.text(Date(timeIntervalSince1970: 0)) == "1970-01-01")
        #expect(CalendarDay.text(Date(timeIntervalSince1970: 1_709_251_199)) == "2024-02-29")
        #expect(CalendarDay.text(Date(timeIntervalSince1970: 1_709_251_200)) == "2024-03-01")
    }
}
