import Foundation

/// What something took.
struct Figures {
    var seconds: Double
    /// Of this process, all clients together.
    var clientCPU: Double
    var serverCPU: Double
    /// That the server wrote.
    var mebibytes: Double

    static func measure(server pid: Int32, _ body: () async throws -> Void) async throws -> Figures
    {
        let clock = ContinuousClock()
        let (cpu, server, bytes) = (ownCPU(), serverCPU(pid), written(pid))
        let elapsed = try await clock.measure { try await body() }
        return Figures(
            seconds: elapsed / .seconds(1), clientCPU: ownCPU() - cpu,
            serverCPU: serverCPU(pid) - server, mebibytes: (written(pid) - bytes) / 1_048_576)
    }

    private static func ownCPU() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// User and system time by `/proc`; its ticks are hundredths of a second.
    private static func serverCPU(_ pid: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return .nan }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else { return .nan }
        return (user + system) / 100
    }

    /// Bytes written, sockets included.
    private static func written(_ pid: Int32) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/io", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("wchar: ") {
            return Double(line.dropFirst("wchar: ".count)) ?? .nan
        }
        return .nan
    }
}
