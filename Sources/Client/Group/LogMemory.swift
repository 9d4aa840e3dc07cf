import Wire

/// What this member had of the room's logs, compared with what the others had when they meet again
/// in the next one.
///
/// A server that is started again begins another log, and some members had heard more of the old one
/// than others. Those tell each other up to where. A member that had heard less is told which
/// messages came after, waits for their authors to say them again, and tells its user of those that
/// do not come. A member that lost nothing is told nothing.
struct LogMemory: Sendable {
    /// Logs remembered: a server that is started again more often within a few minutes is broken.
    static let maximumLogs = 8
    /// The last messages of each log that are remembered by name: ten seconds of a busy room.
    static let maximumMessages = 256
    /// Messages known to be whole here, so that one that is told of is not taken for lost.
    static let maximumKnown = 4096
    /// What was lost is told after this time: by then everybody who tries to connect again is back.
    static let patience: Duration = Backoff.cap + .seconds(5)
    /// What one of many may say is said within so much time for each member …
    static let spread: Duration = .milliseconds(10)
    /// … and this time at most.
    static let maximumSpread: Duration = .seconds(2)

    enum Effect: Equatable, Sendable {
        /// Tell the others what we had heard.
        case state([HeardLog])
        /// Tell those who had heard less what came after.
        case recount(Recount)
        /// Somebody had heard no more than this: what we said after it is to be said again.
        case sayAgain(unheardBy: [HeardLog])
        /// So many messages are lost to us; nil when their number is not known.
        case missed(Int?)
    }

    private struct Log: Sendable {
        let id: LogID
        var since: UInt64
        var last: UInt64 = 0
        /// What came up to here was told of by others, and is settled.
        var settled: UInt64 = 0
        var messages: [(place: UInt64, id: MessageID)] = []
        /// Messages up to this place are not among `messages` any more.
        var forgotten: UInt64 = 0

        var heard: HeardLog { HeardLog(log: id, since: since, last: last) }
        var through: UInt64 { max(since, last, settled) }

        mutating func note(_ message: MessageID, at place: UInt64) {
            last = max(last, place)
            if let end = messages.indices.last, messages[end].id == message {
                messages[end].place = place
                return
            }
            messages.append((place, message))
            if messages.count > maximumMessages { forgotten = messages.removeFirst().place }
        }
    }

    /// Others had heard more than we.
    private struct Behind: Sendable {
        let until: Duration
        /// Logs of which nobody has told us yet what we did not hear.
        var uncounted: Set<LogID> = []
        var lacking: Set<MessageID> = []
        var isUncertain = false

        var isOver: Bool { uncounted.isEmpty && lacking.isEmpty && !isUncertain }
    }

    private struct Owed: Sendable {
        var after: UInt64
        var through: UInt64
        var due: Duration
    }

    /// Oldest first; while we are inside, the last is the current one.
    private var logs: [Log] = []
    /// We came here with others from another room.
    private let cameFromElsewhere: Bool
    /// We were in the current log before, and fell out: that something may be missing was told then.
    private var isBackInLog = false
    /// What is known of the earlier logs, oldest first.
    private var spans: [LogSpan] = []
    /// Those who said what they had heard: each is listened to once.
    private var stated: Set<AttachmentID> = []
    private var known = RecentSet<MessageID>(limit: maximumKnown)
    /// The parts of messages that are not whole yet.
    private var parts: [MessageID: Set<UInt32>] = [:]
    /// Messages of ours that are on their way into the log, by the end of what they were sealed into.
    private var underWay: [ArraySlice<UInt8>: MessageID] = [:]
    private var statesAt: Duration?
    private var owed: [LogID: Owed] = [:]
    private var behind: Behind?

    init(cameFromElsewhere: Bool) { self.cameFromElsewhere = cameFromElsewhere }

    /// Whether we were in the room before its current log began.
    private var isReturning: Bool { logs.count > 1 || cameFromElsewhere }
    private var current: Log? { logs.last }
    private var former: ArraySlice<Log> { logs.dropLast() }

    private func formerLog(_ id: LogID) -> Log? { former.first { $0.id == id } }

    // MARK: The log

    /// We are in the group of a log.
    mutating func enter(_ log: LogID, at place: UInt64) {
        isBackInLog = logs.last?.id == log
        if isBackInLog {
            logs[logs.count - 1].since = place
        } else {
            logs = (logs + [Log(id: log, since: place)]).suffix(Self.maximumLogs)
        }
        spans = former.map { LogSpan($0.heard) }
        stated = []
        parts = [:]
        underWay = [:]
        statesAt = nil
        owed = [:]
        behind = nil
    }

    /// A member said a part of a message.
    mutating func heard(_ part: Content.TextPart, at place: UInt64) {
        guard !logs.isEmpty else { return }
        logs[logs.count - 1].note(part.message, at: place)
        guard part.count > 1 else { return complete(part.message) }
        parts[part.message, default: []].insert(part.index)
        guard parts[part.message]?.count == Int(part.count) else {
            if parts.count > MessageJoiner.maximumHalves { parts = [:] }
            return
        }
        parts[part.message] = nil
        complete(part.message)
    }

    private mutating func complete(_ message: MessageID) {
        known.insert(message)
        behind?.lacking.remove(message)
        if behind?.isOver == true { behind = nil }
    }

    /// A part of a message of ours is on its way.
    mutating func sealed(_ part: Content.TextPart, into payload: [UInt8]) {
        known.insert(part.message)
        if underWay.count >= Outbox.maximumFlights { underWay = [:] }
        underWay[Self.end(of: payload)] = part.message
    }

    /// An entry of ours that everybody can read is in the log.
    mutating func landed(_ payload: [UInt8], at place: UInt64) {
        guard let message = underWay.removeValue(forKey: Self.end(of: payload)), !logs.isEmpty
        else { return }
        logs[logs.count - 1].note(message, at: place)
    }

    /// No two entries end alike: it is what authenticates them.
    private static func end(of payload: [UInt8]) -> ArraySlice<UInt8> { payload.suffix(16) }

    // MARK: What others had

    /// What a newcomer should know.
    var briefing: [LogSpan] {
        guard let current, current.last > 0 else { return spans }
        return spans + [LogSpan(log: current.id, lowest: 0, highest: current.last)]
    }

    /// The member that let us in says what those inside had heard.
    ///
    /// - Parameter delay: how long what others may say, too, is waited with.
    mutating func briefed(_ given: [LogSpan], delay: Duration, now: Duration) -> [Effect] {
        let given = Array(given.suffix(Self.maximumLogs + 1))
        merge(given)
        guard isReturning else { return [] }
        let late = logsHeardFurther(given)
        fallBehind(in: late, now: now)
        let isAhead = former.contains { log in
            log.last > given.first { $0.log == log.id }?.highest ?? 0
        }
        if isAhead || !late.isEmpty { statesAt = now + delay }
        var isUnheard = false
        for span in given {
            guard let own = formerLog(span.log), own.last > span.lowest else { continue }
            isUnheard = true
            guard own.last > span.recounted else { continue }
            owed[span.log] = Owed(after: span.lowest, through: own.last, due: now + delay)
        }
        guard isUnheard else { return [] }
        return [
            .sayAgain(
                unheardBy: given.filter { formerLog($0.log) != nil }.map {
                    HeardLog(log: $0.log, since: 0, last: $0.lowest)
                })
        ]
    }

    /// An earlier member of the room says what it had heard, or when it came into the current log.
    mutating func stated(
        _ given: [HeardLog], by member: AttachmentID, delay: Duration, now: Duration
    ) -> [Effect] {
        guard let current, stated.insert(member).inserted else { return [] }
        let given = Array(given.suffix(Self.maximumLogs + 1))
        let earlier = given.filter { $0.log != current.id }.map(LogSpan.init)
        merge(earlier)
        if isReturning {
            let late = logsHeardFurther(earlier)
            fallBehind(in: late, now: now)
            if !late.isEmpty {
                statesAt = statesAt ?? now + delay
            } else if behind == nil, former.allSatisfy({ $0.last <= highest(of: $0.id) }) {
                // Somebody else has said the same.
                statesAt = nil
            }
        }
        var isUnheard = false
        for heard in given {
            let isCurrent = heard.log == current.id
            guard let own = isCurrent ? current : formerLog(heard.log) else { continue }
            let after = isCurrent ? 0 : heard.through
            let through =
                isCurrent ? own.messages.last { $0.place < heard.since }?.place ?? 0 : own.last
            guard through > after else { continue }
            isUnheard = true
            owe(heard.log, after: after, through: through, due: now + delay)
        }
        return isUnheard ? [.sayAgain(unheardBy: given)] : []
    }

    private mutating func owe(_ log: LogID, after: UInt64, through: UInt64, due: Duration) {
        let earlier = owed[log]
        owed[log] = Owed(
            after: min(earlier?.after ?? after, after),
            through: max(earlier?.through ?? through, through),
            due: min(earlier?.due ?? due, due))
    }

    /// A member tells which messages came after what somebody had heard.
    mutating func recounted(_ recount: Recount) {
        if let mine = owed[recount.log], recount.after <= mine.after,
            recount.through >= mine.through
        {
            owed[recount.log] = nil
        }
        if let index = spans.firstIndex(where: { $0.log == recount.log }),
            recount.after <= spans[index].lowest
        {
            spans[index].recounted = max(spans[index].recounted, recount.through)
        }
        guard behind?.uncounted.contains(recount.log) == true,
            recount.after <= settled(recount.log)
        else { return }
        let messages = recount.messages.prefix(Self.maximumMessages)
        behind?.lacking.formUnion(messages.filter { !known.contains($0) })
        if !recount.isComplete || recount.messages.count > Self.maximumMessages {
            behind?.isUncertain = true
        }
        settle(recount.log, through: recount.through)
        if recount.log == current?.id || recount.through >= highest(of: recount.log) {
            behind?.uncounted.remove(recount.log)
        }
        if behind?.isOver == true { behind = nil }
    }

    private func settled(_ log: LogID) -> UInt64 { formerLog(log)?.through ?? 0 }

    private mutating func settle(_ log: LogID, through: UInt64) {
        guard let index = logs.indices.dropLast().first(where: { logs[$0].id == log }) else {
            return
        }
        logs[index].settled = max(logs[index].settled, through)
    }

    private func highest(of log: LogID) -> UInt64 {
        spans.first { $0.log == log }?.highest ?? 0
    }

    private mutating func merge(_ given: [LogSpan]) {
        let given = given.filter { $0.log != current?.id }
        let merged = given.map { other in
            var span = spans.first { $0.log == other.log } ?? other
            span.merge(other)
            return span
        }
        let others = spans.filter { span in !given.contains { $0.log == span.log } }
        spans = (others + merged).suffix(Self.maximumLogs)
    }

    /// The logs of which others had heard more than we, among them those that we were not in, if we
    /// were in an earlier one.
    private func logsHeardFurther(_ given: [LogSpan]) -> [LogID] {
        let last = given.lastIndex { formerLog($0.log) != nil } ?? -1
        return given.enumerated().compactMap { index, span in
            if span.log == current?.id { return span.highest > 0 && !isBackInLog ? span.log : nil }
            guard let own = formerLog(span.log) else {
                return index > last && span.highest > 0 ? span.log : nil
            }
            return span.highest > own.through ? span.log : nil
        }
    }

    private mutating func fallBehind(in late: [LogID], now: Duration) {
        guard !late.isEmpty else { return }
        if behind == nil { behind = Behind(until: now + Self.patience) }
        behind?.uncounted.formUnion(late)
    }

    // MARK: Time

    var deadline: Duration? {
        ([statesAt, behind?.until].compactMap(\.self) + owed.values.map(\.due)).min()
    }

    mutating func tick(now: Duration) -> [Effect] {
        var effects: [Effect] = []
        if let due = statesAt, now >= due {
            statesAt = nil
            effects.append(.state(statement))
        }
        for (log, mine) in owed where now >= mine.due {
            owed[log] = nil
            if let recount = recount(log, mine) { effects.append(.recount(recount)) }
        }
        if let behind, now >= behind.until {
            self.behind = nil
            for log in behind.uncounted { settle(log, through: highest(of: log)) }
            let isKnown = behind.uncounted.isEmpty && !behind.isUncertain
            effects.append(.missed(isKnown ? behind.lacking.count : nil))
        }
        return effects
    }

    private var statement: [HeardLog] {
        let earlier = spans.compactMap { span in
            formerLog(span.log)?.heard
                ?? (behind?.uncounted.contains(span.log) == true
                    ? HeardLog(log: span.log, since: 0, last: 0) : nil)
        }
        let here = current.map { HeardLog(log: $0.id, since: $0.since, last: 0) }
        return earlier + [here].compactMap(\.self)
    }

    private func recount(_ log: LogID, _ mine: Owed) -> Recount? {
        guard let own = logs.first(where: { $0.id == log }) else { return nil }
        let messages = own.messages.filter { $0.place > mine.after && $0.place <= mine.through }
        return Recount(
            log: log, after: mine.after, through: mine.through,
            isComplete: mine.after >= own.forgotten, messages: messages.map(\.id))
    }
}
