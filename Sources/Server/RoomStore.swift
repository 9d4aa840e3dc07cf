package import NIOCore
import Synchronization
package import Wire

/// Where the logs of rooms are kept. One store serves the whole process; each room has one home
/// event loop, on which all calls and answers about it happen.
///
/// The promises, for every implementation (the conformance suite checks them):
/// - Sequence numbers of a log strictly increase, start above 0, and are not contiguous. They tell
///   nothing of other rooms.
/// - An append is answered exactly once. `appended` is the same answer, marked `duplicate`, for a
///   repeat under an id that is remembered; ids are remembered two minutes. `conflict` and
///   `refused` and `unavailable` mean certainly not appended; `outcomeUnknown` means perhaps, now
///   or later.
/// - The feed yields every entry of the log once, in order, or says plainly that some are gone.
/// - A commit is appended only when its epoch is the log's, which then grows by one.
/// - The last commit stays in the log while the room lives, unless the whole store is full and this
///   room is one of those that take the most.
package protocol RoomStore: Sendable {
    /// Opens a room's log for this process, beginning an empty one when there is none.
    ///
    /// Called on the room's home loop. The log keeps no strong reference to its observer.
    func open(_ room: RoomID, observer: any RoomLogObserver, on loop: any EventLoop) -> any RoomLog

    /// Bytes of memory that the logs of all rooms take, about.
    var bytes: Int { get }
}

/// One room's log as its home loop sees it. Not thread safe: everything happens on the home loop.
package protocol RoomLog: AnyObject {
    /// Appends an entry. `observer.appendEnded` is called once, possibly before this returns; the
    /// entry itself comes by the feed.
    func append(_ append: LogAppend, ticket: AppendTicket)

    /// Reads what came after a position, or nothing but the end of the log for nil.
    ///
    /// `observer.readEnded` is called once, possibly before this returns. What it gives ends exactly
    /// where the feed stands at that moment.
    func read(after position: Position?, ticket: ReadTicket)

    /// Lets go of what is too old. Called now and then, at least every few seconds.
    func sweep()

    /// The room has no attachment left: what is kept for it can go. Nothing is called afterwards,
    /// nor is the observer.
    func close()
}

/// Who is told what a log does: the server's room. Called on the home loop only.
package protocol RoomLogObserver: AnyObject {
    func appendEnded(_ outcome: AppendOutcome, ticket: AppendTicket)
    func readEnded(_ result: Result<LogRead, StoreFailure>, ticket: ReadTicket)
    func feed(_ event: FeedEvent)
}

/// Something to be appended.
package struct LogAppend: Sendable {
    package var id: AppendID
    package var sender: AttachmentID
    package var kind: EntryKind
    /// For a commit, the epoch in which it was made.
    package var epoch: UInt64
    package var payload: ByteBuffer

    package init(
        id: AppendID, sender: AttachmentID, kind: EntryKind, epoch: UInt64 = 0, payload: ByteBuffer
    ) {
        self.id = id
        self.sender = sender
        self.kind = kind
        self.epoch = epoch
        self.payload = payload
    }
}

/// What the server needs to know again when an append is answered; the log hands it back.
package struct AppendTicket: Sendable, Hashable {
    package var id: AppendID
    package var attachment: AttachmentID
    package var connection: ConnectionID
    /// For a commit, the epoch in which it was made.
    package var commitEpoch: UInt64?

    package init(
        id: AppendID, attachment: AttachmentID, connection: ConnectionID,
        commitEpoch: UInt64? = nil
    ) {
        self.id = id
        self.attachment = attachment
        self.connection = connection
        self.commitEpoch = commitEpoch
    }
}

/// How an append ended.
package enum AppendOutcome: Sendable, Hashable {
    case appended(sequence: UInt64, duplicate: Bool)
    case conflict(epoch: UInt64)
    case refused(RefusalReason)
    case failed(StoreFailure)
}

/// Why a store cannot answer.
package enum StoreFailure: Error, Sendable, Hashable {
    /// Certainly nothing was done.
    case unavailable
    /// Perhaps it was done, or will be: only a repeat under the same id may follow.
    case outcomeUnknown
}

/// What the server needs to know again when a read is answered.
package struct ReadTicket: Sendable, Hashable {
    package var attachment: AttachmentID
    package var connection: ConnectionID
    package var standing: ServerFrame.Standing
    package var token: ResumeToken

    package init(
        attachment: AttachmentID, connection: ConnectionID, standing: ServerFrame.Standing,
        token: ResumeToken
    ) {
        self.attachment = attachment
        self.connection = connection
        self.standing = standing
        self.token = token
    }
}

/// A stretch of a log.
package struct LogRead: Sendable {
    package enum Item: Sendable {
        case entry(LogEntry)
        /// Entries up to `through` are gone; how many, when that is still known.
        case gap(through: UInt64, count: UInt32?)
    }

    /// Where the reading starts: the position asked for, or the end of the log when none was, or
    /// when it was of another log.
    package var start: Position
    /// The epoch of the log, at its end.
    package var epoch: UInt64
    package var items: [Item]
    /// Tells which of the entries the log still keeps, where it keeps them in memory.
    package var horizon: LogHorizon?

    package init(
        start: Position, epoch: UInt64, items: [Item] = [], horizon: LogHorizon? = nil
    ) {
        self.start = start
        self.epoch = epoch
        self.items = items
        self.horizon = horizon
    }
}

/// How far a log in memory has let go of its entries. A replay shares their bytes with the log, and
/// has them alone from then on.
package final class LogHorizon: Sendable {
    private let gone = Atomic<UInt64>(0)

    /// Entries up to this number are kept by nobody but those who read them.
    package var goneThrough: UInt64 {
        get { gone.load(ordering: .relaxed) }
        set { gone.store(newValue, ordering: .relaxed) }
    }

    package init() {}
}

/// What a log tells of itself, in order.
package enum FeedEvent: Sendable {
    case entry(LogEntry)
    /// Entries up to `through` never came by the feed and cannot be had.
    case gap(through: UInt64, count: UInt32?)
    /// The log began anew.
    case reset(Position)
    /// Slow or partly out of reach; appends may be answered late.
    case degraded
    case restored
}

/// An entry, as the frame that goes to every reader: encoded once, then only shared.
package struct LogEntry: Sendable {
    package let sequence: UInt64
    package let sender: AttachmentID
    package let kind: EntryKind
    /// The whole frame `entry`, its length in front.
    package let frame: ByteBuffer

    package init(sequence: UInt64, append: LogAppend) {
        self.sequence = sequence
        sender = append.sender
        kind = append.kind
        frame = FrameEncoder.entry(
            sequence: sequence, sender: append.sender, kind: append.kind, payload: append.payload)
    }
}
