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
