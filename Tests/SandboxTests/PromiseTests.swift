import Testing

@testable import Sandbox

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

    @Test("each version of Landlock adds what it can, and no more", arguments: 0...9)
    func versions(_ version: Int) {
        var filtered = Promise(parts: .calls)
        filtered.add(landlock: Int32(version))
        #expect(filtered.parts.contains(.files) == (version >= 1))
        #expect(filtered.parts.contains(.ports) == (version >= 4))
        #expect((filtered.reason == .oldLandlock(version)) == (1...3).contains(version))
        #expect(filtered.isKeptByKernel == (version >= 4))

        // Without the filter, older versions let files be cut, and all let other sockets out.
        var alone = Promise(reason: .noFilter)
        alone.add(landlock: Int32(version))
        #expect(alone.parts == (version >= 3 ? .files : []))
        #expect(alone.reason == .noFilter)
    }
}
