import Synchronization

@testable import MLS

/// Random numbers that a seed repeats (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

/// A time that a test moves, and bytes that a seed repeats.
final class TestWorld: Sendable {
    private let state: Mutex<(generator: SeededGenerator, now: UInt64)>

    init(seed: UInt64 = 1, now: UInt64 = 1_800_000_000) {
        state = Mutex((SeededGenerator(seed: seed), now))
    }

    func advance(_ seconds: UInt64) {
        state.withLock { $0.now += seconds }
    }

    var environment: Environment {
        Environment(
            now: { self.state.withLock { $0.now } },
            randomBytes: { count in
                self.state.withLock { state in
                    (0..<count).map { _ in UInt8.random(in: 0...255, using: &state.generator) }
                }
            })
    }
}

extension Environment {
    static func test(seed: UInt64 = 1) -> Environment {
        TestWorld(seed: seed).environment
    }
}
