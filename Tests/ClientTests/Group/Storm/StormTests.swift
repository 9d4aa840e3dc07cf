import Testing

@testable import Client

@Suite("A room in a storm")
struct StormTests {
    /// Things that happen in one story.
    static let steps = 10_000
    /// Deeds between two quiet points.
    static let deeds = 40

    @Test(
        "after each quiet point all agree, and everybody has what was said while they were in",
        .timeLimit(.minutes(5)), arguments: [1, 2, 3, 4] as [UInt64])
    func story(seed: UInt64) {
        let storm = Storm(seed: seed, needsApproval: seed % 4 == 0)
        storm.join(room: 0)
        while storm.steps < Self.steps, storm.problems.isEmpty {
            for _ in 0..<Self.deeds where storm.problems.isEmpty { storm.act() }
            storm.becomeQuiet()
            storm.expectAgreement()
            storm.callTheRoll()
            storm.expectAgreement()
        }
        let isFine = storm.problems.isEmpty
        #expect(isFine, "\(storm.report)")
    }
}
