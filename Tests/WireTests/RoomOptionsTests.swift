import Testing
import Wire

@Suite("What a link says about its room")
struct RoomOptionsTests {
    private static let secret = (0x10..<0x20).map { UInt8($0) }
    private static let trusts: [Link.Trust] = [
        .pin(ServerPin(bytes: 0..<16)), .publicAuthority,
    ]
    private static let all = RoomOptions.suites.flatMap { suite in
        [false, true].map { RoomOptions(suite: suite, needsApproval: $0) }
    }

    private func link(_ trust: Link.Trust, _ options: RoomOptions) -> Link {
        Link(
            address: ServerAddress(host: "example.org"), trust: trust,
            secret: RoomSecret(bytes: Self.secret), options: options)
    }

    @Test("every choice comes back out of a link", arguments: trusts, all)
    func roundTrip(trust: Link.Trust, options: RoomOptions) throws {
        let link = link(trust, options)
        let read = try Link(parsing: link.text)
        #expect(read == link)
        #expect(read.options == options)
    }

    @Test("no two choices look alike in a link")
    func distinct() {
        let texts = Self.trusts.flatMap { trust in Self.all.map { link(trust, $0).text } }
        #expect(Set(texts).count == Self.trusts.count * Self.all.count)
    }

    @Test("the usual choice makes the link no longer than it was before there was one")
    func usual() {
        #expect(RoomOptions.default == RoomOptions(suite: 0xF002, needsApproval: false))
        #expect(
            link(Self.trusts[0], .default).text
                == "chatbox://example.org/#AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")
        #expect(
            link(.publicAuthority, .default).text
                == "chatbox://example.org/#AhAREhMUFRYXGBkaGxwdHh8")
    }

    @Test("a link that lost its end is refused, not taken for one with the usual choice")
    func cut() {
        for trust in Self.trusts {
            let text = link(trust, RoomOptions(suite: 1, needsApproval: true)).text
            for length in 0..<text.utf8.count {
                #expect(throws: LinkError.self) { try Link(parsing: String(text.prefix(length))) }
            }
        }
    }

    /// Computed with Python's `base64.urlsafe_b64encode`.
    @Test(
        "what this version does not know is said to be newer, what no version writes to be damaged",
        arguments: [
            // Bits that are kept for later, and suites that have no number here.
            ("BBAREhMUFRYXGBkaGxwdHh8g", .version),
            ("BBAREhMUFRYXGBkaGxwdHh9A", .version),
            ("BBAREhMUFRYXGBkaGxwdHh-A", .version),
            ("BBAREhMUFRYXGBkaGxwdHh_x", .version),
            ("BBAREhMUFRYXGBkaGxwdHh8E", .version),
            ("BBAREhMUFRYXGBkaGxwdHh8G", .version),
            ("BBAREhMUFRYXGBkaGxwdHh8Y", .version),
            ("BBAREhMUFRYXGBkaGxwdHh8P", .version),
            ("AwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fIQ", .version),
            // The usual choice, spelled out.
            ("BBAREhMUFRYXGBkaGxwdHh8A", .secret),
            // Without the options that were announced, and with more behind them.
            ("BBAREhMUFRYXGBkaGxwdHh8", .secret),
            ("BBAREhMUFRYXGBkaGxwdHh8BAA", .secret),
            ("AwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", .secret),
            ("AhAREhMUFRYXGBkaGxwdHh8B", .secret),
        ] as [(String, LinkError)])
    func refused(fragment: String, error: LinkError) {
        #expect(throws: error) { try Link(parsing: "chatbox://example.org/#\(fragment)") }
    }
}
