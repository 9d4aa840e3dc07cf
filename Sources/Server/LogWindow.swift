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

    /// What an entry takes besides its frame's buffer, with the window's spare places (measured):
    /// small ones are mostly this.
    private static let entryCost = 200
    /// What the number of an entry that is gone takes, with spare places.
    private static let goneCost = 12
    /// Spare places that are kept; more are given back.
    private static let sparePlaces = 64

    private var entries = CircularBuffer<Kept>(initialCapacity: 4)
    /// The last commit, once everything of its age is gone.
    private var oldCommit: LogEntry?
    /// Whether the last commit is among `entries`; then an older one need not be kept.
    private var commitsInside = 0
    /// Numbers of entries that are gone, ascending.
    private var gone = CircularBuffer<UInt64>(initialCapacity: 0)
    /// Entries up to here were let go of, the last commit perhaps not.
    private(set) var goneThrough: UInt64 = 0
    /// Entries up to here may be gone without their number being kept.
    private var goneUncounted: UInt64 = 0
    /// Bytes of all entries kept, as frames.
    private(set) var bytes = 0
    /// Bytes of the buffers that hold them, which are larger.
    private var bufferBytes = 0

    /// Bytes that all this takes, about.
    var cost: Int { entriesCost + gone.count * Self.goneCost }

    private var entriesCost: Int { bufferBytes + count * Self.entryCost }

    /// What one more entry takes, about.
    static func cost(ofPayload size: Int) -> Int {
        FrameEncoder.entryBuffer(payload: size) + entryCost
    }

    /// Places that its collections have, spare ones included.
    var places: Int { entries.capacity + gone.capacity }

    var count: Int { entries.count + (oldCommit == nil ? 0 : 1) }
    /// When the oldest entry that may go was appended.
    var oldestTime: NIODeadline? { entries.first?.time }

    mutating func append(_ entry: LogEntry, now: NIODeadline, numbersKept: Int) {
        entries.append(Kept(entry: entry, time: now))
        count(entry, 1)
        guard entry.kind == .commit else { return }
        commitsInside += 1
        _ = dropOldCommit(numbersKept: numbersKept)
    }

    private mutating func count(_ entry: LogEntry, _ sign: Int) {
        bytes += sign * entry.frame.readableBytes
        bufferBytes += sign * entry.frame.storageCapacity
    }

    /// Lets the oldest go of what takes the most: an entry, or the number of one that is gone; the
    /// last commit when there is nothing else. False when nothing is left.
    mutating func forgetOldest(numbersKept: Int) -> Bool {
        if gone.count * Self.goneCost > entriesCost, let forgotten = gone.popFirst() {
            goneUncounted = forgotten
            return true
        }
        return evictOldest(numbersKept: numbersKept) || dropOldCommit(numbersKept: numbersKept)
    }

    private mutating func dropOldCommit(numbersKept: Int) -> Bool {
        guard let old = oldCommit else { return false }
        oldCommit = nil
        count(old, -1)
        insertGone(old.sequence, limit: numbersKept)
        return true
    }

    /// Gives back places that a burst of entries took.
    mutating func compact() {
        if entries.capacity > max(Self.sparePlaces, 4 * entries.count) {
            entries = entries.compacted()
        }
        if gone.capacity > max(Self.sparePlaces, 4 * gone.count) { gone = gone.compacted() }
    }

    /// Lets the oldest entry go. False when there is none that may.
    mutating func evictOldest(numbersKept: Int) -> Bool {
        guard let oldest = entries.popFirst()?.entry else { return false }
        goneThrough = oldest.sequence
        if oldest.kind == .commit { commitsInside -= 1 }
        if oldest.kind == .commit && commitsInside == 0 {
            oldCommit = oldest
        } else {
            count(oldest, -1)
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
    /// The same elements without spare places.
    func compacted() -> CircularBuffer {
        var copy = CircularBuffer(initialCapacity: count + 1)
        copy.append(contentsOf: self)
        return copy
    }

    fileprivate subscript(offset offset: Int) -> Element {
        self[index(startIndex, offsetBy: offset)]
    }
}
