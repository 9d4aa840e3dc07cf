package import Wire

/// The attachments of a room that were let into its group, as far as a server can tell that reads
/// nothing: the author of the first commit of the log, and everybody whose knock was answered by
/// one of them after a commit of its own.
///
/// Others have the link, and that is all that is known of them. A guess that is wrong changes only
/// who is served first.
package struct LikelyMembers: Sendable {
    /// Bytes that an answer has at most when it lets nobody in: a notice has some sixty, while a
    /// Welcome has a thousand at least.
    private static let longestNotice = 128

    private var members: Set<AttachmentID> = []
    /// Members that may let in with their next answer, since the log took a commit of theirs.
    private var admitting: Set<AttachmentID> = []

    package init() {}

    package func contains(_ attachment: AttachmentID) -> Bool { members.contains(attachment) }

    /// The log took a commit.
    ///
    /// - Parameter epoch: the log's epoch before it; 0 for the one that begins a group.
    package mutating func committed(_ attachment: AttachmentID, epoch: UInt64) {
        if epoch == 0 { members.insert(attachment) }
        if members.contains(attachment) { admitting.insert(attachment) }
    }

    /// A doorkeeper answered newcomers. Gives those who are in by that.
    package mutating func answered(
        _ newcomers: [AttachmentID], by doorkeeper: AttachmentID, bytes: Int
    ) -> [AttachmentID] {
        guard bytes > Self.longestNotice, admitting.remove(doorkeeper) != nil else { return [] }
        members.formUnion(newcomers)
        return newcomers
    }

    /// An attachment is gone for good.
    package mutating func gone(_ attachment: AttachmentID) {
        members.remove(attachment)
        admitting.remove(attachment)
    }
}
