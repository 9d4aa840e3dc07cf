package import Testing

/// Runs a suite while no other suite with this trait runs, in whatever target it is.
///
/// Swift Testing runs all tests of a package at once. Suites that open hundreds of connections or
/// start programs would starve each other of the machine, and their deadlines would then judge the
/// machine instead of the code. Tests within one such suite still run side by side.
package struct OneAtATime: SuiteTrait, TestScoping {
    package let isRecursive = false

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        await Turn.shared.take()
        do {
            try await function()
        } catch {
            await Turn.shared.pass()
            throw error
        }
        await Turn.shared.pass()
    }
}

extension Trait where Self == OneAtATime {
    /// Runs while no other suite with this trait runs.
    package static var oneAtATime: Self { OneAtATime() }
}

/// Whose turn it is: first come, first served.
private actor Turn {
    static let shared = Turn()
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        guard isTaken else {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func pass() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}
