/// Notices that somebody who came into a room meets nobody: a link with a wrong character, or one that
/// is dead since somebody was removed, leads to an empty room.
struct Solitude: Sendable {
    /// Whoever was asked to come at the same time is here by then.
    static let patience: Duration = .seconds(20)

    private var until: Duration?
    private var isInside = false
    /// Somebody was met, or it was told.
    private var isOver = false

    var deadline: Duration? { until }

    /// - Parameter isAlone: whether there is no other member.
    mutating func saw(_ event: ClientEvent, isAlone: Bool, now: Duration) {
        guard !isOver else { return }
        switch event {
        case .joined: isInside = true
        case .outside(.nobodyAnswers): isInside = false
        case .outside(.waitingForApproval), .outside(.roomIsFull), .outside(.otherSuite):
            until = nil
            return
        case .person: break
        default: return
        }
        guard isAlone else {
            isOver = true
            until = nil
            return
        }
        until = until ?? now + Self.patience
    }

    mutating func tick(now: Duration) -> ClientEvent? {
        guard let due = until, now >= due else { return nil }
        isOver = true
        until = nil
        return .alone(isInside: isInside)
    }
}
