import NIOCore
import Wire

/// What event loops tell each other. Messages from one loop to another arrive in order; those of
/// one turn go together, with one hop.
enum LoopMessage: Sendable {
    /// To a room's home: what one of its connections does.
    case room(RoomID, ConnectionID, RoomRequest)
    /// To a connection's loop: what its room does.
    case delivery(Delivery)
    /// To a room's home: a transfer connection shows its token, or is lost while it waits.
    case showToken(SpliceTable.Key, ConnectionID)
    case tokenLost(SpliceTable.Key, ConnectionID)
    /// To a connection's loop: what it said took so long to be sent from another one.
    case worked(ConnectionID, TimeAmount)
    /// To a transfer connection's loop.
    case splice(ConnectionID, SpliceEvent)
    /// To every loop: which connections hold the most of an account that is spent.
    case nameLargest(QueueAccount, askedBy: Int)
    /// To the loop that asked.
    case largest(QueueAccount, [QueueWeight])
    /// To a connection's loop: it holds too much.
    case cutOff(ConnectionID)
}

/// What a connection asks of its room.
enum RoomRequest: Sendable {
    case attach(ClientFrame.Resume?)
    /// The payload is a slice of what was read.
    case append(LogAppend)
    case ready(Bool)
    case knock([UInt8])
    case answer(ClientFrame.Answer)
    case leave
    case lost
}

/// What an attach is answered with.
struct Replay: Sendable {
    struct Frame: Sendable {
        let bytes: ByteBuffer
        /// Of an entry that the log keeps as well; nil for a frame that was made for this client.
        let sequence: UInt64?
    }

    var frames: [Frame]
    /// Where the entries' log is.
    var horizon: LogHorizon?
}

/// What a room sends to its connections on one loop.
enum Delivery: Sendable {
    /// Takes a connection in: the replay comes first, then whatever is delivered from now on.
    case join(RoomID, ConnectionID, Replay)
    /// To all of the room but the one that it comes from, which gets `instead`.
    case broadcast(RoomID, ByteBuffer, except: ConnectionID?, instead: ByteBuffer?)
    case unicast(RoomID, ConnectionID, ByteBuffer)
    /// Ends a connection, after what was delivered before.
    case goodbye(ConnectionID, GoodbyeReason)
}

/// What happens to one end of a splice.
enum SpliceEvent: Sendable {
    /// The other end is there.
    case joined(with: ConnectionID)
    /// The other end takes bytes from now on.
    case ready
    case bytes(ByteBuffer)
    /// So many bytes that were given on are on their way to the network.
    case taken(Int)
    /// The other end said all it had to say.
    case ended
    /// The other end is gone.
    case lost
    /// Nothing will come of it.
    case refused(GoodbyeReason)
}
