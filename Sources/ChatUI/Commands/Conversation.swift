import Client
import Terminal
import Wire

/// What a typed line comes to, besides what the room will say of it later.
enum Reply: Sendable {
    case lines([SafeText])
    case said(MessageID, String)
    case offered(OfferNumber, path: String)
    case settled(OfferNumber)
    case leave

    static func complaint(_ sentence: String) -> Reply {
        .lines(["-- \(SafeText(untrusted: sentence))"])
    }
}

/// Carries out what people type, whichever face they type it into.
struct Conversation: Sendable {
    let session: any RoomSession
    /// The link that `/invite` shows.
    let invitation: String

    /// - Parameter model: what is known now, for names and numbers.
    func perform(_ line: String, _ model: RoomModel) async -> Reply {
        do throws(CommandError) {
            return await perform(try Command(parsing: line), model)
        } catch {
            return .complaint(error.sentence)
        }
    }

    private func perform(_ command: Command, _ model: RoomModel) async -> Reply {
        do throws(ClientRefusal) {
            switch command {
            case .say(let text): return .said(try await session.say(text), text)
            case .send(let path, let name): return try await send(path, to: name, model)
            case .accept(let number):
                return try await answer(number, model) { offer throws(ClientRefusal) in
                    try await session.accept(offer)
                }
            case .decline(let number):
                return try await answer(number, model) { offer throws(ClientRefusal) in
                    try await session.decline(offer)
                }
            case .cancel(let number): return try await cancel(number, model)
            case .who: return .lines(["-- \(model.people.list)"])
            case .invite:
                return .lines([
                    "-- whoever has this link can come in:", SafeText(untrusted: invitation),
                ])
            case .transfers: return .lines(model.transferLines)
            case .help: return .lines(Command.helpLines)
            case .quit: return .leave
            case .nothing: return .lines([])
            }
        } catch {
            return .complaint(error.sentence)
        }
    }

    private func send(
        _ path: String, to name: String?, _ model: RoomModel
    ) async throws(ClientRefusal) -> Reply {
        var person: AttachmentID?
        if let name {
            switch model.people.find(name) {
            case .one(let found): person = found
            case .none: return .complaint("nobody here is called \(name); /who lists the names")
            case .several(let names):
                return .lines(["-- several have this name: \(names.joined(separator: " or "))"])
            }
        }
        let path = HomePath.expand(path)
        return .offered(try await session.offer(path: path, to: person), path: path)
    }

    private func answer(
        _ number: Int?, _ model: RoomModel,
        _ body: (OfferNumber) async throws(ClientRefusal) -> Void
    ) async throws(ClientRefusal) -> Reply {
        guard let offer = number.map(OfferNumber.init) ?? model.onlyOffer else {
            return .complaint(
                model.hasOffers
                    ? "there are several offers; name one by its number (/transfers lists them)"
                    : "nothing is offered to you now")
        }
        try await body(offer)
        return .settled(offer)
    }

    private func cancel(_ number: Int?, _ model: RoomModel) async throws(ClientRefusal) -> Reply {
        guard let offer = number.map(OfferNumber.init) ?? model.onlyCancellable else {
            return .complaint("name one transfer by its number, as in /cancel 1 (see /transfers)")
        }
        try await session.cancel(offer)
        return .settled(offer)
    }
}

extension RoomModel {
    /// The offer meant when no number is given.
    var onlyOffer: OfferNumber? {
        transfers.offers.count == 1 ? transfers.offers[0].number : nil
    }

    var hasOffers: Bool { !transfers.offers.isEmpty }

    /// The transfer or own offer meant when no number is given.
    var onlyCancellable: OfferNumber? {
        let numbers = Set(transfers.running.map(\.number)).union(transfers.ours.keys)
        return numbers.count == 1 ? numbers.first : nil
    }

    /// True while bytes of a file are on their way.
    var isTransferring: Bool { !transfers.running.isEmpty }

    var transferLines: [SafeText] {
        let offers = transfers.offers.map { offer -> SafeText in
            let name = Describe.fileName(offer.fileName)
            return
                "-- \(offer.number.number) offered by \(people.display(offer.sender)): \(name), \(Describe.size(offer.size))"
        }
        let ours = transfers.ours.sorted { $0.key < $1.key }.map { number, name -> SafeText in
            "-- \(number.number) offered by you: \(name)"
        }
        let running = transfers.running.map {
            "-- \($0.progressLine(people)) \($0.partner(people))" as SafeText
        }
        let all = offers + ours + running
        return all.isEmpty ? ["-- nothing is offered or under way"] : all
    }

    /// Takes what a typed line came to; gives the lines to print, nil to leave.
    mutating func take(_ reply: Reply) -> [SafeText]? {
        switch reply {
        case .lines(let lines): return lines
        case .said(let id, let text):
            return queued(id, text)
        case .offered(let number, let path): return [offered(number, path: path)]
        case .settled(let number):
            settled(number)
            return []
        case .leave: return nil
        }
    }
}
