import NIOCore
import Wire

/// The connections of one room on one event loop, and what this turn of the loop will send them.
///
/// What goes to all is one buffer that all share. Where a connection gets something else (its own
/// `appended` for its own entry, an answer to itself alone), it gets the buffer with a few places
/// patched; the others still share.
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
        case frames([ByteBuffer])
    }

    /// No index of a patch.
    static let noPatch: Int32 = -1

    init(room: RoomID) { self.room = room }

    var hasWork: Bool { batch != nil || !patches.isEmpty }
    var isEmpty: Bool { members.isEmpty }

    func add(_ connection: Connection, frames: [ByteBuffer]) {
        connection.memberIndex = members.count
        members.append(connection)
        // What this turn said before is not for the newcomer.
        let said = batch?.readableBytes ?? 0
        patch(connection, offset: 0, skip: said, .frames(frames))
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
        let batch = self.batch
        let patches = self.patches
        self.batch = nil
        self.patches.removeAll(keepingCapacity: patches.count <= 64)
        // Sending may end connections, which changes `members` and may begin the next batch: both
        // loops go over what there is now.
        guard !patches.isEmpty else {
            if let batch { for member in members { member.deliver(batch) } }
            return
        }
        let chains = members.map { ($0, $0.takePatches()) }
        for (member, first) in chains {
            if first != Self.noPatch {
                Self.deliver(batch, patches, from: first, to: member)
            } else if let batch {
                member.deliver(batch)
            }
        }
    }

    private static func deliver(
        _ batch: ByteBuffer?, _ patches: [Patch], from first: Int32, to member: Connection
    ) {
        var composer = Composer(batch: batch)
        var index = first
        while index != noPatch {
            let patch = patches[Int(index)]
            composer.copy(upTo: patch.offset)
            composer.skip(patch.skip)
            switch patch.content {
            case .nothing: break
            case .frame(let frame): composer.add(frame)
            case .frames(let frames):
                if let before = composer.take() { member.deliver(before) }
                member.deliverReplay(frames)
            }
            index = patch.next
        }
        composer.copy(upTo: batch?.readableBytes ?? 0)
        if let rest = composer.take() { member.deliver(rest) }
    }
}

/// Puts together what one connection gets.
private struct Composer {
    private let batch: ByteBuffer?
    private var position = 0
    private var output: ByteBuffer?

    init(batch: ByteBuffer?) { self.batch = batch }

    mutating func copy(upTo end: Int) {
        guard end > position, let batch else { return }
        let length = end - position
        if let slice = batch.getSlice(at: batch.readerIndex + position, length: length) {
            add(slice)
        }
        position = end
    }

    mutating func skip(_ count: Int) { position += count }

    mutating func add(_ frame: ByteBuffer) {
        if output == nil {
            output = frame
        } else {
            output?.writeImmutableBuffer(frame)
        }
    }

    mutating func take() -> ByteBuffer? {
        defer { output = nil }
        return output
    }
}
