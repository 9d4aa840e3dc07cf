import Client
import Terminal
import Wire

/// Who comes in, who may be trusted, and where the room is.
extension RoomModel {
    mutating func roomEvent(_ event: ClientEvent) -> [Told] {
        switch event {
        case .newcomer(let newcomer): asked(newcomer)
        case .decided(let newcomer, let decision): decided(newcomer, decision)
        case .outside(let why): stands(why)
        case .alone(let isInside): [alone(isInside: isInside)]
        case .keyChanged(let person, let tags): [keyChanged(person, tags)]
        case .warning(let warning): SafeText.lines(untrusted: warning.sentence).map(Told.warning)
        case .moved(let move): moved(move)
        default: []
        }
    }

    private mutating func asked(_ newcomer: Newcomer) -> [Told] {
        newcomers.removeAll { $0.attachment == newcomer.attachment }
        newcomers.append(newcomer)
        let mark: SafeText = newcomer.isVerified ? ", verified," : ""
        let name = Self.name(newcomer)
        return [
            .notice("\(name, .strong)\(mark) asks to be let in: /admit \(name) or /refuse \(name)")
        ]
    }

    private mutating func decided(_ newcomer: Newcomer, _ decision: Newcomer.Decision) -> [Told] {
        newcomers.removeAll { $0.attachment == newcomer.attachment }
        let name = Self.name(newcomer)
        switch decision {
        case .admitted(let by): return [.notice("\(people.display(by)) let \(name) in")]
        case .refused(let by): return [.notice("\(people.display(by)) turned \(name) away")]
        case .gone: return [.quiet("\(name) no longer asks to be let in")]
        }
    }

    private mutating func stands(_ why: Outside) -> [Told] {
        defer { outside = why }
        guard outside != why else { return [] }
        if let obstacle = why.obstacle { return [.error(SafeText(untrusted: obstacle))] }
        switch why {
        case .waitingForApproval: return [.notice("waiting for a member to let you in")]
        case .nobodyAnswers: return [.notice("nobody here can let you in yet; still asking")]
        case .roomIsFull: return [.notice("the room is full; waiting for somebody to leave")]
        case .asking, .otherSuite, .otherClock: return []
        }
    }

    private func alone(isInside: Bool) -> Told {
        let found: SafeText =
            isInside ? "nobody else is here yet" : "nobody who could let you in has answered yet"
        return .notice(
            "\(found); if you expected others, compare the link with theirs: a wrong character leads to an empty room, and a link is dead once somebody was removed by it"
        )
    }

    private func keyChanged(_ person: Person, _ tags: [String]) -> Told {
        let former = SafeText(untrusted: tags.joined(separator: ", "))
        if let newcomer = newcomers.first(where: { $0.attachment == person.attachment }) {
            return .warning(
                "\(Self.name(newcomer)), who asks to be let in, has another key than before (\(former)); ask over another channel whether it is them"
            )
        }
        let name = people.display(person)
        return .warning(
            "\(name) has another key than before (\(former)); compare it with /verify \(people.address(of: person)) before you trust them"
        )
    }

    private mutating func moved(_ move: Move) -> [Told] {
        link?.secret = move.secret
        let out: SafeText = move.removed.map { " without \(people.display($0))" } ?? ""
        guard let me = people.me, me.attachment == move.mover.attachment else {
            let mover = people.display(move.mover)
            return [
                .notice(
                    "\(mover) moved the room\(out); the old link is dead, /invite shows the new one"
                )
            ]
        }
        return [.notice("the room has moved\(out); the old link is dead, this is the new one:")]
            + (link.map { [.bare(SafeText(untrusted: $0.text))] } ?? [])
    }

    /// With the key's tag always: nobody vouches for the name yet.
    static func name(_ newcomer: Newcomer) -> SafeText {
        "\(People.quoted(newcomer.name))#\(SafeText(name: newcomer.keyTag))"
    }
}

extension Outside {
    /// One sentence: what keeps us out until somebody does something about it; nil where waiting helps.
    var obstacle: String? {
        switch self {
        case .otherSuite: "the room is not the one that the link describes; ask for the link again"
        case .otherClock:
            "you cannot be let in: this machine's clock and that of a member are a month or more "
                + "apart; set the wrong one right"
        case .waitingForApproval, .nobodyAnswers, .asking, .roomIsFull: nil
        }
    }
}
