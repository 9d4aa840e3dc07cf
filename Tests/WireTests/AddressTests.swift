import Testing
import Wire

@Suite("Addresses")
struct AddressTests {
    @Test(
        "an address is read and written",
        arguments: [
            ("localhost", "localhost", UInt16(7667), "localhost"),
            ("localhost:7667", "localhost", 7667, "localhost"),
            ("127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"),
            ("0.0.0.0:65535", "0.0.0.0", 65535, "0.0.0.0:65535"),
            ("[::]:9", "::", 9, "[::]:9"),
            ("[fe80::1]", "fe80::1", 7667, "[fe80::1]"),
        ])
    func goodAddresses(text: String, host: String, port: UInt16, written: String) throws {
        let address = try ServerAddress(parsing: text)
        #expect(address == ServerAddress(host: host, port: port))
        #expect(address.text == written)
    }

    @Test(
        "what is no address is refused for what is wrong with it",
        arguments: [
            ("", .host), (":1", .host), ("::1", .host), ("a b", .host), ("[", .host), ("]", .host),
            ("[::1]1", .host), ("a/b", .host), ("a\n", .host), ("-v", .host), ("[1.2.3.4]", .host),
            ("a:b", .port), ("a:1:2", .port), ("a:", .port), ("a:0", .port), ("a:1 ", .port),
            ("[::1]:", .port), ("[::1]:x", .port),
        ] as [(String, LinkError)])
    func badAddresses(text: String, error: LinkError) {
        #expect(throws: error) { try ServerAddress(parsing: text) }
    }
}
