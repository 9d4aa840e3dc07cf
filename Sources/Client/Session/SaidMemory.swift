import Wire

/// The last messages of this client that the server has acknowledged.
///
/// A server that is started again has forgotten them, and some members may not have heard them yet;
/// these are said again for those. Nobody hears it who was not meant to when it was said first.
struct SaidMemory: Sendable {
    /// As long as a server keeps entries for those who come back.
    static let time: Duration = .seconds(300)
    /// Messages kept: the last of a busy minute.
    static let maximumMessages = 256
    /// Bytes of their texts: a longer one is not kept.
    static let maximumBytes = 1 << 20
    /// One message is said again so often at most: nobody makes us say it without end.
    static let maximumRepeats = 4

    struct Message: Sendable {
        let id: MessageID
        let style: Content.Style
        let bytes: [UInt8]
        /// Identity keys of those who were there, and of those who were waited for.
        let audience: Set<[UInt8]>
        let time: Duration
        /// Where it stands in which log.
        var places: [LogID: UInt64]
        var repeats = 0
    }

    private var messages = Queue<Message>()
    private var bytes = 0

    /// A message is in a log; perhaps again.
    mutating func keep(
        _ decided: Outbox.Decided, in log: LogID, audience: Set<[UInt8]>,
        now: Duration
    ) {
        if let index = index(of: decided.message) {
            messages[index].places[log] = decided.places.max()
            return
        }
        guard decided.bytes.count <= Self.maximumBytes else { return }
        messages.append(
            Message(
                id: decided.message, style: decided.style, bytes: decided.bytes,
                audience: audience, time: now, places: [log: decided.places.max() ?? 0]))
        bytes += decided.bytes.count
        prune(now: now)
    }

    private mutating func prune(now: Duration) {
        while let first = messages.first,
            messages.count > Self.maximumMessages || bytes > Self.maximumBytes
                || now - first.time > Self.time
        {
            bytes -= first.bytes.count
            messages.popFirst()
        }
    }

    private func index(of message: MessageID) -> Int? {
        (0..<messages.count).last { messages[$0].id == message }
    }

    /// Whether a message may be said to these people.
    func isFor(_ people: Set<[UInt8]>, _ message: MessageID) -> Bool {
        index(of: message).map { people.isSubset(of: messages[$0].audience) } ?? false
    }

    /// What somebody did not hear, to be said again.
    ///
    /// - Parameter current: the log in which it is said again; of it somebody heard all from when
    ///   they came in, of another log all up to some place.
    mutating func takeUnheard(
        by heard: [HeardLog], in current: LogID, now: Duration
    ) -> [Message] {
        prune(now: now)
        return (0..<messages.count).compactMap { index in
            guard messages[index].repeats < Self.maximumRepeats,
                Self.isUnheard(messages[index], by: heard, in: current)
            else { return nil }
            messages[index].repeats += 1
            return messages[index]
        }
    }

    private static func isUnheard(
        _ message: Message, by heard: [HeardLog], in current: LogID
    ) -> Bool {
        let verdicts = message.places.compactMap { log, place -> Bool? in
            heard.first { $0.log == log }.map {
                log == current ? place < $0.since : place > $0.through
            }
        }
        return !verdicts.isEmpty && !verdicts.contains(false)
    }
}
