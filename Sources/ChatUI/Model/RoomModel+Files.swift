package import Client
import Terminal
import Wire

/// What is told of files.
extension RoomModel {
    /// A file of ours was offered.
    mutating func offered(_ offer: OwnOffer) -> Told {
        transfers.offered(offer.number, path: offer.path)
        let name = transfers.ours[offer.number] ?? "the file"
        let whom: SafeText = offer.recipient.map { " to \(people.display($0))" } ?? ""
        let number = offer.number.number
        return .notice(
            "\(name) is offered\(whom) as number \(number); /cancel \(number) takes it back")
    }

    /// Nothing more comes of a file of ours by itself.
    mutating func settledForAll(_ number: OfferNumber) -> [Told] {
        transfers.withdraw(number)
        return []
    }

    /// A file of ours waits to be offered, to all or to one who has many open.
    private mutating func queued(_ update: TransferUpdate) -> [Told] {
        let number = update.number.number
        let name = Describe.fileName(update.fileName)
        if transfers.ours[update.number] != nil {
            let peer = people.display(update.peer)
            return [.quiet("\(name) waits: \(peer) has many of your offers open")]
        }
        let why: SafeText =
            people.others.isEmpty ? "nobody is here yet" : "earlier ones are to be answered first"
        return [
            .notice(
                "\(name) waits to be offered, as number \(number): \(why); /cancel \(number) ends that"
            )
        ]
    }

    /// An offer was answered by this person, or taken back.
    package mutating func settled(_ number: OfferNumber) {
        transfers.settle(number)
        transfers.withdraw(number)
    }

    mutating func offered(_ offer: IncomingOffer) -> Told {
        transfers.add(offer)
        let name = people.display(offer.sender)
        let whom: SafeText = offer.isPrivate ? " you" : ""
        let color = NamePalette.index(of: offer.sender.keyTag.utf8)
        let number = offer.number.number
        return .notice(
            "\(name, .name(color)) offers\(whom) \(Describe.fileName(offer.fileName), .strong), \(Describe.size(offer.size)): /accept \(number) or /decline \(number)"
        )
    }

    mutating func updated(_ update: TransferUpdate) -> [Told] {
        let wasWaiting = transfers.running.contains {
            Transfers.Key($0) == Transfers.Key(update) && $0.state == .waiting
        }
        let isFirst = transfers.update(update)
        let file = Describe.fileName(update.fileName)
        // What came of an offer that nobody took has this person as its peer.
        let isOwn = update.peer.attachment == people.me?.attachment
        let what: SafeText = isOwn ? file : "\(file) \(update.partner(people))"
        switch update.state {
        case .queued: return queued(update)
        case .running:
            if isLive { return [] }
            if isFirst {
                return [.quiet("\(update.verb) \(what), \(Describe.size(update.size))")]
            }
            guard transfers.passedQuarter(update) else { return [] }
            return [.quiet("\(update.verb) \(what): \(Int(update.fraction * 100))%")]
        case .waiting:
            return isLive || wasWaiting
                ? [] : [.quiet("\(update.verb) \(what) waits for the connection")]
        case .completed(let stored): return completed(update, stored: stored, what)
        case .declined: return [.notice("\(what) was declined")]
        case .cancelled:
            return [.notice(isOwn ? "\(what) is not offered any more" : "\(what) was cancelled")]
        case .failed(let why): return [.error("\(what) failed: \(SafeText(untrusted: why))")]
        }
    }

    private mutating func completed(
        _ update: TransferUpdate, stored: String, _ what: SafeText
    ) -> [Told] {
        let hash: SafeText = update.sha256.map { ", SHA-256 \(SafeText(untrusted: $0))" } ?? ""
        let size = Describe.size(update.size)
        guard update.direction == .receiving else {
            return [.notice("\(what) has arrived whole, \(size)\(hash)")]
        }
        let path = SafeText(untrusted: (folder.map { $0 + "/" } ?? "") + stored)
        transfers.store(update.number, name: Describe.fileName(stored), path: path)
        return [.notice("\(what) is here, \(size): \(path)\(hash)")]
    }

    // MARK: Which one is meant

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
    package var isTransferring: Bool { !transfers.running.isEmpty }

    var transferLines: [SafeText] {
        let offers = transfers.offers.map { offer -> SafeText in
            let name = Describe.fileName(offer.fileName)
            return
                "\(offer.number.number) offered by \(people.display(offer.sender)): \(name), \(Describe.size(offer.size))"
        }
        let ours = transfers.ours.sorted { $0.key < $1.key }.map { number, name -> SafeText in
            "\(number.number) offered by you: \(name)"
        }
        let running = transfers.running.map { $0.line(people) }
        let all = offers + ours + running
        return all.isEmpty ? ["nothing is offered or under way"] : all
    }
}
