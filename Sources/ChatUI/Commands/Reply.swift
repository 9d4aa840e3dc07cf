import Client
import Terminal
import Wire

/// What a typed line comes to, besides what the room will say of it later.
enum Reply: Sendable {
    case told([Told])
    case said(MessageID, String, isAction: Bool)
    case settled(OfferNumber)
    case show(Int?)
    case notify(NotifyLevel?, withText: Bool)
    case clear
    case leave

    static func complaint(_ sentence: String) -> Reply {
        .told([.error(SafeText(untrusted: sentence))])
    }
}

extension RoomModel {
    /// Takes in what a typed line came to, and says what is told of it. What concerns the face
    /// alone is left to it.
    mutating func take(_ reply: Reply, at now: WallTime) -> [Told] {
        switch reply {
        case .told(let told): return told
        case .said(let id, let text, let isAction):
            return queued(id, text, isAction: isAction, at: now)
        case .settled(let number):
            settled(number)
            return []
        case .show, .notify, .clear, .leave: return []
        }
    }
}
