#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writing to a standard stream, whole, however slow the reader is.
package enum Output {
    /// False when it could not be written: nobody reads any more, or a disk is full.
    @discardableResult
    package static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) -> Bool {
        attempt(text, to: descriptor) == 0
    }

    /// The error number for which it could not be written, or 0.
    package static func attempt(_ text: String, to descriptor: Int32 = STDOUT_FILENO) -> Int32 {
        var text = text
        return text.withUTF8 { buffer in
            var done = 0
            while done < buffer.count {
                let result = system(
                    descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
                if result > 0 {
                    done += result
                } else if errno == EAGAIN {
                    // Somebody else who shares the terminal made it non-blocking.
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }

    /// A line of safe text.
    @discardableResult
    package static func line(_ text: SafeText, to descriptor: Int32 = STDOUT_FILENO) -> Bool {
        write(text.string + "\n", to: descriptor)
    }

    private static func system(_ number: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int
    {
        #if canImport(Glibc)
            Glibc.write(number, bytes, count)
        #elseif canImport(Musl)
            Musl.write(number, bytes, count)
        #else
            Darwin.write(number, bytes, count)
        #endif
    }
}

/// Signals that would end the program where an error number does as well.
package enum QuietSignals {
    /// A reader that went away (SIGPIPE), a file at its limit (SIGXFSZ).
    package static func ignore() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }
}
