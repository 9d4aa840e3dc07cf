/// What was cut, newest last. Cuts that follow each other become one.
struct KillRing: Hashable, Sendable {
    private var cuts: [[EditBuffer.Unit]] = []
    /// Which one was put back last, from the newest on.
    private var turn = 0

    /// Cuts that are remembered.
    private static let maximum = 30

    enum Direction { case backward, forward }

    mutating func add(_ units: [EditBuffer.Unit], _ direction: Direction, joining: Bool) {
        guard !units.isEmpty else { return }
        turn = 0
        if joining, let last = cuts.popLast() {
            cuts.append(direction == .forward ? last + units : units + last)
        } else {
            cuts.append(units)
            if cuts.count > Self.maximum { cuts.removeFirst() }
        }
    }

    /// The newest.
    mutating func newest() -> [EditBuffer.Unit]? {
        turn = 0
        return cuts.last
    }

    /// The one before the one that was given last, around.
    mutating func previous() -> [EditBuffer.Unit]? {
        guard !cuts.isEmpty else { return nil }
        turn = (turn + 1) % cuts.count
        return cuts[cuts.count - 1 - turn]
    }
}
