import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the operating system says about the servers: from `/proc`, so on Linux only.
struct ProcessFigures {
    let pids: [Int]

    /// Seconds of CPU that all threads used so far, in user mode and in the kernel.
    var cpu: Double {
        pids.reduce(0) { sum, pid in
            guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { return sum }
            let fields = text[text.index(after: end)...].split(separator: " ")
            guard fields.count > 12, let user = Double(fields[11]), let kernel = Double(fields[12])
            else { return sum }
            return sum + (user + kernel) / Self.ticks
        }
    }

    /// A line of `/proc/PID/status`, such as `VmRSS`, in KiB.
    func memory(_ name: String) -> Int {
        pids.reduce(0) { sum, pid in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
            return sum + (line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0)
        }
    }

    /// Seconds of CPU of this process.
    static var ownCPU: Double {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    /// Seconds that all cores of the machine were busy.
    static var machineBusy: Double {
        let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
        let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().compactMap {
            Double($0)
        }
        guard fields.count > 6 else { return 0 }
        return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / ticks
    }

    private static let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))

    /// Allows this process as many descriptors as its hard limit lets it.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
    }
}

/// Figures of a stretch of time, from its beginning to now.
struct Stretch {
    private let figures: ProcessFigures
    private let start = ContinuousClock.now
    private let serverCPU: Double
    private let ownCPU = ProcessFigures.ownCPU
    private let machineBusy = ProcessFigures.machineBusy

    init(_ figures: ProcessFigures) {
        self.figures = figures
        serverCPU = figures.cpu
    }

    struct Result {
        var seconds: Double
        var server: Double
        var own: Double
        /// CPU of everybody else on the machine: noise. Rough, since the kernel counts it by ticks.
        var others: Double
    }

    func end() -> Result {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let server = figures.cpu - serverCPU
        let own = ProcessFigures.ownCPU - ownCPU
        let others = ProcessFigures.machineBusy - machineBusy - server - own
        return Result(seconds: seconds, server: server, own: own, others: others)
    }
}
