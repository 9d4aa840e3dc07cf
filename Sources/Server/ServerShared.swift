import Logging
import NIOCore
import Synchronization
import Transport
import Wire

/// What all event loops of one server share; none of it changes while the server runs, save for
/// counters.
final class ServerShared: Sendable {
    let limits: ServerLimits
    let tls: ServerTLS
    let store: any RoomStore
    let agent: [UInt8]
    let logger: Logger
    let loopCount: Int
    /// Rooms that live on any loop.
    let rooms = Atomic<Int>(0)
    /// What is held for connections on any loop.
    let queues: QueueBudget

    init(
        limits: ServerLimits, tls: ServerTLS, store: any RoomStore, agent: [UInt8],
        logger: Logger, loopCount: Int
    ) {
        self.limits = limits
        self.tls = tls
        self.store = store
        self.agent = agent
        self.logger = logger
        self.loopCount = loopCount
        queues = QueueBudget(limits: limits)
    }

    /// The loop that is home to a room.
    func home(of room: RoomID) -> Int {
        Int(UInt(bitPattern: room.hashValue) % UInt(loopCount))
    }
}
