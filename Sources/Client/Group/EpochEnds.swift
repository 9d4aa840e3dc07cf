/// When past epochs ended, and so how long their messages can be opened.
///
/// Keys go by what a member has heard, not by its clock alone: while its line is silent or its
/// process stands still, messages that were said in time wait for it. A member that has heard
/// everything up to `kept` after the end of an epoch drops its keys. So an entry that others cannot
/// open came into the log more than `kept` after that end. A sender, for whom the end was after the
/// last moment that it has heard everything of, can tell.
struct EpochEnds: Sendable {
    /// Epochs whose messages can be opened, so that what crosses with commits is not lost: four
    /// seconds of a storm of newcomers. What comes later still is said again by its sender.
    static let readableCount = 16
    /// And for so long. A server takes what a cut-off line still holds for a minute after the last
    /// whole frame, and a client notices after 45 s.
    static let kept: Duration = .seconds(120)
    /// Our own entry that comes later than this, as far as we can tell, is said again. The rest of
    /// `kept` is for a server that passes on answers sooner than entries.
    static let sure: Duration = .seconds(60)
    /// And no longer than this by the clock, so that who is away does not keep old keys for ever: as
    /// long as a server keeps entries.
    static let longest: Duration = .seconds(300)

    private struct End: Sendable {
        var epoch: UInt64
        /// When we had heard everything that was said, and were in it still.
        var notBefore: Duration
        /// When we saw it end.
        var seen: Duration
    }

    /// Oldest first.
    private var ends: [End] = []

    /// When keys are to be dropped though nothing comes.
    var deadline: Duration? { ends.first.map { $0.seen + Self.longest } }

    mutating func add(_ epoch: UInt64, notBefore: Duration, seen: Duration) {
        ends.append(End(epoch: epoch, notBefore: notBefore, seen: seen))
        if ends.count > Self.readableCount { ends.removeFirst() }
    }

    /// Whether all others can open a message of a past epoch that comes into the log only now.
    func canBeRead(_ epoch: UInt64, now: Duration) -> Bool {
        guard let end = ends.first(where: { $0.epoch == epoch }) else { return false }
        return now - end.notBefore < Self.sure
    }

    /// Lets time pass.
    ///
    /// - Returns: the first epoch whose keys are kept, when those of others are to be dropped.
    mutating func expire(heardThrough: Duration, now: Duration) -> UInt64? {
        let expired = ends.prefix {
            heardThrough - $0.seen >= Self.kept || now - $0.seen >= Self.longest
        }
        ends.removeFirst(expired.count)
        return expired.last.map { $0.epoch + 1 }
    }
}
