import Foundation
import Synchronization
import Testing

/// A Python program of the tests, its lines in and out. It is killed when nobody holds it.
final class PythonProgram: Sendable {
    private let process: Mutex<Process>
    private let input = Pipe()
    let lines: AsyncStream<String>

    /// Where python3 is; nil when it is missing.
    static let python: String? = {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").map { "\($0)/python3" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// Said by tests that cannot run.
    static let notice: Comment = "python3 is not here; the test against plain Python is skipped"

    init(_ name: String, _ arguments: [String]) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Python/\(name).py").path
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = [script] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        self.process = Mutex(process)
        Thread.detachNewThread {
            var pending = Data()
            while true {
                let some = output.fileHandleForReading.availableData
                if some.isEmpty { break }
                pending += some
                while let end = pending.firstIndex(of: 0x0A) {
                    continuation.yield(String(decoding: pending[..<end], as: UTF8.self))
                    pending = Data(pending[pending.index(after: end)...])
                }
            }
            continuation.finish()
        }
    }

    deinit { kill() }

    func kill() {
        process.withLock { if $0.isRunning { _ = Foundation.kill($0.processIdentifier, SIGKILL) } }
    }

    func type(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }

    func endInput() throws { try input.fileHandleForWriting.close() }
}
