import Testing
import Wire

@Suite("Links")
struct LinkTests {
    static let secret = "ARAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4P"
    static let openSecret = "AgABAgMEBQYHCAkKCwwNDg8"
    static let roomBytes = (0..<16).map { UInt8($0) }
    static let pin = Link.Trust.pin(ServerPin(bytes: (0x10..<0x20).map { UInt8($0) }))

    @Test(
        "a good link is read",
        arguments: [
            ("chatbox://example.org/#\(secret)", "example.org", UInt16(7667), pin),
            ("chatbox://example.org:443/#\(secret)", "example.org", 443, pin),
            ("chatbox://example.org#\(secret)", "example.org", 7667, pin),
            ("chatbox://192.0.2.1:65535/#\(secret)", "192.0.2.1", 65535, pin),
            ("chatbox://[2001:db8::1]:1/#\(secret)", "2001:db8::1", 1, pin),
            ("chatbox://[::1]/#\(secret)", "::1", 7667, pin),
            ("chatbox://[fe80::1%eth0]:1/#\(secret)", "fe80::1%eth0", 1, pin),
            ("chatbox://[::ffff:192.0.2.1]/#\(secret)", "::ffff:192.0.2.1", 7667, pin),
            ("chatbox://my_host-2.local/#\(secret)", "my_host-2.local", 7667, pin),
            ("  \t\r\nchatbox://h/#\(secret)\r\n", "h", 7667, pin),
            ("chatbox://chat.example/#\(openSecret)", "chat.example", 7667, .publicAuthority),
        ] as [(String, String, UInt16, Link.Trust)])
    func goodLinks(text: String, host: String, port: UInt16, trust: Link.Trust) throws {
        let link = try Link(parsing: text)
        #expect(link.address == ServerAddress(host: host, port: port))
        #expect(link.trust == trust)
        #expect(link.secret == RoomSecret(bytes: Self.roomBytes))
    }

    @Test(
        "a mangled link is refused for what is wrong with it",
        arguments: [
            ("", .scheme),
            ("hello", .scheme),
            ("http://example.org/#\(secret)", .scheme),
            ("chatbox:/example.org/#\(secret)", .scheme),
            ("chatbox\u{200b}://example.org/#\(secret)", .scheme),
            ("chatbox://example.org", .secretMissing),
            ("chatbox://example.org/", .secretMissing),
            ("chatbox://example.org/#", .secretMissing),
            ("chatbox:///#\(secret)", .host),
            ("chatbox://:7667/#\(secret)", .host),
            ("chatbox://-example.org/#\(secret)", .host),
            ("chatbox://user@example.org/#\(secret)", .host),
            ("chatbox://exa mple.org/#\(secret)", .host),
            ("chatbox://example.org/room/#\(secret)", .host),
            ("chatbox://ex\u{e4}mple.org/#\(secret)", .host),
            ("chatbox://example.org\u{301}/#\(secret)", .host),
            ("chatbox://example.org/\u{301}#\(secret)", .host),
            ("chatbox://\u{1b}[2J/#\(secret)", .host),
            ("chatbox://\(String(repeating: "a", count: 254))/#\(secret)", .host),
            ("chatbox://[]/#\(secret)", .host),
            ("chatbox://[example]/#\(secret)", .host),
            ("chatbox://[::1/#\(secret)", .host),
            ("chatbox://[::1]x/#\(secret)", .host),
            ("chatbox://[fe80::1%]/#\(secret)", .host),
            ("chatbox://[%eth0]/#\(secret)", .host),
            ("chatbox://[fe80::1%sixteen-letters-]/#\(secret)", .host),
            ("chatbox://[fe80::1%a/b]/#\(secret)", .host),
            ("chatbox://[fe80::1%a%b]/#\(secret)", .host),
            ("chatbox://example.org:/#\(secret)", .port),
            ("chatbox://example.org:0/#\(secret)", .port),
            ("chatbox://example.org:080/#\(secret)", .port),
            ("chatbox://example.org:65536/#\(secret)", .port),
            ("chatbox://example.org:-1/#\(secret)", .port),
            ("chatbox://example.org:+1/#\(secret)", .port),
            ("chatbox://example.org:7667x/#\(secret)", .port),
            ("chatbox://example.org:99999999999999999999/#\(secret)", .port),
            ("chatbox://example.org/#\(secret)=", .secret),
            ("chatbox://example.org/#\(secret)A", .secret),
            ("chatbox://example.org/#\(secret.dropLast())", .secret),
            ("chatbox://example.org/#\(secret.dropLast(4))", .secret),
            ("chatbox://example.org/#\(secret)AAAA", .secret),
            ("chatbox://example.org/#A", .secret),
            ("chatbox://example.org/#ARAREhMU FRYX", .secret),
            ("chatbox://example.org/#+RAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4P", .secret),
            ("chatbox://example.org/#\(openSecret.dropLast())9", .secret),
            ("chatbox://example.org/#\(secret)#\(secret)", .secret),
            ("chatbox://example.org/#AAAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4P", .secret),
            ("chatbox://example.org/#AAAAAAAA", .secret),
            ("chatbox://example.org/#BRAREhMUFRYX", .secret),
            ("chatbox://example.org/#BRAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4P", .version),
            ("chatbox://h/#\(secret)\(String(repeating: "A", count: 512))", .tooLong),
        ] as [(String, LinkError)])
    func mangledLinks(text: String, error: LinkError) {
        #expect(throws: error) { try Link(parsing: text) }
    }

    @Test("a link cut short anywhere is refused")
    func cutLinks() {
        let text = "chatbox://example.org:443/#\(Self.secret)"
        for length in 0..<text.utf8.count {
            #expect(throws: LinkError.self) { try Link(parsing: String(text.prefix(length))) }
        }
    }

    @Test("a link with one letter of its secret changed is another room, or is refused")
    func changedLetters() throws {
        let link = try Link(parsing: "chatbox://h/#\(Self.secret)")
        for index in Self.secret.indices {
            let other: Character = Self.secret[index] == "Q" ? "R" : "Q"
            let changed = Self.secret.replacing(at: index, with: other)
            guard let read = try? Link(parsing: "chatbox://h/#\(changed)") else { continue }
            #expect(read != link)
        }
    }

    @Test("what is written is read again, for 10,000 links of all kinds")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 2)
        let hosts = [
            "a", "example.org", "192.0.2.255", "::1", "2001:db8::FF", "fe80::1%1", "under_score",
        ]
        for _ in 0..<10_000 {
            let address = ServerAddress(
                host: hosts[Int(generator.next() % UInt64(hosts.count))],
                port: UInt16.random(in: 1 ... .max, using: &generator))
            let trust: Link.Trust =
                Bool.random(using: &generator)
                ? .publicAuthority : .pin(ServerPin(bytes: generator.bytes(ServerPin.size)))
            let link = Link(
                address: address, trust: trust,
                secret: RoomSecret(bytes: generator.bytes(RoomSecret.size)))
            #expect(link.text.utf8.count <= Link.maximumLength)
            #expect(try Link(parsing: link.text) == link)
        }
    }

    @Test("the form of a link does not change from version to version")
    func stability() throws {
        let link = Link(
            address: ServerAddress(host: "example.org", port: 443), trust: Self.pin,
            secret: RoomSecret(bytes: Self.roomBytes))
        #expect(link.text == "chatbox://example.org:443/#\(Self.secret)")
        let open = Link(
            address: ServerAddress(host: "::1"), trust: .publicAuthority,
            secret: RoomSecret(bytes: Self.roomBytes))
        #expect(open.text == "chatbox://[::1]/#\(Self.openSecret)")
    }

    @Test("a link that is printed by accident shows no secret")
    func redaction() throws {
        let link = try Link(parsing: "chatbox://example.org/#\(Self.secret)")
        var dumped = ""
        dump(link, to: &dumped)
        dump(link.secret, to: &dumped)
        for text in ["\(link)", String(reflecting: link), "\(link.secret)", dumped] {
            #expect(!text.contains("example"))
            #expect(text.contains("redacted"))
            #expect(!text.contains("bytes"))
        }
    }

    @Test("every refusal has a sentence that says what to do")
    func sentences() {
        let all: [LinkError] = [
            .tooLong, .scheme, .host, .port, .secretMissing, .secret, .version,
        ]
        for error in all { #expect(error.sentence.contains(";")) }
        #expect(Set(all.map(\.sentence)).count == all.count)
    }
}

extension String {
    fileprivate func replacing(at index: Index, with character: Character) -> String {
        var copy = self
        copy.replaceSubrange(index...index, with: [character])
        return copy
    }
}
