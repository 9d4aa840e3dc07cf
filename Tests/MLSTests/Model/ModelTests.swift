import Foundation
import Testing

@testable import MLS

/// Random stories against a model. CHATBOX_MLS_MODEL_SEED repeats one, CHATBOX_MLS_MODEL_STEPS makes
/// it longer.
@Suite("Random stories")
struct ModelTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    @Test(
        "members agree, and nobody reads what is not for them",
        arguments: [
            (limit: 10, steps: 2000), (limit: 64, steps: 300),
        ])
    func story(_ size: (limit: Int, steps: Int)) throws {
        let seed = Self.number("CHATBOX_MLS_MODEL_SEED") ?? .random(in: 0...UInt64.max)
        let steps = Self.number("CHATBOX_MLS_MODEL_STEPS").map(Int.init) ?? size.steps
        print("MLS model: up to \(size.limit) members, \(steps) steps, seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let numbers = (0..<steps).map { _ in generator.next() }
        guard let failure = Self.run(numbers, size.limit) else { return }
        let (short, last) = Self.shrink(Array(numbers.prefix(failure.steps)), failure, size.limit)
        Issue.record(
            """
            seed \(seed): \(last.error) after \(short.count) steps (\(failure.steps) at first):
            \(last.story.joined(separator: "\n"))
            """)
    }

    struct Failure {
        let steps: Int
        let error: String
        let story: [String]
    }

    /// Nil when all goes well.
    static func run(_ numbers: [UInt64], _ limit: Int) -> Failure? {
        var story: [String] = []
        var count = 0
        do {
            let model = try Model(limit: limit)
            defer { story = model.story }
            for number in numbers {
                count += 1
                try model.step(number)
            }
            return nil
        } catch {
            return Failure(steps: count, error: "\(error)", story: story)
        }
    }

    /// Leaves out ever smaller parts as long as the story still fails; a bounded number of tries.
    static func shrink(
        _ numbers: [UInt64], _ failure: Failure, _ limit: Int
    ) -> ([UInt64], Failure) {
        var (best, last) = (numbers, failure)
        var size = numbers.count / 2
        var tries = 200
        while size > 0, tries > 0 {
            var start = 0
            while start < best.count, tries > 0 {
                tries -= 1
                var shorter = best
                shorter.removeSubrange(start..<min(start + size, best.count))
                if let still = run(shorter, limit) {
                    (best, last) = (Array(shorter.prefix(still.steps)), still)
                } else {
                    start += size
                }
            }
            size /= 2
        }
        return (best, last)
    }
}
