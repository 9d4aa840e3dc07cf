import MLS
import Testing
import Wire

@Suite("The suites of rooms")
struct RoomSuiteTests {
    @Test func `a link can name every suite that a group can be had with, and no other`() {
        #expect(Set(RoomOptions.suites) == Set(CipherSuite.supported.map(\.rawValue)))
        #expect(
            RoomOptions.default.suite == CipherSuite.mlkem768X25519AES256GCMSHA384Ed25519.rawValue)
    }
}
