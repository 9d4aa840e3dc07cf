import Client
package import Terminal
import Wire

/// What is drawn below the printed lines.
extension RoomModel {
    /// Messages not yet sent that are shown; the others are counted.
    private static let maximumUnsent = 3

    /// The live lines above the input: what is not yet sent, what is under way, and the status.
    ///
    /// - Parameters:
    ///   - lines: the most that there may be, at least one.
    ///   - unread: messages that came while the person looked elsewhere.
    package func live(
        lines: Int, columns: Int, width: CellWidth, unread: Int = 0
    ) -> [StyledText] {
        let status = status(unread: unread).fitting(columns, width)
        guard lines > 1 else { return [status] }
        let transfers = transfers.live(people, lines: lines - 1, columns: columns, width)
        let unsent = unsentLines(
            min(Self.maximumUnsent + 1, lines - 1 - transfers.count), columns, width)
        return unsent + transfers + [status]
    }

    private func unsentLines(_ lines: Int, _ columns: Int, _ width: CellWidth) -> [StyledText] {
        guard lines > 0, !unsent.isEmpty else { return [] }
        let isAll = unsent.count <= min(lines, Self.maximumUnsent)
        let shown = unsent.prefix(isAll ? unsent.count : lines - 1)
        var result = shown.map { message in
            // Only the beginning is seen: what was pasted may be long.
            let beginning = Self.beginning(of: message.text)
            let mark: SafeText = message.isAction ? "sending: * " : "sending: "
            return StyledText(mark + beginning, .quiet)
                .fitting(columns: columns, width: width)
        }
        if !isAll {
            let rest = StyledText("sending \(unsent.count - shown.count) more", .quiet)
            result.append(rest.fitting(columns: columns, width: width))
        }
        return result
    }

    /// `chat.example:4242 · 3 here, 1 away · connected since 14:02 · post-quantum encrypted`
    private func status(unread: Int) -> Parts {
        var parts = Parts(separator: StyledText(" · ", .quiet))
        if let link {
            parts.add(StyledText(SafeText(untrusted: link.address.text), .quiet), importance: 1)
        }
        if people.me != nil { parts.add(StyledText(presence, .quiet), importance: 7) }
        parts.add(connectionPart, importance: connection == .connected ? 3 : 9)
        if outside != nil {
            parts.add(StyledText("waiting to be let in", .warning), importance: 9)
        } else if people.me != nil {
            parts.add(StyledText(encryption, .quiet), importance: 4)
        }
        if let receipt, receipt.of > 0 {
            parts.add(
                StyledText("received by \(receipt.by) of \(receipt.of)", .quiet), importance: 5)
        }
        if !newcomers.isEmpty {
            let verb: SafeText = newcomers.count == 1 ? "asks" : "ask"
            parts.add(
                StyledText("\(newcomers.count) \(verb) to come in: /admit", .strong), importance: 8)
        }
        if unread > 0 { parts.add(StyledText("\(unread) new", .strong), importance: 6) }
        return parts
    }

    private var presence: SafeText {
        let away = people.others.count { $0.isAway }
        let here: SafeText = "\(people.others.count - away + 1) here"
        return away > 0 ? "\(here), \(away) away" : here
    }

    private var connectionPart: StyledText {
        let since: SafeText = connectionTime.map { " since \($0.clock)" } ?? ""
        return switch connection {
        case .connecting: StyledText("connecting", .warning)
        case .connected: StyledText("connected\(since)", .quiet)
        case .reconnecting, .unreachable: StyledText("reconnecting\(since)", .warning)
        }
    }

    private var encryption: SafeText {
        !protection.suite.isEmpty && protection.isPostQuantum
            ? "post-quantum encrypted" : "end-to-end encrypted"
    }
}
