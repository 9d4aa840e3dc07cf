import Sandbox
import Testing

@Suite("What is promised")
struct PromiseTests {
    @Test("a process with several threads restricts nothing, and says so")
    func threads() {
        // A test runs beside others, on a thread of a pool.
        let promise = Restriction().enter()
        #expect(promise.parts.isEmpty)
        #expect(!promise.isKeptByKernel)
        #expect(promise.reason != nil)
    }
}
