import Wire

/// Puts the parts of long messages together, whoever sends them and whatever they send.
struct MessageJoiner: Sendable {
    /// Bytes of a message: beyond it, a file is the better way.
    static let maximumMessage = 16 << 20
    /// Parts of a message: four times as many as ours would need.
    static let maximumParts: UInt32 = 2048
    /// Messages begun by one attachment: ours begin one at a time.
    static let maximumPerSender = 4
    /// Messages begun in all: the oldest gives way.
    static let maximumHalves = 1024
    /// Bytes of all messages begun: four of the longest.
    static let maximumBytes = 64 << 20
    /// What keeping a part costs besides its bytes, so that small ones are not free.
    static let partCost = 64

    private struct Half: Sendable {
        var count: UInt32
        var parts: [UInt32: [UInt8]] = [:]
        var bytes = 0
        var begun: UInt64

        /// Bytes of memory.
        var cost: Int { bytes + parts.count * MessageJoiner.partCost }
    }

    private struct Name: Hashable, Sendable {
        var sender: AttachmentID
        var message: MessageID
    }

    private var halves: [Name: Half] = [:]
    private var bytes = 0
    private var clock: UInt64 = 0

    /// Bytes of memory held for messages that are not whole.
    var bytesHeld: Int { bytes }
    var halfCount: Int { halves.count }

    /// Adds a part.
    ///
    /// - Returns: the whole message when this was the last part missing.
    mutating func add(_ part: Content.TextPart, from sender: AttachmentID) -> [UInt8]? {
        guard part.count <= Self.maximumParts else { return nil }
        if part.count == 1 { return part.bytes }
        let name = Name(sender: sender, message: part.message)
        var half = halves.removeValue(forKey: name) ?? newHalf(count: part.count)
        bytes -= half.cost
        // A part that contradicts the others makes the message worthless.
        guard half.count == part.count, half.parts[part.index].map({ $0 == part.bytes }) ?? true
        else { return nil }
        if half.parts.updateValue(part.bytes, forKey: part.index) == nil {
            half.bytes += part.bytes.count
        }
        guard half.bytes <= Self.maximumMessage else { return nil }
        if half.parts.count == Int(half.count) { return Self.join(half) }
        bytes += half.cost
        halves[name] = half
        makeRoom(for: sender)
        return nil
    }

    private mutating func newHalf(count: UInt32) -> Half {
        clock += 1
        return Half(count: count, begun: clock)
    }

    private static func join(_ half: Half) -> [UInt8] {
        var whole: [UInt8] = []
        whole.reserveCapacity(half.bytes)
        for index in 0..<half.count { whole += half.parts[index] ?? [] }
        return whole
    }

    private mutating func makeRoom(for sender: AttachmentID) {
        let own = halves.lazy.filter { $0.key.sender == sender }
        if own.count > Self.maximumPerSender {
            drop(own.min { $0.value.begun < $1.value.begun }?.key)
        }
        while halves.count > Self.maximumHalves || bytes > Self.maximumBytes {
            drop(halves.min { $0.value.begun < $1.value.begun }?.key)
        }
    }

    private mutating func drop(_ name: Name?) {
        guard let name, let half = halves.removeValue(forKey: name) else { return }
        bytes -= half.cost
    }

    /// Forgets what somebody who is gone began.
    mutating func drop(sender: AttachmentID) {
        for name in halves.keys where name.sender == sender { drop(name) }
    }

    mutating func dropAll() {
        halves = [:]
        bytes = 0
    }
}
