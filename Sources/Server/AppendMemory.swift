import NIOCore
import Wire

/// The ids of recent appends and the numbers they got.
struct AppendMemory {
    private struct Remembered {
        var id: AppendID
        var time: NIODeadline
    }

    /// What an id takes in both collections, with their spare places (measured).
    static let idCost = 96
    /// Spare places that are kept; more are given back.
    private static let sparePlaces = 64

    private var sequences: [AppendID: UInt64] = [:]
    private var order = CircularBuffer<Remembered>(initialCapacity: 4)

    /// Bytes that all this takes, about.
    var cost: Int { order.count * Self.idCost }

    /// Places that its list has, spare ones included.
    var places: Int { order.capacity }

    /// The number that an append under this id got, if that was less than `lifetime` ago.
    mutating func sequence(
        of id: AppendID, now: NIODeadline, lifetime: TimeAmount
    ) -> UInt64? {
        forget(now: now, lifetime: lifetime)
        return sequences[id]
    }

    mutating func remember(
        _ id: AppendID, sequence: UInt64, now: NIODeadline, lifetime: TimeAmount, limit: Int
    ) {
        sequences[id] = sequence
        order.append(Remembered(id: id, time: now))
        while order.count > limit, forgetOldest() {}
    }

    /// Lets the oldest id go. False when there is none.
    mutating func forgetOldest() -> Bool {
        guard let oldest = order.popFirst() else { return false }
        sequences[oldest.id] = nil
        return true
    }

    /// Gives back places that a burst of ids took.
    mutating func compact() {
        guard order.capacity > max(Self.sparePlaces, 4 * order.count) else { return }
        order = order.compacted()
        var kept: [AppendID: UInt64] = Dictionary(minimumCapacity: sequences.count)
        kept.merge(sequences) { first, _ in first }
        sequences = kept
    }

    /// Lets go of what is older than `lifetime`.
    mutating func forget(now: NIODeadline, lifetime: TimeAmount) {
        while let oldest = order.first, now - oldest.time > lifetime {
            _ = forgetOldest()
        }
    }
}
