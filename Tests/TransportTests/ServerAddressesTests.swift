import NIOCore
import TestSupport
import Testing
import Wire

@testable import Transport

@Suite("The addresses of a server")
struct ServerAddressesTests {
    private func address(_ ip: String) throws -> SocketAddress {
        try SocketAddress(ipAddress: ip, port: 7667)
    }

    @Test("an address is looked up without being asked of anybody")
    func numbers() throws {
        let four = try ServerAddresses(of: ServerAddress(host: "127.0.0.1", port: 7667))
        #expect(four.candidates == [try address("127.0.0.1")])
        let six = try ServerAddresses(of: ServerAddress(host: "::1", port: 7667))
        #expect(six.candidates == [try address("::1")])
    }

    @Test("a name that nobody knows has no address")
    func unknown() {
        #expect(throws: ConnectionError.unknownHost(unknownHost)) {
            try ServerAddresses(of: ServerAddress(host: unknownHost, port: 7667))
        }
    }

    @Test("an address that failed comes after the others, until all have failed")
    func cycle() throws {
        let all = try ["::1", "127.0.0.1", "127.0.0.2"].map(address)
        let addresses = ServerAddresses(all)
        #expect(addresses.candidates == all)
        addresses.fail(all[0])
        #expect(addresses.candidates == Array(all[1...]))
        addresses.fail(all[2])
        addresses.fail(nil)
        addresses.fail(try address("127.0.0.9"))
        #expect(addresses.candidates == [all[1]])
        addresses.fail(all[1])
        #expect(addresses.candidates == all)
    }
}
