package import NIOCore

/// Everything that a stranger could use up, and how much of it there is. The defaults suit a server
/// on the open internet with 1 GiB of memory; a process that hosts one room lowers some.
package struct ServerLimits: Sendable {
    // MARK: Connections

    /// Connections in all. Nil: as many as the operating system allows descriptors, less
    /// `descriptorReserve`.
    package var connections: Int?
    /// Connections from one IPv4 address or one IPv6 /64: an office behind one address fits, a
    /// single flooder does not fill the server.
    package var connectionsPerAddress = 512
    /// Descriptors left free for the log, the standard streams and libdispatch, which traps when
    /// it gets none.
    package var descriptorReserve = 64
    /// From the accepted connection to the end of the TLS handshake: three slow round trips.
    package var handshakeTime = TimeAmount.seconds(10)
    /// From there to a valid attach or transfer: two round trips and the client's signature.
    package var helloTime = TimeAmount.seconds(10)
    /// Bytes that a client may have said without having attached: hello, attach, slack.
    package var bytesBeforeAttach = 2048
    /// Clients ping after 20 s of silence; three missed pings mean that nobody is there.
    package var silence = TimeAmount.seconds(60)
    /// Bytes that wait for a client that reads slowly, replays not counted: one commit of the
    /// largest size and as much again of messages.
    package var queuedBytes = 8 << 20
    /// Bytes held for all connections together: what waits to be sent to them, what is encrypted and
    /// the network does not take, and what came from them and is not whole. A quarter of the memory
    /// of a small machine; when more is held, the connections that hold the most are cut off.
    package var heldBytes = 256 << 20
    /// Bytes of it held for one IPv4 address or IPv6 /64: an office of 500 whose line stands still
    /// fits, and no address takes more than a quarter of what there is for all.
    package var heldBytesPerAddress = 64 << 20

    // MARK: Appends (all frames count), enforced by reading no more until there is room in the bucket

    /// Appends per second and connection in the long run.
    package var appendsPerSecond = 1_000
    /// Appends that may come at once: a long message in parts, or what was said while offline.
    package var appendBurst = 4_000
    /// Bytes of appends per second and connection in the long run.
    package var appendBytesPerSecond = 4 << 20
    /// Bytes of appends that may come at once: a message of 16 MiB, the longest by default.
    package var appendByteBurst = 20 << 20
    /// Frames per second and connection that say only that one is there: `ping` and `ready`. A client
    /// pings every 20 s; each answer is a write of its own, which costs as much as hundreds of appends.
    package var signsPerSecond = 2
    /// Of those at once: a client that measures its line.
    package var signBurst = 50

    // MARK: Turns of an event loop

    /// Time of an event loop that one address may use while others wait for it: what others wait for
    /// each address that floods, and two hundred times what it takes to go round.
    package var turnShare = TimeAmount.milliseconds(10)
    /// How long the loop looks for what others want before an address that has used its share goes on.
    package var turnPause = TimeAmount.microseconds(50)

    // MARK: Rooms

    /// Rooms in all; an empty one takes some kilobytes.
    package var rooms = 100_000
    /// Attachments of one room, those away included: each presence goes to all of them.
    package var membersPerRoom = 10_000
    /// Entries kept per room.
    package var entriesPerRoom = 10_000
    /// Bytes of entries kept per room.
    package var bytesPerRoom = 32 << 20
    /// Age at which entries go: longer than `resumeTime`, so that who resumes in time misses
    /// nothing by age.
    package var entryAge = TimeAmount.minutes(5)
    /// Bytes that the logs of all rooms take together, counted as what the process holds for them.
    package var bytesInAllRooms = 512 << 20
    /// What a room may always keep of it, while at most `bytesInAllRooms` divided by this are as
    /// large: a conversation of some minutes, and the commits of those who come in. Beyond it the
    /// largest rooms give way first.
    package var reservedBytesPerRoom = 64 << 10
    /// How long the id of an append is remembered: a client repeats within seconds of its resume.
    package var appendIDTime = TimeAmount.minutes(2)
    /// Ids of appends remembered per room. A room that is faster than 2,000 appends a second for
    /// two minutes forgets its oldest ids sooner.
    package var appendIDsPerRoom = 1 << 18
    /// Sequence numbers of entries that are gone, kept to say how many somebody missed.
    package var evictedNumbersPerRoom = 1 << 16
    /// How long an attachment without a connection can be resumed.
    package var resumeTime = TimeAmount.seconds(120)

    /// How long an attachment can be resumed that never took part: it appended nothing, was not let
    /// in, and would let nobody in. It loses nothing when it attaches anew, and whoever attaches and
    /// drops by the thousand does not fill a room.
    package var idleResumeTime = TimeAmount.seconds(10)

    // MARK: Commits: each one that a log takes makes those that others have under way void

    /// Commits of one member per second in the long run: renewals and admissions; one of these
    /// carries as many newcomers as have gathered.
    package var commitsPerSecond = 2
    /// Commits of one member that may come at once: a thousand newcomers come in in some thirty.
    package var commitBurst = 40
    /// Commits per second, in the long run, of all in a room who have the link and are no members
    /// as far as the server can tell. A member whose commit takes 100 ms to come loses one in ten.
    package var guestCommitsPerSecond = 1
    /// Their commits that may come at once: foundings by several who come together.
    package var guestCommitBurst = 4

    // MARK: Knocks

    /// How long a doorkeeper may say nothing before another is asked.
    package var knockTime = TimeAmount.seconds(5)
    /// How long a doorkeeper that goes on answering others may leave one knock waiting: a thousand
    /// newcomers come in in some thirty commits.
    package var knockPatience = TimeAmount.seconds(60)
    /// Doorkeepers asked for one knock before the newcomer is told that nobody answers.
    package var knockTries = 4
    /// Knocks of one attachment per minute; each is passed to a member.
    package var knocksPerMinute = 12
    /// Bytes of knocks that wait in one room: thousands of the usual ones. Beyond it those that have
    /// waited longest are given up.
    package var knockBytesPerRoom = 8 << 20

    // MARK: Splices

    /// How long one end of a splice waits for the other: one message in the room and a connect.
    package var spliceWait = TimeAmount.seconds(30)
    /// How long a splice may stand still: longer than a disk that spins up, or a laptop's nap.
    package var spliceIdle = TimeAmount.seconds(120)
    /// Bytes under way from one end to the other inside the server: several reads, so that no end
    /// waits for a hop between loops. The distance to the ends is what the kernel's buffers are for.
    package var spliceWindow = 256 << 10
    /// Bytes that an end may say before the other is there.
    package var spliceEarlyBytes = 64 << 10
    /// Transfer connections that wait, in all rooms that one event loop is home to.
    package var splicesWaiting = 10_000
    /// How long a used token is remembered, to tell a latecomer that it is used.
    package var usedTokenTime = TimeAmount.seconds(60)
    /// Used tokens remembered by one event loop.
    package var usedTokens = 10_000

    // MARK: Time

    /// How often deadlines are looked at: no connection has a timer of its own, so that an idle one
    /// costs none. A deadline is late by this much at most.
    package var sweepInterval = TimeAmount.milliseconds(500)
    /// From the wish to stop to the end, whatever clients do.
    package var shutdownTime = TimeAmount.seconds(4)

    package init() {}
}
