import Testing

@testable import Wire

@Suite("Base 64")
struct Base64URLTests {
    @Test(
        "the vectors of RFC 4648 section 10, without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test("the alphabet is the one for URLs")
    func alphabet() {
        #expect(Base64URL.encode([0xfb, 0xff, 0xbf]) == "-_-_")
        #expect(Base64URL.decode("+/+/".utf8) == nil)
    }

    @Test("bytes of every length come back")
    func roundTrip() {
        var generator = SeededGenerator(seed: 3)
        for length in 0..<200 {
            let bytes = generator.bytes(length)
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
        }
    }

    @Test("no value has a second spelling: of all texts of up to three letters, each is canonical")
    func canonical() {
        let letters = Array("AEIMQUYcgkosw048BZz9-_=+ ".utf8)
        var texts: [[UInt8]] = [[]]
        for _ in 0..<3 {
            texts += texts.flatMap { text in letters.map { text + [$0] } }
        }
        for text in texts {
            guard let bytes = Base64URL.decode(text) else { continue }
            #expect(Array(Base64URL.encode(bytes).utf8) == text)
        }
    }
}
