import Foundation
import NIOCore
import NIOPosix

/// Carries out one mode from the main thread: asks the driver on its loop, waits, reads figures.
struct Run {
    private let options: Options
    private let figures: ProcessFigures
    private let loop: any EventLoop
    private let driver: NIOLoopBound<Driver>
    private let memoryBefore: Int

    init(options: Options) throws {
        self.options = options
        figures = ProcessFigures(pids: options.pids)
        memoryBefore = figures.memory("VmRSS")
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        driver = try loop.submit {
            NIOLoopBound(try Driver(options: options, loop: loop), eventLoop: loop)
        }.wait()
    }

    private func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (Driver) -> Answer
    ) throws -> Answer {
        try loop.submit { [driver] in body(driver.value) }.wait()
    }

    private func report(_ mode: String) -> Report {
        var report = Report()
        report.add("tag", options.tag)
        report.add("proto", "chatbox")
        report.add("tls", 1)
        report.add("mode", mode)
        return report
    }

    // MARK: Everybody comes

    /// How long all members together may take to attach.
    private static let patience = TimeAmount.seconds(240)

    /// Attaches all members of all rooms, a few at a time; rooms fill side by side.
    private func fillRooms() throws {
        let total = options.rooms * options.roomSize
        try open(total) { number, options in
            let within = number / options.rooms
            let slot = options.pubs > 0 ? within - options.members : within
            return (number % options.rooms, slot < 0 ? nil : UInt32(slot))
        }
        let running = try ask { $0.counts.running }
        guard running == total else { throw Incomplete(attached: running, wanted: total) }
    }

    /// Opens so many connections, `par` at a time, and returns when all have settled.
    private func open(
        _ total: Int, place: @escaping @Sendable (Int, Options) -> (room: Int, slot: UInt32?)
    ) throws {
        let done = loop.makePromise(of: Void.self)
        let options = options
        try ask { driver in
            var opened = 0
            driver.whenSettled = {
                let settled = driver.counts.running + driver.counts.dead
                while opened < total, opened - settled < options.par {
                    let (room, slot) = place(opened, options)
                    driver.open(room: room, slot: slot, number: opened)
                    opened += 1
                }
                if settled == total {
                    driver.whenSettled = {}
                    done.succeed()
                }
            }
            driver.whenSettled()
        }
        let late = loop.scheduleTask(in: Self.patience) {
            done.fail(ChannelError.connectTimeout(Self.patience))
        }
        try done.futureResult.wait()
        late.cancel()
    }

    // MARK: Modes

    func load() throws -> String {
        try fillRooms()
        Thread.sleep(forTimeInterval: options.settle)
        try ask { $0.startLoad() }
        Thread.sleep(forTimeInterval: options.warm)
        let before = try ask { driver in
            driver.measures = true
            return driver.counts
        }
        let stretch = Stretch(figures)
        Thread.sleep(forTimeInterval: options.time)
        let result = stretch.end()
        let after = try ask { driver in
            driver.measures = false
            driver.stopLoad()
            return driver.counts
        }
        try drain()
        let final = try ask { $0.counts }
        let histogram = try ask { $0.histogram }
        let deliveries = after.delivered - before.delivered
        var report = report("load")
        for (name, value) in [
            ("rooms", options.rooms), ("members", options.members), ("pubs", options.pubs),
            ("size", options.size), ("window", options.window), ("joined", final.running),
            ("dead", final.dead), ("total_sent", final.said),
            ("expected", final.said * options.fan),
            ("delivered", final.delivered), ("gaps", final.gaps), ("dups", final.duplicates),
            ("errs", final.complaints), ("rss", figures.memory("VmRSS")),
            ("hwm", figures.memory("VmHWM")),
        ] { report.add(name, value) }
        report.add("rate", options.rate, digits: 0)
        report.add("secs", result.seconds)
        report.add("sent_s", Double(after.said - before.said) / result.seconds, digits: 0)
        report.add("deliv_s", Double(deliveries) / result.seconds, digits: 0)
        report.add("srv_cpu", result.server)
        report.add("us_per_deliv", result.server * 1e6 / Double(max(1, deliveries)))
        report.add("gen_cpu", result.own)
        report.add("other_cpu", result.others)
        for (name, part) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)] {
            report.add(name, histogram.quantile(part), digits: 1)
        }
        return report.line
    }

    /// Waits for what is still under way, as long as more of it comes.
    private func drain() throws {
        var last = -1
        var quiet = 0
        while quiet < 500 {
            let counts = try ask { $0.counts }
            guard counts.delivered < counts.said * options.fan else { return }
            quiet = counts.delivered == last ? quiet + 1 : 0
            last = counts.delivered
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    func idle() throws -> String {
        let coming = Stretch(figures)
        try fillRooms()
        let came = coming.end()
        Thread.sleep(forTimeInterval: options.settle)
        let stretch = Stretch(figures)
        let clock = ContinuousClock.now
        while clock.duration(to: .now) < .seconds(options.hold) {
            Thread.sleep(forTimeInterval: min(15, options.hold))
            if options.hold > 15 { try ask { for member in $0.members { member.ping() } } }
        }
        let result = stretch.end()
        let memory = figures.memory("VmRSS")
        let total = options.rooms * options.roomSize
        var report = report("idle")
        report.add("conns", total)
        report.add("joined", try ask { $0.counts.running })
        report.add("rss0", memoryBefore)
        report.add("rss1", memory)
        report.add("hwm", figures.memory("VmHWM"))
        report.add("kib_per_conn", Double(memory - memoryBefore) / Double(total), digits: 2)
        report.add("conn_wall", came.seconds, digits: 2)
        report.add("conn_cpu", came.server, digits: 2)
        report.add("idle_cpu_pct", result.server * 100 / options.hold, digits: 2)
        report.add("other_cpu", result.others, digits: 2)
        return report.line
    }

    /// Connections that attach, leave in good order and are closed.
    func churn() throws -> String {
        let stretch = Stretch(figures)
        let done = loop.makePromise(of: Void.self)
        let options = options
        try ask { driver in
            var opened = 0
            var running = 0
            driver.whenSettled = {
                if driver.counts.running > running {
                    running = driver.counts.running
                    for member in driver.members where member.state == .running { member.leave() }
                }
                let settled = driver.counts.left + driver.counts.dead
                while opened < options.churn, opened - settled < options.par {
                    opened += 1
                    driver.open(room: opened % options.rooms, slot: nil, number: opened)
                }
                driver.forgetMembers()
                if settled == options.churn { done.succeed() }
            }
            driver.whenSettled()
        }
        let late = loop.scheduleTask(in: .seconds(120)) { done.succeed() }
        try done.futureResult.wait()
        late.cancel()
        let result = stretch.end()
        let counts = try ask { $0.counts }
        var report = report("churn")
        report.add("conns", counts.left)
        report.add("failed", counts.dead)
        report.add("wall", result.seconds)
        report.add("srv_cpu", result.server)
        report.add("per_cpu_s", Double(counts.left) / max(result.server, 0.01), digits: 0)
        report.add("us_per_conn", result.server * 1e6 / Double(max(1, counts.left)), digits: 1)
        report.add("gen_cpu", result.own, digits: 2)
        report.add("other_cpu", result.others, digits: 2)
        report.add("rss0", memoryBefore)
        report.add("rss1", figures.memory("VmRSS"))
        return report.line
    }
}

/// Figures of a part of what was asked for would be compared with figures of all of it.
struct Incomplete: Error, CustomStringConvertible {
    var attached: Int
    var wanted: Int
    var description: String { "only \(attached) of \(wanted) attached; -v says why" }
}
