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
        /// Who was away and is gone now, to make place.
        package var dismissed: AttachmentID?
    }

    private struct Member {
        var token: ResumeToken
        var connection: ConnectionID?
        /// When an attachment without a connection is gone.
        var deadline: NIODeadline?
        /// It appended something, was let in, or would let others in.
        var hasTakenPart = false
    }

    /// A connection of the room, and whether its attachment has taken part.
    private struct Seat {
        var attachment: AttachmentID
        var hasTakenPart = false
    }

    private let limit: Int
    private let resumeTime: TimeAmount
    private let idleResumeTime: TimeAmount
    private var members: [AttachmentID: Member] = [:]
    private var seats: [ConnectionID: Seat] = [:]

    package init(limits: ServerLimits) {
        limit = limits.membersPerRoom
        resumeTime = limits.resumeTime
        idleResumeTime = min(limits.idleResumeTime, limits.resumeTime)
    }

    /// Nobody is here and nobody may come back.
    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }

    /// The attachment that lives on a connection.
    package func attachment(on connection: ConnectionID) -> AttachmentID? {
        seats[connection]?.attachment
    }

    /// The attachment that lives on a connection, and takes part from now on.
    package mutating func participant(on connection: ConnectionID) -> AttachmentID? {
        guard let seat = seats[connection] else { return nil }
        if !seat.hasTakenPart {
            seats[connection]?.hasTakenPart = true
            members[seat.attachment]?.hasTakenPart = true
        }
        return seat.attachment
    }

    /// The connection of an attachment, while it is here.
    package func connection(of attachment: AttachmentID) -> ConnectionID? {
        members[attachment]?.connection
    }

    /// A connection attaches. Nil when the room is full.
    ///
    /// - Parameters:
    ///   - log: the log that the room has now; a resume in another one is a new attach.
    ///   - likely: who keeps a place in a full room while away.
    package mutating func attach(
        _ connection: ConnectionID, resume: ClientFrame.Resume?, log: LogID?,
        keeping likely: LikelyMembers
    ) -> Arrival? {
        if let resume, resume.after.log == log, let member = members[resume.attachment],
            member.token == resume.token
        {
            return take(resume.attachment, member, by: connection)
        }
        let dismissed = members.count < limit ? nil : longestAway(except: likely)
        guard members.count < limit || dismissed != nil else { return nil }
        let arrival = Arrival(
            standing: members.isEmpty ? .founder : .newcomer, attachment: freshID(),
            token: .random(), replaced: nil, dismissed: dismissed)
        if let dismissed { members[dismissed] = nil }
        members[arrival.attachment] = Member(token: arrival.token, connection: connection)
        seats[connection] = Seat(attachment: arrival.attachment)
        return arrival
    }

    /// Of those who are away and no members, the one that would be gone first.
    private func longestAway(except likely: LikelyMembers) -> AttachmentID? {
        var first: (attachment: AttachmentID, deadline: NIODeadline)?
        for (attachment, member) in members {
            guard let deadline = member.deadline, !likely.contains(attachment) else { continue }
            if let first, first.deadline <= deadline { continue }
            first = (attachment, deadline)
        }
        return first?.attachment
    }

    private mutating func take(
        _ attachment: AttachmentID, _ member: Member, by connection: ConnectionID
    ) -> Arrival {
        if let old = member.connection { seats[old] = nil }
        members[attachment]?.connection = connection
        members[attachment]?.deadline = nil
        seats[connection] = Seat(attachment: attachment, hasTakenPart: member.hasTakenPart)
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
        guard let seat = seats.removeValue(forKey: connection) else { return nil }
        members[seat.attachment]?.connection = nil
        members[seat.attachment]?.deadline =
            now + (seat.hasTakenPart ? resumeTime : idleResumeTime)
        return seat.attachment
    }

    /// An attachment ends for good. Gives it, if one was on this connection.
    package mutating func leave(_ connection: ConnectionID) -> AttachmentID? {
        guard let attachment = seats.removeValue(forKey: connection)?.attachment else {
            return nil
        }
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
