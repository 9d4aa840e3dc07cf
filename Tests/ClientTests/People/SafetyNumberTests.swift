import Testing

@testable import Client

@Suite("The number that two people compare")
struct SafetyNumberTests {
    /// Computed with Python's `hashlib`, as the comment of `SafetyNumber` says.
    @Test(
        "it is computed as it is described",
        arguments: [
            (0..<32, 32..<64, "35912 82019 35718 82228 34866 50616"),
            (0..<32, 0..<32, "01994 37657 10790 70375 89958 15926"),
        ] as [(Range<UInt8>, Range<UInt8>, String)])
    func vectors(one: Range<UInt8>, other: Range<UInt8>, number: String) {
        #expect(SafetyNumber.text(Array(one), Array(other)) == number)
        #expect(SafetyNumber.text(Array(other), Array(one)) == number)
    }

    @Test func `groups keep their leading noughts, whoever's key is the smaller one`() {
        let low = [UInt8](repeating: 0, count: 32)
        let high = [UInt8](repeating: 0xff, count: 32)
        let number = "05546 58106 74758 47509 00769 91701"
        #expect(SafetyNumber.text(low, high) == number)
        #expect(SafetyNumber.text(high, low) == number)
    }

    @Test func `another key gives another number`() {
        let mine = [UInt8](0..<32)
        var theirs = [UInt8](32..<64)
        let number = SafetyNumber.text(mine, theirs)
        theirs[31] ^= 1
        #expect(SafetyNumber.text(mine, theirs) != number)
    }
}
