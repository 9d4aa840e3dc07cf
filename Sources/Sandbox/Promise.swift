/// What the kernel keeps of a promise, and why not all of it.
package struct Promise: Equatable, Sendable {
    package struct Parts: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Files outside the folders named cannot be opened, made, changed, moved or deleted.
        package static let files = Parts(rawValue: 1)
        /// TCP connects to the ports named only, and there is no other network.
        package static let ports = Parts(rawValue: 2)
        /// No program can be run, no process reached, no other kind of socket made; modes, owners,
        /// times and attributes of files stay as they are.
        package static let calls = Parts(rawValue: 4)

        package static let all: Parts = [.files, .ports, .calls]
    }

    /// Why the kernel does not keep all.
    package enum Reason: Equatable, Sendable {
        /// The person does not want it.
        case unwanted
        /// A system other than Linux.
        case otherSystem
        /// The kernel has no Landlock, or it is switched off.
        case noLandlock
        /// This version of Landlock is too old to limit ports.
        case oldLandlock(Int)
        /// The kernel has no filter for system calls, or this is a processor unknown here.
        case noFilter
        /// Nobody can say how many threads there are.
        case noProcesses
        /// So many threads ran already; those would have stayed free.
        case threads(Int)
        /// The kernel refused with an error number.
        case refused(Int32)
        /// What should be refused afterwards was not.
        case doesNotHold

        /// Part of a sentence.
        package var clause: String {
            switch self {
            case .unwanted: "as --no-sandbox asks"
            case .otherSystem: "this system has no way to, that this version knows"
            case .noLandlock: "this kernel has no Landlock, or it is switched off"
            case .oldLandlock: "this kernel is too old to limit ports"
            case .noFilter: "this kernel cannot filter system calls here"
            case .noProcesses: "/proc is not there, and nothing works without it"
            case .threads: "something had started threads before"
            case .refused(let code): "the kernel refused, with error \(code)"
            case .doesNotHold: "the kernel said yes and did not do it"
            }
        }
    }

    package var parts: Parts
    package var reason: Reason?

    package init(parts: Parts = [], reason: Reason? = nil) {
        self.parts = parts
        self.reason = reason
    }

    package var isKeptByKernel: Bool { parts == .all }

    /// Adds what a version of Landlock gives, beside the filter of calls if that is in force.
    mutating func add(landlock version: Int32) {
        guard version > 0 else { return }
        // Older versions let files elsewhere be cut; the filter does not.
        if version >= 3 || parts.contains(.calls) { parts.insert(.files) }
        // Ports are of TCP alone; without the filter there are other ways out.
        if version >= 4, parts.contains(.calls) { parts.insert(.ports) }
        if version < 4, reason == nil { reason = .oldLandlock(Int(version)) }
    }
}
