import Synchronization
import Wire

@testable import Client

/// What a group is told to do besides, and what it saw.
final class PlainScript: Sendable {
    struct State {
        var needsApproval = false
        /// So many of our own entries of words are called unreadable for others.
        var sayAgain = 0
        /// What entries passed, by log.
        var passed: [LogID: [UInt64]] = [:]
        var log: LogID?
        /// An entry came twice, or after a later one.
        var isOutOfOrder = false
    }

    private let state: Mutex<State>

    init(_ change: (inout State) -> Void = { _ in }) {
        var initial = State()
        change(&initial)
        state = Mutex(initial)
    }

    var current: State { state.withLock { $0 } }

    func change<Result>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }
}

/// A plain group that a test can look into.
final class ScriptedGroup: PlainGroup {
    private let script: PlainScript

    init(_ setting: GroupSetting, script: PlainScript) {
        self.script = script
        super.init(setting, needsApproval: script.current.needsApproval)
    }

    override func attached(_ attached: ServerFrame.Attached, now: Duration) -> [GroupStep] {
        script.change { $0.log = attached.position.log }
        return super.attached(attached, now: now)
    }

    override func entry(_ entry: LogEntry, now: Duration) -> [GroupStep] {
        let isToBeSaidAgain = script.change { script in
            guard let log = script.log else { return false }
            if let last = script.passed[log]?.last, last >= entry.sequence {
                script.isOutOfOrder = true
            }
            script.passed[log, default: []].append(entry.sequence)
            guard entry.isOwn, isWords(entry), script.sayAgain > 0 else { return false }
            script.sayAgain -= 1
            return true
        }
        return super.entry(entry, now: now) + (isToBeSaidAgain ? [.sayAgain] : [])
    }
}
