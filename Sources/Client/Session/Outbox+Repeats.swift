import Wire

/// What the server acknowledged in an earlier log, and is said again.
extension Outbox {
    /// Queues messages once more: ahead of what waits, if nothing of that is under way.
    mutating func enqueueAgain(_ messages: [SaidMemory.Message]) {
        let waiting = Set(
            units.compactMap { unit -> MessageID? in
                guard case .text(let id, _, _) = unit.load, unit.isRepeat else { return nil }
                return id
            })
        let repeats = messages.filter { !waiting.contains($0.id) }
        let later = Array(units)
        let mayOvertake = later.allSatisfy { $0.next == 0 }
        if mayOvertake { dropUnits() }
        for message in repeats {
            enqueue(.text(message.id, message.style, message.bytes), isRepeat: true)
        }
        guard mayOvertake else { return }
        for unit in later { enqueue(unit.load, isRepeat: unit.isRepeat) }
    }

    /// The message of a part, if it is said again.
    func repeated(_ part: Part) -> MessageID? {
        guard let unit = unit(part.unit), unit.isRepeat, case .text(let id, _, _) = unit.load
        else { return nil }
        return id
    }
}
