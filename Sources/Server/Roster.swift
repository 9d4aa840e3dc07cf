package import NIOCore
package import Wire

/// Who is attached to a room: here, or away and able to come back.
package struct Roster: Sendable {
    /// What an attach came to.
    package struct Arrival: Equatable, Sendable {
        package var standing: ServerFrame.Standing
        package var attachment: AttachmentID
        package var token: ResumeToken
        /// The connection that had the attachment until now.
        package var replaced: ConnectionID?
    }

    private struct Member {
        var token: ResumeToken
        var connection: ConnectionID?
        /// When an attachment without a connection is gone.
        var deadline: NIODeadline?
    }

    private let limit: Int
    private let resumeTime: TimeAmount
    private var members: [AttachmentID: Member] = [:]
    private var attachments: [ConnectionID: AttachmentID] = [:]

    package init(limits: ServerLimits) {
        limit = limits.membersPerRoom
        resumeTime = limits.resumeTime
    }

    /// Nobody is here and nobody may come back.
    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }

    /// The attachment that lives on a connection.
    package func attachment(on connection: ConnectionID) -> AttachmentID? {
        attachments[connection]
    }

    /// The connection of an attachment, while it is here.
    package func connection(of attachment: AttachmentID) -> ConnectionID? {
        members[attachment]?.connection
    }

    /// A connection attaches. Nil when the room is full.
    ///
    /// - Parameter log: the log that the room has now; a resume in another one is a new attach.
    package mutating func attach(
        _ connection: ConnectionID, resume: ClientFrame.Resume?, log: LogID?
    ) -> Arrival? {
        if let resume, resume.after.log == log, let member = members[resume.attachment],
            member.token == resume.token
        {
            return take(resume.attachment, member, by: connection)
        }
        guard members.count < limit else { return nil }
        let arrival = Arrival(
            standing: members.isEmpty ? .founder : .newcomer, attachment: freshID(),
            token: .random(), replaced: nil)
        members[arrival.attachment] = Member(token: arrival.token, connection: connection)
        attachments[connection] = arrival.attachment
        return arrival
    }

    private mutating func take(
        _ attachment: AttachmentID, _ member: Member, by connection: ConnectionID
    ) -> Arrival {
        if let old = member.connection { attachments[old] = nil }
        members[attachment] = Member(token: member.token, connection: connection)
        attachments[connection] = attachment
        return Arrival(
            standing: .resumed, attachment: attachment, token: member.token,
            replaced: member.connection)
    }

    private func freshID() -> AttachmentID {
        while true {
            let id = AttachmentID(UInt64.random(in: 1 ... .max))
            if members[id] == nil { return id }
        }
    }

    /// A connection broke. Gives the attachment that is away now, if it was on this connection.
    package mutating func lost(_ connection: ConnectionID, now: NIODeadline) -> AttachmentID? {
        guard let attachment = attachments.removeValue(forKey: connection) else { return nil }
        members[attachment]?.connection = nil
        members[attachment]?.deadline = now + resumeTime
        return attachment
    }

    /// An attachment ends for good. Gives it, if one was on this connection.
    package mutating func leave(_ connection: ConnectionID) -> AttachmentID? {
        guard let attachment = attachments.removeValue(forKey: connection) else { return nil }
        members[attachment] = nil
        return attachment
    }

    /// Lets time pass: gives the attachments that were away for too long.
    package mutating func expire(now: NIODeadline) -> [AttachmentID] {
        var gone: [AttachmentID] = []
        for (attachment, member) in members {
            if let deadline = member.deadline, deadline <= now { gone.append(attachment) }
        }
        for attachment in gone { members[attachment] = nil }
        return gone
    }

    /// Everybody but one, as an attach tells it.
    package func presences(except one: AttachmentID) -> [Presence] {
        members.compactMap { attachment, member in
            attachment == one
                ? nil
                : Presence(
                    attachment: attachment, state: member.connection == nil ? .away : .here)
        }
    }
}
