import Client
import Terminal

/// Decides what is worth ringing for while a person looks elsewhere. It says who spoke, and what
/// only if asked to: a notification is seen by whoever stands before the screen.
struct Notifier: Sendable {
    var level = NotifyLevel.mentions
    var showsText = false
    private var last: ContinuousClock.Instant?

    /// A flood rings once in so long.
    private static let interval = Duration.seconds(5)
    /// Characters of a message that are shown, where they are.
    private static let maximumText = 80

    /// - Parameters:
    ///   - told: what an event was told as.
    ///   - hasFocus: the person is known to look here; then nothing rings.
    mutating func notification(
        of event: ClientEvent, _ told: [Told], hasFocus: Bool, at now: ContinuousClock.Instant
    ) -> Notification? {
        guard !hasFocus, level != .none, let body = body(of: event, told) else { return nil }
        if let last, last.duration(to: now) < Self.interval { return nil }
        last = now
        return Notification(title: "chatbox", body: body)
    }

    private func body(of event: ClientEvent, _ told: [Told]) -> SafeText? {
        switch event {
        case .message:
            guard case .said(let said)? = told.last else { return nil }
            return body(of: said)
        case .offer(let offer) where offer.isPrivate || level == .all: return "a file is offered"
        case .newcomer: return "somebody asks to be let in"
        case .keyChanged, .warning: return "something is wrong in the room"
        case .person(_, .arrived) where level == .all: return "somebody came"
        default: return nil
        }
    }

    private func body(of said: Said) -> SafeText? {
        let lines = SafeText.lines(untrusted: RoomModel.searched(said.text))
        let isMention = said.mention.map { name in lines.contains { Mention.isIn($0, name) } }
        guard level == .all || isMention == true else { return nil }
        if showsText {
            let text: SafeText = "\(said.name): \(lines.first ?? "")"
            return text.fitting(columns: Self.maximumText)
        }
        return isMention == true ? "\(said.name) speaks to you" : "message from \(said.name)"
    }
}

extension RoomModel {
    /// Bytes of a message in which a name is looked for to ring.
    private static let maximumSearched = 16 << 10

    static func searched(_ text: String) -> String {
        text.utf8.count <= maximumSearched
            ? text : String(decoding: text.utf8.prefix(maximumSearched), as: UTF8.self)
    }
}
