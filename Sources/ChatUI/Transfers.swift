import Client
import Terminal
import Wire

/// Offers and transfers, and how they are told.
struct Transfers {
    struct Key: Hashable {
        var number: OfferNumber
        var direction: TransferUpdate.Direction
        var peer: Person.ID
    }

    /// Offers of others that nothing was said to yet.
    private(set) var offers: [IncomingOffer] = []
    /// Files that this person offered, by number.
    private(set) var ours: [OfferNumber: SafeText] = [:]
    /// Under way, in the order in which they began.
    private(set) var running: [TransferUpdate] = []
    /// The quarter of each that was told last, for where nothing is drawn twice.
    private var quarters: [Key: Int] = [:]

    /// Progress lines that are drawn at once; the others are summed up.
    private static let maximumLines = 4

    mutating func add(_ offer: IncomingOffer) { offers.append(offer) }

    mutating func offered(_ number: OfferNumber, path: String) {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
        ours[number] = Describe.fileName(name ?? path)
    }

    /// An offer that was answered or taken back.
    mutating func settle(_ number: OfferNumber) {
        offers.removeAll { $0.number == number }
    }

    /// Takes an update; true when it is the first of its transfer.
    mutating func update(_ update: TransferUpdate) -> Bool {
        settle(update.number)
        let key = Key(update)
        let index = running.firstIndex { Key($0) == key }
        switch update.state {
        case .running, .waiting:
            if let index {
                running[index] = update
            } else {
                running.append(update)
            }
        case .completed, .declined, .cancelled, .failed:
            if let index { running.remove(at: index) }
            quarters[key] = nil
        }
        return index == nil
    }

    /// True when another quarter of the file is across since this was last true.
    mutating func passedQuarter(_ update: TransferUpdate) -> Bool {
        let quarter = update.size == 0 ? 4 : Int(update.fraction * 4)
        let key = Key(update)
        // Start and end have lines of their own.
        guard (1...3).contains(quarter), quarter > quarters[key] ?? 0 else { return false }
        quarters[key] = quarter
        return true
    }

    /// The live lines of what is under way.
    func progress(_ people: People) -> [SafeText] {
        var lines = running.prefix(Self.maximumLines).map { $0.progressLine(people) }
        if running.count > lines.count {
            let rest = running.dropFirst(lines.count)
            let part = rest.reduce(0.0) { $0 + $1.fraction } / Double(rest.count)
            lines.append("and \(rest.count) more, \(Int(part * 100)) %")
        }
        return lines
    }
}

extension Transfers.Key {
    init(_ update: TransferUpdate) {
        self.init(
            number: update.number, direction: update.direction, peer: update.peer.attachment)
    }
}

extension Person {
    typealias ID = AttachmentID
}

extension TransferUpdate {
    /// From 0 to 1.
    var fraction: Double { size == 0 ? 1 : min(1, Double(bytes) / Double(size)) }

    private static let barWidth = 20

    /// `1 receiving report.pdf [=========>          ] 43 %, 12.4 MB/s, 1:07 left`
    func progressLine(_ people: People) -> SafeText {
        let done = Int(fraction * Double(Self.barWidth))
        let bar =
            ("=" as SafeText).repeated(done) + (" " as SafeText).repeated(Self.barWidth - done)
        let name = Describe.fileName(fileName).fitting(columns: 24)
        var line: SafeText = "\(number.number) \(verb) \(name) [\(bar)] \(Int(fraction * 100)) %"
        if state == .waiting { return line + ", waiting for the connection" }
        line = "\(line) of \(Describe.size(size))"
        if let rate {
            line = "\(line), \(Describe.rate(rate))"
            if rate >= 1, bytes < size {
                let left = Double(size - bytes) / rate
                line = "\(line), \(Describe.time(UInt64(min(left, 359_999)))) left"
            }
        }
        return line
    }

    var verb: SafeText { direction == .sending ? "sending" : "receiving" }

    /// `to ann` or `from ann`.
    func partner(_ people: People) -> SafeText {
        direction == .sending
            ? "to \(people.display(peer))" : "from \(people.display(peer))"
    }
}
