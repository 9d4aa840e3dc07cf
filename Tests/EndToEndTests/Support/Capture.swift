import Foundation
import NIOCore
import Synchronization
import Wire

/// The server's own view: every byte that came to it and went out of it, without TLS.
final class Capture: Sendable {
    private struct State {
        /// One for each direction of each connection.
        var streams: [Data] = []
        /// What was in the logs of all rooms, by its place.
        var log: [UInt64: ServerFrame.Entry] = [:]
    }

    private let state = Mutex(State())

    /// A place for one direction of a connection.
    func newStream() -> Int {
        state.withLock { state in
            state.streams.append(Data())
            return state.streams.count - 1
        }
    }

    func record(_ buffer: ByteBuffer, in stream: Int) {
        state.withLock { $0.streams[stream].append(contentsOf: buffer.readableBytesView) }
    }

    func record(_ entry: ServerFrame.Entry) {
        state.withLock { $0.log[entry.sequence] = entry }
    }

    /// What the server was given to pass on, in order.
    var log: [ServerFrame.Entry] {
        state.withLock { $0.log.values.sorted { $0.sequence < $1.sequence } }
    }

    /// What members said, to each other or to the group.
    var messages: [ServerFrame.Entry] { log.filter { $0.kind == .message } }

    var size: Int { state.withLock { $0.streams.reduce(0) { $0 + $1.count } } }

    func holds(_ bytes: some Sequence<UInt8>) -> Bool {
        let needle = Data(bytes)
        return state.withLock { $0.streams.contains { $0.range(of: needle) != nil } }
    }

    func holds(_ text: String) -> Bool { holds(text.utf8) }

    /// Whether any sixteen bytes in a row of `content` were seen, wherever they begin.
    func holdsRun(of content: Data) -> Bool {
        var runs = Set<UInt128>()
        Self.forEachRun(of: content) { runs.insert($0) }
        let streams = state.withLock { $0.streams }
        return streams.contains { stream in
            var isFound = false
            Self.forEachRun(of: stream) { isFound = isFound || runs.contains($0) }
            return isFound
        }
    }

    private static func forEachRun(of data: Data, _ body: (UInt128) -> Void) {
        var run: UInt128 = 0
        for (index, byte) in data.enumerated() {
            run = run << 8 | UInt128(byte)
            if index >= 15 { body(run) }
        }
    }
}
