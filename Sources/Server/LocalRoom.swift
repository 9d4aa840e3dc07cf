import NIOCore
import Wire

/// The connections of one room on one event loop, and what this turn of the loop will send them.
///
/// What goes to all is one buffer that all share. Where a connection gets something else (its own
/// `appended` for its own entry, an answer to itself alone), it gets the buffer with a few places
/// patched; the others still share. What cannot go to the network at once is kept as parts of that
/// one buffer, so that a reader who waits costs no copy of it.
final class LocalRoom {
    /// Bytes after which what is collected is sent at once: larger buffers save nothing more, and a
    /// collected one is a copy.
    private static let batchBytes = 64 << 10

    let room: RoomID
    private(set) var members: [Connection] = []
    private var batch: ByteBuffer?
    private var patches: [Patch] = []
    /// A batch is on its way to one member after the other; the next one must wait for that.
    private var isFlushing = false
    /// Whose words are collected here, on whichever loop they are.
    private var speakers: [ConnectionID] = []

    /// One place where one connection's bytes differ from the batch.
    private struct Patch {
        /// Where in the batch, and how many of its bytes are left out.
        var offset: Int
        var skip: Int
        var content: Content
        /// The same connection's next patch, or `noPatch`.
        var next: Int32
    }

    private enum Content {
        case nothing
        case frame(ByteBuffer)
        case replay(Replay)
    }

    /// No index of a patch.
    static let noPatch: Int32 = -1

    init(room: RoomID) { self.room = room }

    var hasWork: Bool { batch != nil || !patches.isEmpty }
    var isEmpty: Bool { members.isEmpty }

    func add(_ connection: Connection, replay: Replay) {
        connection.memberIndex = members.count
        members.append(connection)
        // What this turn said before is not for the newcomer.
        let said = batch?.readableBytes ?? 0
        patch(connection, offset: 0, skip: said, .replay(replay))
    }

    func remove(_ connection: Connection) {
        let index = connection.memberIndex
        guard index >= 0, index < members.count, members[index] === connection else { return }
        let last = members.removeLast()
        if last !== connection {
            members[index] = last
            last.memberIndex = index
        }
        connection.memberIndex = -1
        _ = connection.takePatches()
    }

    /// Notes who has to answer for the work of this turn.
    func noteSpeaker(_ speaker: ConnectionID) {
        if speakers.last != speaker { speakers.append(speaker) }
    }

    func takeSpeakers() -> [ConnectionID] {
        guard !speakers.isEmpty else { return [] }
        defer { speakers.removeAll(keepingCapacity: speakers.count <= 64) }
        return speakers
    }

    func broadcast(_ frame: ByteBuffer, except: Connection?, instead: ByteBuffer?) {
        let size = frame.readableBytes
        if let held = batch?.readableBytes, held + size > Self.batchBytes, !isFlushing { flush() }
        let offset = batch?.readableBytes ?? 0
        if batch == nil {
            batch = frame
        } else {
            batch?.writeImmutableBuffer(frame)
        }
        guard let except, except.memberIndex >= 0 else { return }
        patch(except, offset: offset, skip: size, instead.map(Content.frame) ?? .nothing)
    }

    func unicast(_ frame: ByteBuffer, to connection: Connection) {
        patch(connection, offset: batch?.readableBytes ?? 0, skip: 0, .frame(frame))
    }

    private func patch(_ connection: Connection, offset: Int, skip: Int, _ content: Content) {
        let index = Int32(patches.count)
        patches.append(Patch(offset: offset, skip: skip, content: content, next: Self.noPatch))
        if connection.firstPatch == Self.noPatch {
            connection.firstPatch = index
        } else {
            patches[Int(connection.lastPatch)].next = index
        }
        connection.lastPatch = index
    }

    /// Sends what was collected: one write and one flush for each connection.
    func flush() {
        guard hasWork, !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        let batch = self.batch.map(SharedFrames.init)
        let patches = self.patches
        self.batch = nil
        self.patches.removeAll(keepingCapacity: patches.count <= 64)
        // Sending may end connections, which changes `members` and may begin the next batch: both
        // loops go over what there is now.
        guard !patches.isEmpty else {
            if let batch { for member in members { member.deliver(batch.bytes, sharedBy: batch) } }
            return
        }
        let chains = members.map { ($0, $0.takePatches()) }
        for (member, first) in chains {
            if first != Self.noPatch {
                Self.deliver(batch, patches, from: first, to: member)
            } else if let batch {
                member.deliver(batch.bytes, sharedBy: batch)
            }
        }
    }

    private static func deliver(
        _ batch: SharedFrames?, _ patches: [Patch], from first: Int32, to member: Connection
    ) {
        var composer = Composer(batch: batch, member: member)
        var index = first
        while index != noPatch {
            let patch = patches[Int(index)]
            composer.copy(upTo: patch.offset)
            composer.skip(patch.skip)
            switch patch.content {
            case .nothing: break
            case .frame(let frame): composer.add(frame)
            case .replay(let replay):
                composer.flush()
                member.deliverReplay(replay)
            }
            index = patch.next
        }
        composer.copy(upTo: batch?.bytes.readableBytes ?? 0)
        composer.flush()
    }
}

/// Puts together what one connection gets.
///
/// What goes to the network at once is copied into one buffer, for one write. What has to wait is
/// not: only small parts are put together, since a place in the queue costs as much as they do.
private struct Composer {
    /// Bytes of a part that is kept as a part of the batch, and not copied.
    private static let leastShared = 256

    private let batch: SharedFrames?
    private let member: Connection
    private let isWaiting: Bool
    private var position = 0
    private var output: ByteBuffer?

    init(batch: SharedFrames?, member: Connection) {
        self.batch = batch
        self.member = member
        isWaiting = member.isWaiting
    }

    mutating func copy(upTo end: Int) {
        guard end > position, let batch else { return }
        let length = end - position
        let start = batch.bytes.readerIndex + position
        position = end
        guard let part = batch.bytes.getSlice(at: start, length: length) else { return }
        if isWaiting && length >= Self.leastShared {
            flush()
            member.deliver(part, sharedBy: batch)
        } else {
            add(part)
        }
    }

    mutating func skip(_ count: Int) { position += count }

    mutating func add(_ frame: ByteBuffer) {
        if output != nil {
            output?.writeImmutableBuffer(frame)
        } else if isWaiting {
            // A part of its own, so that a few bytes do not keep a large buffer.
            output = ByteBufferAllocator().buffer(capacity: frame.readableBytes)
            output?.writeImmutableBuffer(frame)
        } else {
            output = frame
        }
    }

    mutating func flush() {
        guard let output else { return }
        self.output = nil
        member.deliver(output)
    }
}
