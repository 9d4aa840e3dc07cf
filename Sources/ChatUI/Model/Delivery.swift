package import Client
package import Wire

/// What `chatbox send` still waits for: a pure value.
package struct Delivery: Sendable {
    /// What to do next.
    package enum Step: Equatable, Sendable {
        case wait
        /// Somebody is there who can hear the text.
        case say
        /// Somebody is there to offer the files to: the person named, or the room.
        case offer(to: AttachmentID?)
        case done
        /// One sentence: why it will not come to an end.
        case failed(String)
    }

    private var unsent: Set<MessageID> = []
    /// Acknowledged before they were known to be ours.
    private var acknowledged: Set<MessageID> = []
    private var files: [OfferNumber: FileState] = [:]
    private var filesToOffer: Int
    private var hasTextToSay: Bool
    private let recipient: String?
    private var people = People()
    private var hasOffered = false

    private struct FileState {
        var running: Set<AttachmentID> = []
        var isDelivered = false
    }

    /// - Parameters:
    ///   - files: how many there are to offer.
    ///   - recipient: the one person they are for.
    ///   - hasText: whether there is text, which is said once somebody is there: whoever comes later
    ///     cannot read it.
    package init(files: Int, recipient: String?, hasText: Bool = false) {
        filesToOffer = files
        hasTextToSay = hasText
        self.recipient = recipient
    }

    package mutating func said(_ id: MessageID) -> Step {
        if acknowledged.remove(id) == nil { unsent.insert(id) }
        return step
    }

    /// The text is being said now; `step` does not ask for it again.
    package mutating func saying() { hasTextToSay = false }

    package mutating func offered(_ number: OfferNumber) -> Step {
        filesToOffer -= 1
        files[number, default: FileState()].isDelivered = files[number]?.isDelivered ?? false
        return step
    }

    package mutating func apply(_ event: ClientEvent) -> Step {
        switch event {
        case .joined(let joined): people.enter(joined)
        case .person(let person, .left): people.remove(person)
        case .person(let person, _): people.update(person)
        case .sent(let id): if unsent.remove(id) == nil { acknowledged.insert(id) }
        case .uncertain(let id) where unsent.contains(id):
            return .failed("it is not known whether the text was sent; look before sending again")
        case .transfer(let update) where update.direction == .sending:
            if let failure = apply(update) { return .failed(failure) }
        default: break
        }
        return step
    }

    private mutating func apply(_ update: TransferUpdate) -> String? {
        var file = files[update.number] ?? FileState()
        defer { files[update.number] = file }
        file.running.remove(update.peer.attachment)
        switch update.state {
        case .running, .waiting: file.running.insert(update.peer.attachment)
        case .completed: file.isDelivered = true
        // One of many receivers; others may still take it.
        case .declined, .cancelled, .failed:
            guard recipient != nil else { return nil }
            if case .failed(let why) = update.state { return why }
            return "the file was not wanted; ask before sending it again"
        }
        return nil
    }

    /// Whether the room is entered and there was nobody else in it yet who could hear the text.
    package var isAlone: Bool { hasTextToSay && people.me != nil && people.others.isEmpty }

    private var step: Step {
        if hasTextToSay, people.me != nil, !people.others.isEmpty { return .say }
        if filesToOffer > 0 {
            if hasOffered { return .wait }
            guard let recipient else { return people.others.isEmpty ? .wait : .offer(to: nil) }
            if case .one(let person) = people.find(recipient) { return .offer(to: person) }
            return .wait
        }
        let isDone =
            !hasTextToSay && unsent.isEmpty
            && files.values.allSatisfy { $0.isDelivered && $0.running.isEmpty }
        return isDone && people.me != nil ? .done : .wait
    }

    /// The files are being offered now; `step` does not ask for it again.
    package mutating func offering() { hasOffered = true }

    /// What it would be waiting for, for the sentence after a time-out.
    package var waitingFor: String {
        if people.me == nil { return "the room could not be entered" }
        if filesToOffer > 0 {
            return recipient.map { "nobody called \($0) came" } ?? "nobody came to take the file"
        }
        if isAlone { return "nobody came to hear the text" }
        return unsent.isEmpty ? "nobody took the whole file" : "the text was not acknowledged"
    }
}
