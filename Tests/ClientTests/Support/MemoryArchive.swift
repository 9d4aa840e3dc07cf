import Synchronization

@testable import Client

/// Known people in memory, kept from one client to the next.
final class MemoryArchive: PeopleArchive {
    private let state = Mutex((bytes: [UInt8](), appends: 0))
    private let readProblem: PeopleArchiveError?
    private let appendProblem: PeopleArchiveError?

    init(
        _ text: String = "", readProblem: PeopleArchiveError? = nil,
        appendProblem: PeopleArchiveError? = nil
    ) {
        self.readProblem = readProblem
        self.appendProblem = appendProblem
        state.withLock { $0.bytes = Array(text.utf8) }
    }

    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
    /// How often it was asked to keep something.
    var appends: Int { state.withLock { $0.appends } }

    func read() throws -> [UInt8] {
        if let readProblem { throw readProblem }
        return state.withLock { $0.bytes }
    }

    func append(_ bytes: [UInt8]) throws {
        state.withLock { $0.appends += 1 }
        if let appendProblem { throw appendProblem }
        state.withLock { $0.bytes += bytes }
    }
}
