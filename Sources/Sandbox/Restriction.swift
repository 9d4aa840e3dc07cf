import CSandbox

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a process keeps of its rights when it gives up the rest, for good.
package struct Restriction: Sendable {
    /// Descriptors of folders in which files may be made, written, renamed and deleted.
    package var writable: [Int32]
    /// Descriptors of folders in which files may be read.
    package var readable: [Int32]
    /// Ports that TCP may connect to; with none, no connection is made at all.
    package var ports: [UInt16]
    /// True when the process has sockets that listen: they go on accepting, and none is added.
    package var isListening: Bool
    /// The newest version of Landlock to use: an older one for tests.
    package var newestVersion = Self.newestKnown

    /// The newest version whose restrictions are known here. A newer kernel takes them, too.
    package static let newestKnown: Int32 = 7

    package init(
        writable: [Int32] = [], readable: [Int32] = [], ports: [UInt16] = [],
        isListening: Bool = false
    ) {
        self.writable = writable
        self.readable = readable
        self.ports = ports
        self.isListening = isListening
    }

    /// True where the kernel can be asked at all.
    package static var isKnownHere: Bool {
        #if os(Linux)
            true
        #else
            false
        #endif
    }

    /// The version of Landlock that the kernel has; 0 when it has none.
    package static var landlock: Int { Int(max(0, csandbox_landlock_version())) }

    /// Gives up everything else, as far as the kernel goes, and finds out whether it holds.
    ///
    /// To be called while the process has one thread: one that was started before would stay free.
    ///
    /// - Returns: what the kernel keeps from now on.
    package func enter() -> Promise {
        let threads = csandbox_thread_count()
        if threads == -ENOSYS { return Promise(reason: .otherSystem) }
        guard threads >= 0 else { return Promise(reason: .noProcesses) }
        guard threads == 1 else { return Promise(reason: .threads(Int(threads))) }
        let code = csandbox_drop_privileges()
        guard code == 0 else { return Promise(reason: .refused(code)) }
        let (version, reason) = restrictFiles()
        var promise = Promise(reason: reason)
        let calls = withRules { csandbox_restrict_calls(&$0, version) }
        if calls == 0, csandbox_test_calls() == 0 {
            promise.parts.insert(.calls)
        } else if promise.reason == nil {
            promise.reason = .noFilter
        }
        promise.add(landlock: version)
        return promise
    }

    /// - Returns: the version in force, 0 for none, and why it is none.
    private func restrictFiles() -> (version: Int32, reason: Promise.Reason?) {
        let found = min(csandbox_landlock_version(), newestVersion)
        guard found > 0 else {
            let isMissing = found == 0 || found == -ENOSYS || found == -EOPNOTSUPP
            return (0, isMissing ? .noLandlock : .refused(-found))
        }
        let code = withRules { csandbox_restrict_files(&$0, found) }
        guard code == 0 else { return (0, .refused(code)) }
        guard Self.holds else { return (0, .doesNotHold) }
        return (found, nil)
    }

    /// The root folder is never among those allowed, so it must not open; what the program needs of
    /// `/proc` must.
    private static var holds: Bool {
        let root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let isRefused = root < 0 && errno == EACCES
        if root >= 0 { close(root) }
        let own = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)
        if own >= 0 { close(own) }
        return isRefused && own >= 0
    }

    private func withRules(_ body: (inout csandbox_rules) -> Int32) -> Int32 {
        writable.withUnsafeBufferPointer { writable in
            readable.withUnsafeBufferPointer { readable in
                ports.withUnsafeBufferPointer { ports in
                    var rules = csandbox_rules(
                        writable: writable.baseAddress, writable_count: writable.count,
                        readable: readable.baseAddress, readable_count: readable.count,
                        ports: ports.baseAddress, port_count: ports.count, listens: isListening)
                    return body(&rules)
                }
            }
        }
    }
}
