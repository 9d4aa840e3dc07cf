import Foundation
import Testing

@testable import Client

@Suite("A room in a storm", .serialized)
struct StormTests {
    /// Things that happen in one story.
    static let steps = 10_000
    /// Deeds between two quiet points.
    static let deeds = 40
    /// Others, such as `100...120`, by `STORM_SEEDS`.
    static let seeds: [UInt64] = {
        let wanted = ProcessInfo.processInfo.environment["STORM_SEEDS"] ?? "1...4"
        let ends = wanted.split(separator: ".").compactMap { UInt64($0) }
        guard let first = ends.first, let last = ends.last, first <= last else { return [] }
        return Array(first...last)
    }()

    @Test(
        "after each quiet point all agree, and everybody has what was said while they were in",
        .timeLimit(.minutes(5)), arguments: seeds)
    func story(seed: UInt64) async {
        let storm = Storm(seed: seed, needsApproval: seed % 4 == 0)
        storm.join(room: 0)
        while storm.steps < Self.steps, storm.problems.isEmpty {
            for _ in 0..<Self.deeds where storm.problems.isEmpty { storm.act() }
            storm.becomeQuiet()
            storm.expectAgreement()
            storm.callTheRoll()
            storm.expectAgreement()
            // Other tests have their limits of time.
            await Task.yield()
        }
        let isFine = storm.problems.isEmpty
        #expect(isFine, "\(storm.report)")
    }
}
