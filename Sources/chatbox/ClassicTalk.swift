import ChatUI
import Classic
import Folder
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A stay in a conversation of the original protocol: lines in are said, what others say is a line
/// out, notices go to standard error. On a terminal and in a pipe alike.
struct ClassicTalk: Sendable {
    let client: ClassicClient
    let name: String
    let folder: DestinationFolder
    /// Where files that are sent may be.
    let sources: SharedFolders

    func run() async throws {
        try await client.withConnection { inbound, outbound in
            let reader = InputReader(poller: InputPoller(signals: PipeFace.signals))
            let (keys, keyGiver) = AsyncStream.makeStream(of: ClassicKey.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer {
                        keyGiver.finish()
                        reader.wake()
                    }
                    try await listen(to: inbound) { keyGiver.yield($0) }
                }
                // Nil when the server said no number: then listening ends with the reason.
                if let key = await keys.first(where: { _ in true }) {
                    let mouth = ClassicMouth(
                        name: name, key: key, outbound: outbound, sources: sources)
                    if await mouth.speak(reader) { group.cancelAll() }
                }
                try await group.next()
            }
        }
    }

    /// Shows what comes; ends with an error, or when this task is cancelled.
    private func listen(
        to inbound: ClassicClient.Inbound, tell: (ClassicKey) -> Void
    ) async throws {
        var inbox = ClassicInbox(folder: folder)
        defer { inbox.discardAll() }
        var incoming = inbound.makeAsyncIterator()
        while let next = try await incoming.next() {
            switch next {
            case .number(let number):
                Self.notify("-- the number is \(number), so the key is \(number &- 10)")
                tell(ClassicKey(number: number))
            case .content(.message(let body)): Self.show(body)
            case .content(.piece(let piece)): inbox.take(piece).map(Self.notify)
            case .unreadable: Self.notify("-- something came that is no piece of a file")
            }
        }
        guard Task.isCancelled else { throw ClassicError.closed }
    }

    /// Lines after the first are indented, so that none can be taken for somebody's message.
    private static func show(_ body: [UInt8]) {
        let lines = SafeText.lines(untrusted: String(decoding: body, as: UTF8.self))
        for (number, line) in lines.enumerated() {
            Output.line(number == 0 ? line : "    \(line)")
        }
    }

    static func notify(_ line: SafeText) { Output.line(line, to: STDERR_FILENO) }
}

/// What one person says and sends.
struct ClassicMouth: Sendable {
    let name: String
    let key: ClassicKey
    let outbound: ClassicClient.Outbound
    let sources: SharedFolders

    /// Bytes of a line that is read: the longest message, beyond which the rest is dropped.
    private static let maximumLine = ClassicLimits.maximumBody

    /// Says what is typed until it ends. True when that was the person's wish, false when the
    /// conversation is over.
    func speak(_ reader: InputReader) async -> Bool {
        let (paths, files) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingOldest(ClassicLimits.maximumFiles))
        return await withTaskGroup(of: Void.self) { group in
            // Files go on while lines are typed, one after the other: receivers tell them apart by
            // nothing but their names.
            group.addTask { for await path in paths { await send(path) } }
            // Who is interrupted waits for none.
            defer { group.cancelAll() }
            var pending: [UInt8] = []
            while true {
                switch await reader.next() {
                case .bytes(let bytes):
                    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
                    for (number, line) in lines.enumerated() {
                        pending += line.prefix(Self.maximumLine - pending.count)
                        guard number < lines.count - 1 else { break }
                        defer { pending = [] }
                        if await take(pending, files) { continue }
                        files.finish()
                        await group.waitForAll()
                        return true
                    }
                case .end:
                    _ = await take(pending, files)
                    files.finish()
                    await group.waitForAll()
                    return true
                case .signal: return true
                case .woken: return false
                case .quiet: break
                }
            }
        }
    }

    /// False when the person wants to leave.
    private func take(_ line: [UInt8], _ files: AsyncStream<String>.Continuation) async -> Bool {
        do throws(CommandError) {
            switch try Command(parsing: String(decoding: line, as: UTF8.self)) {
            case .nothing: break
            case .say(let text): await say(text)
            case .send(let paths):
                for path in paths {
                    guard case .dropped = files.yield(path) else { continue }
                    ClassicTalk.notify("-- too many files wait to be sent; try again later")
                }
            case .quit: return false
            default:
                ClassicTalk.notify("-- here are only /send FILE, which all get, and /quit")
            }
        } catch {
            ClassicTalk.notify("-- \(SafeText(untrusted: error.sentence))")
        }
        return true
    }

    private func say(_ text: String) async {
        do throws(ClassicError) {
            try await outbound.send(ClassicFrame(ClassicContent(name: name, text: text), key: key))
        } catch {
            // A connection that broke is said by who listens to it.
            guard error == .tooLong else { return }
            ClassicTalk.notify("-- \(SafeText(untrusted: error.sentence))")
        }
    }

    private func send(_ path: String) async {
        let shown = SafeText(untrusted: path)
        do {
            let file = try sources.open(HomePath.expand(path))
            var piece = ClassicPiece(
                sender: Array(name.utf8), fileName: Array(file.name.utf8), size: file.size,
                start: 0, bytes: [])
            repeat {
                piece.bytes = try file.read(at: piece.start, count: ClassicLimits.pieceSize)
                let rest = piece.size - piece.start
                if piece.bytes.count > rest {
                    piece.bytes.removeLast(piece.bytes.count - Int(rest))
                }
                guard !piece.bytes.isEmpty || rest == 0 else {
                    return ClassicTalk.notify("-- \(shown) became shorter while it was sent")
                }
                try await outbound.send(ClassicFrame(.piece(piece), key: key))
                piece.start += UInt64(piece.bytes.count)
            } while piece.start < piece.size
            ClassicTalk.notify("-- \(shown) was sent to all")
        } catch let error as FolderError {
            ClassicTalk.notify("-- \(shown): \(SafeText(untrusted: error.sentence))")
        } catch {
            ClassicTalk.notify("-- \(shown) was not sent")
        }
    }
}
