import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A run of the built program, as a shell would start it. It is killed when nobody holds it.
final class Program: Sendable {
    enum Console: Sendable {
        /// Standard input, output and error are three pipes.
        case pipes
        /// All three are a pseudo-terminal, which is the program's controlling terminal.
        case terminal(rows: UInt16, columns: UInt16)
    }

    /// What it wrote to standard output, or to the terminal.
    let output = Output()
    /// What it wrote to standard error; nothing on a terminal.
    let errors = Output()
    private let process: Child
    private let input: Mutex<Int32?>
    /// Written to when the terminal's window is closed.
    private let closing: Int32?
    private let writing = DispatchQueue(label: "input of a program")

    /// Where the program was built: next to the tests.
    static let path = built("chatbox")

    /// A program of this package.
    static func built(_ name: String) -> String {
        var places = CommandLine.arguments
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        places.append(own ?? "")
        for place in places {
            guard let range = place.range(of: "/", options: .backwards) else { continue }
            let bundle = place.range(of: "/[^/]*\\.xctest", options: .regularExpression)
            let folder = place[..<(bundle?.lowerBound ?? range.lowerBound)]
            let program = "\(folder)/\(name)"
            if FileManager.default.isExecutableFile(atPath: program) { return program }
        }
        return name
    }

    /// - Parameters:
    ///   - arguments: of the command line, the program's own name left out.
    ///   - executable: the program, unless it is chatbox.
    ///   - shell: what a shell does before it becomes the program, such as `ulimit -f 100`.
    init(
        _ arguments: [String], home: Home, console: Console = .pipes,
        executable: String = path, shell: String? = nil
    ) throws {
        var command = [executable] + arguments
        if let shell {
            command = ["/bin/sh", "-c", "\(shell); exec \"$0\" \"$@\""] + command
        }
        let ends: Child.Ends
        switch console {
        case .pipes: ends = try Child.pipes()
        case .terminal(let rows, let columns):
            ends = try Child.terminal(rows: rows, columns: columns)
        }
        process = try Child(command: command, environment: home.environment, ends: ends)
        input = Mutex(ends.input)
        if let errors = ends.errors {
            closing = nil
            Self.read(ends.output, into: output)
            Self.read(errors, into: self.errors)
        } else {
            let (stop, closing) = try Child.makePipe()
            self.closing = closing
            Self.read(ends.output, into: output, until: stop)
            errors.close()
        }
        process.watch { [output, errors] in
            output.nudge()
            errors.nudge()
        }
    }

    deinit {
        process.signal(SIGKILL)
        closeInput()
        if let closing { close(closing) }
    }

    var pid: pid_t { process.pid }

    /// Copies what comes out of `descriptor` until its end, on a thread of its own.
    ///
    /// - Parameter stop: ends it as soon as something can be read there, or it is closed.
    private static func read(_ descriptor: Int32, into output: Output, until stop: Int32 = -1) {
        let thread = Thread {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                var waiting = [
                    pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
                ]
                if poll(&waiting, 2, -1) < 0 && errno == EINTR { continue }
                if waiting[1].revents != 0 { break }
                let count = buffer.withUnsafeMutableBytes { readSome(descriptor, $0) }
                if count < 0 && errno == EINTR { continue }
                // A terminal whose other end was closed answers with an error.
                guard count > 0 else { break }
                output.append(buffer[..<count])
            }
            close(descriptor)
            if stop >= 0 { close(stop) }
            output.close()
        }
        thread.start()
    }

    // MARK: What a person does

    /// Types, or pipes in. Returns at once; what is written in order arrives in order.
    func type(_ text: String) {
        writing.async { [self] in
            var rest = Array(text.utf8)[...]
            input.withLock { descriptor in
                guard let descriptor else { return }
                while !rest.isEmpty {
                    let count = rest.withUnsafeBytes { writeSome(descriptor, $0) }
                    if count < 0 && errno == EINTR { continue }
                    guard count > 0 else { return }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }

    /// Closes standard input after everything that was typed.
    func endInput() { writing.async { self.closeInput() } }

    private func closeInput() {
        input.withLock { descriptor in
            if let open = descriptor { close(open) }
            descriptor = nil
        }
    }

    /// Closes the terminal's window: the program has no terminal any more, and is told so by SIGHUP.
    func closeWindow() {
        closeInput()
        if let closing { _ = write(closing, [1], 1) }
    }

    func signal(_ number: Int32) { process.signal(number) }

    /// Waits for its end and returns its exit code; 128 and the signal's number when it was killed.
    func exitCode(within patience: Duration = .seconds(20)) async throws -> Int32 {
        try await process.exitCode(within: patience)
    }

    /// Waits until it has ended and everything that it wrote was read; returns its exit code.
    func finish(within patience: Duration = .seconds(20)) async throws -> Int32 {
        let code = try await exitCode(within: patience)
        for output in [output, errors] {
            try await output.wait(for: "the end", within: .seconds(5)) { $1 ? () : nil }
        }
        return code
    }

    // MARK: What a person sees

    /// Waits for a text in what was written to standard output or the terminal.
    func expect(_ text: String, within patience: Duration = .seconds(20)) async throws {
        try await output.wait(for: "\"\(text)\"", within: patience) { bytes, _ in
            bytes.contains(Array(text.utf8)) ? () : nil
        }
    }

    /// Waits for a text on standard error.
    func expectError(_ text: String, within patience: Duration = .seconds(20)) async throws {
        try await errors.wait(for: "\"\(text)\"", within: patience) { bytes, _ in
            bytes.contains(Array(text.utf8)) ? () : nil
        }
    }
}

private func readSome(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}

private func writeSome(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
    write(descriptor, buffer.baseAddress, buffer.count)
}

extension [UInt8] {
    /// Whether `part` is in here.
    func contains(_ part: [UInt8], from start: Int = 0) -> Bool {
        guard let first = part.first else { return true }
        var from = start
        while let place = self[from...].firstIndex(of: first) {
            if self[place...].starts(with: part) { return true }
            from = place + 1
        }
        return false
    }
}
