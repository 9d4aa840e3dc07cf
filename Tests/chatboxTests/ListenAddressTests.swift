import Testing
import Wire

@testable import chatbox

@Suite("Where a server listens")
struct ListenAddressTests {
    @Test(
        "host and port are read as people write them",
        arguments: [
            ("example.org", "example.org", 7667), ("example.org:80", "example.org", 80),
            ("127.0.0.1:9000", "127.0.0.1", 9000), ("[::1]:9000", "::1", 9000),
            ("[::1]", "::1", 7667), ("localhost:0", "localhost", 0), ("[::1]:0", "::1", 0),
        ] as [(String, String, UInt16)])
    func hostAndPort(_ text: String, _ host: String, _ port: UInt16) throws {
        let address = try ListenAddress(parsing: text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(!address.isEveryAddress)
    }

    @Test(
        "no host means every address",
        arguments: [(":80", 80), ("*:80", 80), ("*", 7667), (":0", 0), ("*:0", 0)]
            as [(String, UInt16)])
    func everyAddress(_ text: String, _ port: UInt16) throws {
        let address = try ListenAddress(parsing: text)
        #expect(address.host == nil)
        #expect(address.port == port)
        #expect(address.isEveryAddress)
    }

    @Test("nothing said means every address and the usual port")
    func nothing() throws {
        let address = try ListenAddress(parsing: nil)
        #expect(address.isEveryAddress)
        #expect(address.port == FrameLimits.defaultPort)
    }

    @Test("the unspecified addresses are every address", arguments: ["0.0.0.0:80", "[::]:80"])
    func unspecified(_ text: String) throws {
        #expect(try ListenAddress(parsing: text).isEveryAddress)
    }

    @Test("a port alone is told how to write it", arguments: ["7705", "0", "99999"])
    func portAlone(_ text: String) {
        let problem = #expect(throws: Problem.self) { try ListenAddress(parsing: text) }
        #expect(problem?.status == .usage)
        #expect(problem?.sentence.contains("write :\(text) ") == true)
    }

    @Test(
        "what is no address is a usage error",
        arguments: [
            "a b", "host:port", "host:99999", "host:-1", "::1", "[::1", "*.example.org:80", "*x",
            "http://host", "host:80:90", ":", "host:",
        ])
    func refused(_ text: String) {
        let problem = #expect(throws: Problem.self) { try ListenAddress(parsing: text) }
        #expect(problem?.status == .usage)
    }
}
