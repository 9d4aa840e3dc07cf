import Client
import Terminal
import Wire

/// Carries out what people type, whichever face they type it into.
struct Conversation: Sendable {
    let session: any RoomSession
    /// Where files to be sent are looked for.
    let lister: FolderLister

    /// - Parameters:
    ///   - model: what is known now, for names and numbers.
    ///   - now: the day from which `/search` looks back.
    func perform(_ line: String, _ model: RoomModel, at now: WallTime) async -> [Reply] {
        do throws(CommandError) {
            return await perform(try Command(parsing: line), model, now)
        } catch {
            return [.complaint(error.sentence)]
        }
    }

    private func perform(_ command: Command, _ model: RoomModel, _ now: WallTime) async -> [Reply] {
        do throws(ClientRefusal) {
            switch command {
            case .say(let text): return [try await say(text, isAction: false)]
            case .act(let text): return [try await say(text, isAction: true)]
            case .send(let words): return await send(words, model)
            case .accept, .decline, .cancel: return [try await transfer(command, model)]
            case .verify, .remove, .name: return [try await person(command, model)]
            case .admit(let name): return [try await decide(name, model, isAdmitted: true)]
            case .refuse(let name): return [try await decide(name, model, isAdmitted: false)]
            case .who: return [.told(await who(model))]
            case .open, .search, .invite, .transfers, .help:
                return [.told(Self.answer(command, model, now))]
            case .show(let number): return [.show(number)]
            case .notify(let level, let withText): return [.notify(level, withText: withText)]
            case .clear: return [.clear]
            case .quit: return [.leave]
            case .nothing: return []
            }
        } catch {
            return [.complaint(error.sentence)]
        }
    }

    private func say(_ text: String, isAction: Bool) async throws(ClientRefusal) -> Reply {
        .said(try await session.say(text, isAction: isAction), text, isAction: isAction)
    }

    /// What is known here already.
    private static func answer(_ command: Command, _ model: RoomModel, _ now: WallTime) -> [Told] {
        switch command {
        case .help: return HelpText.lines.map(Told.answer)
        case .transfers: return Told.answers(model.transferLines)
        case .invite:
            guard let link = model.link else { return [.error("there is no link to show")] }
            return [
                .notice("whoever has this link can come in:"),
                .bare(SafeText(untrusted: link.text)),
            ]
        case .open(let number):
            let stored = model.transfers.stored
            let found =
                number.map { number in stored.last { $0.number.number == number } }
                ?? stored.last
            guard let found else {
                return [.error("no such file has come; /transfers lists what is under way")]
            }
            return [.bare(found.path)]
        case .search(let words):
            let found = model.transcript.search(words, today: now)
            let what = SafeText(untrusted: words)
            if found.isEmpty {
                return [.notice("nobody said \"\(what)\" while this chatbox ran")]
            }
            return Told.answers(found)
        default: return []
        }
    }

    private func who(_ model: RoomModel) async -> [Told] {
        var told = Told.answers(model.people.lines)
        let asking = model.newcomers.map { RoomModel.name($0) }
        if !asking.isEmpty {
            told.append(.answer("asking to be let in: \(asking.joined(separator: ", "))"))
        }
        let receipts = await session.receipts
        if !receipts.received.isEmpty || !receipts.missing.isEmpty {
            let names = { (people: [Person]) -> SafeText in
                people.isEmpty
                    ? "nobody" : people.map(model.people.display).joined(separator: ", ")
            }
            told.append(.answer("your last message was received by \(names(receipts.received))"))
            if !receipts.missing.isEmpty {
                told.append(.answer("and not yet by \(names(receipts.missing))"))
            }
        }
        if !model.protection.suite.isEmpty {
            told.append(.quiet(StyledText(SafeText(untrusted: model.protection.sentence))))
        }
        return told
    }

    // MARK: Transfers

    private func transfer(
        _ command: Command, _ model: RoomModel
    ) async throws(ClientRefusal) -> Reply {
        switch command {
        case .accept(let number):
            return try await answer(number, model) { offer throws(ClientRefusal) in
                try await session.accept(offer)
            }
        case .decline(let number):
            return try await answer(number, model) { offer throws(ClientRefusal) in
                try await session.decline(offer)
            }
        case .cancel(let number): return try await cancel(number, model)
        default: return .told([])
        }
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
