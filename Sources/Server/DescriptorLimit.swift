#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many descriptors this process may have.
enum DescriptorLimit {
    /// When the system says "no limit", or would give more than a server can use.
    private static let most: rlim_t = 1 << 20

    /// What the system's event loops take each: a poll set, a wake-up and a timer.
    private static let perLoop = 3

    /// How many connections a server may have that shares its descriptors with `loops` event loops
    /// and keeps `reserve` for all else.
    static func connections(descriptors: Int, loops: Int, reserve: Int) -> Int {
        max(1, descriptors - reserve - loops * perLoop)
    }

    /// Raises the soft limit to the hard one, as any process may; gives what holds afterwards.
    static func raise() -> Int {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 256 }
        var wanted = limit
        wanted.rlim_cur = min(limit.rlim_max, max(most, limit.rlim_cur))
        if setrlimit(resource, &wanted) == 0 { limit = wanted }
        return Int(min(limit.rlim_cur, most))
    }
}
