import Testing
import Wire

@testable import chatbox

@Suite("A server's key as people read it out")
struct FingerprintTests {
    private let pin = ServerPin(bytes: 0..<16)
    private let text = "000102030405060708090a0b0c0d0e0f"

    @Test func `it is 32 digits, and what was written is read again`() throws {
        #expect(Fingerprint.text(pin) == text)
        #expect(try Fingerprint.parse(text) == pin)
    }

    @Test func `case, colons and spaces do not matter`() throws {
        #expect(try Fingerprint.parse("00:01:02:03 04050607 08:09:0A:0B:0C:0D:0E:0F") == pin)
    }

    @Test(
        "anything else is a usage error",
        arguments: [
            "", "00", "000102030405060708090a0b0c0d0e", "000102030405060708090a0b0c0d0e0f00",
            "000102030405060708090a0b0c0d0e0g", "\u{FF10}00102030405060708090a0b0c0d0e0f",
            "000102030405060708090a0b0c0d0e0",
        ])
    func refused(_ text: String) {
        let problem = #expect(throws: Problem.self) { try Fingerprint.parse(text) }
        #expect(problem?.status == .usage)
    }
}
