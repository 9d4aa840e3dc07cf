import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// When memory that is not used any more goes back to the operating system: an allocator keeps what
/// a peak took, and other programs would go without it.
struct MemoryTrim {
    /// Less than this is kept for the next time.
    static let least = 32 << 20
    /// The allocator is busy for some milliseconds, so it is not asked more often.
    static let interval = TimeAmount.seconds(5)

    private var peak = 0
    private var last: NIODeadline?

    /// - Parameter held: bytes that the server holds now.
    mutating func isDue(held: Int, now: NIODeadline) -> Bool {
        peak = max(peak, held)
        if let last, now - last < Self.interval { return false }
        guard peak - held >= Self.least else { return false }
        peak = held
        last = now
        return true
    }

    /// Gives it back, on another thread than those that serve.
    static func run() { NIOThreadPool.singleton.submit { _ in _ = trim?(0) } }

    /// `malloc_trim` of glibc; other allocators give back by themselves.
    ///
    /// Asked for by name, since Swift's modules of the C library leave `malloc.h` out.
    private static let trim: (@convention(c) @Sendable (Int) -> Int32)? = dlsym(nil, "malloc_trim")
        .map {
            unsafeBitCast($0, to: (@convention(c) @Sendable (Int) -> Int32).self)
        }
}
