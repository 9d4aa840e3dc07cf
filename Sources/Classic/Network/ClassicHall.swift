import NIOCore

/// Everybody who is connected to a server. Confined to the server's event loop.
///
/// A client that reads slowly holds everybody up, as it does in a Python program whose `sendall`
/// waits: nobody is read from until it has read, or its time is over. So nothing grows.
final class ClassicHall {
    let number: UInt8
    private let limits: ClassicServer.Limits
    private let loop: any EventLoop
    private let report: (ClassicServer.Event) -> Void
    private var guests: [ObjectIdentifier: ClassicGuest] = [:]
    /// Those who left while nobody could be read from: what they said is still passed on.
    private var departed: [ClassicGuest] = []
    /// Those for whom too much waits, and when their time is over.
    private var slow: [ObjectIdentifier: Scheduled<Void>] = [:]
    private var isClosed = false
    private var isDelivering = false

    init(
        number: UInt8, limits: ClassicServer.Limits, loop: any EventLoop,
        report: @escaping (ClassicServer.Event) -> Void
    ) {
        self.number = number
        self.limits = limits
        self.loop = loop
        self.report = report
    }

    /// False when there is no room.
    func enter(_ guest: ClassicGuest) -> Bool {
        guard !isClosed, guests.count < limits.maximumClients else {
            report(.turnedAway)
            return false
        }
        guests[ObjectIdentifier(guest)] = guest
        report(.came(count: guests.count))
        guest.setReading(slow.isEmpty)
        return true
    }

    /// Somebody closed their connection.
    func depart(_ guest: ClassicGuest) {
        guard guests[ObjectIdentifier(guest)] != nil else { return }
        if guest.cutter.waiting > 0 { departed.append(guest) }
        leave(guest)
        deliver()
    }

    private func leave(_ guest: ClassicGuest) {
        guard guests.removeValue(forKey: ObjectIdentifier(guest)) != nil else { return }
        report(.left(count: guests.count))
        becomesQuick(guest)
    }

    /// Somebody's bytes came: passes on what is whole, unless somebody is slow.
    func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        for guest in departed + Array(guests.values) { deliver(from: guest) }
        if slow.isEmpty { departed = [] }
        flush()
        makeRoom()
    }

    private func deliver(from guest: ClassicGuest) {
        while slow.isEmpty, !isClosed {
            do throws(ClassicError) {
                guard let frame = try guest.cutter.next() else { return }
                let buffer = guest.channel.allocator.buffer(bytes: frame.bytes)
                for other in guests.values where other !== guest { other.write(buffer) }
            } catch {
                return cutOff(guest, .violation)
            }
        }
    }

    private func flush() {
        for guest in Array(guests.values) { guest.channel.flush() }
    }

    /// Keeps the sum of unfinished messages within its limit.
    private func makeRoom() {
        guard slow.isEmpty else { return }
        var sum = guests.values.reduce(0) { $0 + $1.cutter.waiting }
        while sum > limits.maximumUnfinished,
            let largest = guests.values.max(by: { $0.cutter.waiting < $1.cutter.waiting })
        {
            sum -= largest.cutter.waiting
            cutOff(largest, .crowded)
        }
    }

    /// Too much waits for a guest.
    func becomesSlow(_ guest: ClassicGuest) {
        let id = ObjectIdentifier(guest)
        guard guests[id] != nil, slow[id] == nil else { return }
        let this = NIOLoopBound((self, guest), eventLoop: loop)
        slow[id] = loop.scheduleTask(in: limits.patience) {
            let (hall, guest) = this.value
            hall.cutOff(guest, .slow)
        }
        for guest in guests.values { guest.setReading(false) }
    }

    /// A guest has read what waited for it, or is gone.
    func becomesQuick(_ guest: ClassicGuest) {
        guard let deadline = slow.removeValue(forKey: ObjectIdentifier(guest)) else { return }
        deadline.cancel()
        guard slow.isEmpty, !isClosed else { return }
        let this = NIOLoopBound(self, eventLoop: loop)
        // Not from inside a write: what waits is passed on in a turn of its own.
        loop.execute { this.value.goOn() }
    }

    private func goOn() {
        deliver()
        guard slow.isEmpty else { return }
        for guest in Array(guests.values) { guest.setReading(true) }
    }

    private func cutOff(_ guest: ClassicGuest, _ reason: ClassicServer.Event.Reason) {
        guard guests[ObjectIdentifier(guest)] != nil else { return }
        report(.cutOff(reason))
        leave(guest)
        guest.reset()
    }

    /// The end: resets every connection.
    func close() {
        isClosed = true
        for guest in Array(guests.values) {
            leave(guest)
            guest.reset()
        }
    }
}
