import NIOCore
import Wire

/// The entries of a log that are kept, oldest first, and the numbers of those that are gone.
///
/// The last commit is kept when its time has come: it moves to a place of its own before the
/// window.
struct LogWindow {
    private struct Kept {
        var entry: LogEntry
        var time: NIODeadline
    }

    /// What an entry takes besides its frame's bytes: small ones are mostly this.
    private static let entryCost = 160

    private var entries = CircularBuffer<Kept>(initialCapacity: 4)
    /// The last commit, once everything of its age is gone.
    private var oldCommit: LogEntry?
    /// Whether the last commit is among `entries`; then an older one need not be kept.
    private var commitsInside = 0
    /// Numbers of entries that are gone, ascending.
    private var gone = CircularBuffer<UInt64>(initialCapacity: 0)
    /// Entries up to here may be gone without their number being kept.
    private var goneUncounted: UInt64 = 0
    /// Bytes of all entries kept, as frames.
    private(set) var bytes = 0

    /// Bytes that all this takes, about.
    var cost: Int {
        bytes + count * Self.entryCost + gone.count * MemoryLayout<UInt64>.stride
    }

    var count: Int { entries.count + (oldCommit == nil ? 0 : 1) }
    /// When the oldest entry that may go was appended.
    var oldestTime: NIODeadline? { entries.first?.time }

    mutating func append(_ entry: LogEntry, now: NIODeadline, numbersKept: Int) {
        entries.append(Kept(entry: entry, time: now))
        bytes += entry.frame.readableBytes
        guard entry.kind == .commit else { return }
        commitsInside += 1
        guard let old = oldCommit else { return }
        oldCommit = nil
        bytes -= old.frame.readableBytes
        insertGone(old.sequence, limit: numbersKept)
    }

    /// Lets the oldest entry go. False when there is none that may.
    mutating func evictOldest(numbersKept: Int) -> Bool {
        guard let oldest = entries.popFirst()?.entry else { return false }
        if oldest.kind == .commit { commitsInside -= 1 }
        if oldest.kind == .commit && commitsInside == 0 {
            oldCommit = oldest
        } else {
            bytes -= oldest.frame.readableBytes
            noteGone(oldest.sequence, limit: numbersKept)
        }
        return true
    }

    private mutating func noteGone(_ sequence: UInt64, limit: Int) {
        gone.append(sequence)
        while gone.count > limit, let forgotten = gone.popFirst() { goneUncounted = forgotten }
    }

    /// A commit that was kept beyond its time goes when a newer one comes: its number belongs
    /// before those of entries that went in between.
    private mutating func insertGone(_ sequence: UInt64, limit: Int) {
        guard sequence > goneUncounted else { return }
        var later: [UInt64] = []
        while let last = gone.last, last > sequence {
            later.append(last)
            gone.removeLast()
        }
        noteGone(sequence, limit: .max)
        for number in later.reversed() { noteGone(number, limit: limit) }
    }

    /// What came after `sequence`, with a gap wherever entries are gone.
    func items(after sequence: UInt64) -> [LogRead.Item] {
        var items: [LogRead.Item] = []
        items.reserveCapacity(entries.count + 3)
        var position = sequence
        if let commit = oldCommit, commit.sequence > position {
            appendGap(after: position, before: commit.sequence, to: &items)
            items.append(.entry(commit))
            position = commit.sequence
        }
        appendGap(after: position, before: entries.first?.entry.sequence ?? .max, to: &items)
        for kept in entries.dropFirst(firstIndex(after: position)) {
            items.append(.entry(kept.entry))
        }
        return items
    }

    /// How many of `entries` are at or before `sequence`.
    private func firstIndex(after sequence: UInt64) -> Int {
        Self.partition(entries.count) { entries[offset: $0].entry.sequence <= sequence }
    }

    private func appendGap(
        after low: UInt64, before high: UInt64, to items: inout [LogRead.Item]
    ) {
        let first = Self.partition(gone.count) { gone[offset: $0] <= low }
        let end = Self.partition(gone.count) { gone[offset: $0] < high }
        let known = low >= goneUncounted
        if end > first {
            items.append(
                .gap(
                    through: gone[offset: end - 1],
                    count: known ? UInt32(clamping: end - first) : nil))
        } else if !known && high - low > 1 {
            items.append(.gap(through: min(goneUncounted, high - 1), count: nil))
        }
    }

    /// The first of `count` indices for which `isBefore` is false.
    private static func partition(_ count: Int, _ isBefore: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension CircularBuffer {
    fileprivate subscript(offset offset: Int) -> Element {
        self[index(startIndex, offsetBy: offset)]
    }
}
