import Client
import Terminal
import Wire

/// Offers and transfers, and how they are told.
struct Transfers: Sendable {
    struct Key: Hashable {
        var number: OfferNumber
        var direction: TransferUpdate.Direction
        var peer: AttachmentID
    }

    /// Offers of others that nothing was said to yet.
    private(set) var offers: [IncomingOffer] = []
    /// Files that this person offered, by number.
    private(set) var ours: [OfferNumber: SafeText] = [:]
    /// Under way, in the order in which they began.
    private(set) var running: [TransferUpdate] = []
    /// Files that came, where each lies, the newest last.
    private(set) var stored: [(number: OfferNumber, name: SafeText, path: SafeText)] = []
    /// The quarter of each that was told last, for where nothing is drawn twice.
    private var quarters: [Key: Int] = [:]

    /// Progress lines that are drawn at once; the others are summed up.
    static let maximumLines = 4
    /// Files that came and are remembered for `/open`.
    private static let maximumStored = 1000

    mutating func add(_ offer: IncomingOffer) { offers.append(offer) }

    mutating func offered(_ number: OfferNumber, path: String) {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
        ours[number] = Describe.fileName(name ?? path)
    }

    /// An offer that was answered or taken back.
    mutating func settle(_ number: OfferNumber) {
        offers.removeAll { $0.number == number }
    }

    /// An offer of ours that was taken back.
    mutating func withdraw(_ number: OfferNumber) { ours[number] = nil }

    mutating func store(_ number: OfferNumber, name: SafeText, path: SafeText) {
        stored.append((number, name, path))
        if stored.count > Self.maximumStored { stored.removeFirst() }
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
        case .queued, .completed, .declined, .cancelled, .failed:
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

    /// The live lines of what is under way, at most so many.
    func live(_ people: People, lines: Int, columns: Int, _ width: CellWidth) -> [StyledText] {
        guard lines > 0, !running.isEmpty else { return [] }
        let most = min(lines, Self.maximumLines + 1)
        let isAll = running.count <= min(most, Self.maximumLines)
        let shown = running.prefix(isAll ? running.count : most - 1)
        var result = shown.map { $0.liveLine(people, columns: columns, width) }
        if !isAll {
            let rest = running.dropFirst(shown.count)
            let part = rest.reduce(0.0) { $0 + $1.fraction } / Double(rest.count)
            let more = StyledText(
                shown.isEmpty
                    ? "\(Describe.count(rest.count, "file")) under way, \(Int(part * 100))%"
                    : "and \(rest.count) more, \(Int(part * 100))%")
            result.append(more.fitting(columns: columns, width: width))
        }
        return result
    }
}

extension Transfers.Key {
    init(_ update: TransferUpdate) {
        self.init(
            number: update.number, direction: update.direction, peer: update.peer.attachment)
    }
}

extension TransferUpdate {
    /// From 0 to 1.
    var fraction: Double { size == 0 ? 1 : min(1, Double(bytes) / Double(size)) }

    private static let barWidth = 12
    /// Cells of a file's name, where there is room.
    private static let nameWidth = 28
    /// The longest time that is told, in seconds: a hundred hours less one.
    private static let longestTime = 359_999.0

    /// `1 ↓ report.pdf █████▌────── 43%  12.4 MB/s  1:07 left  from ann`
    func liveLine(_ people: People, columns: Int, _ width: CellWidth) -> StyledText {
        let arrow: SafeText = direction == .sending ? "↑" : "↓"
        let room = min(Self.nameWidth, max(4, columns / 3))
        let name = Describe.fileName(fileName).fitting(columns: room)
        var parts = Parts(separator: "  ")
        parts.add("\(number.number) \(arrow) \(name)", importance: 9)
        let waits = waits(people)
        if waits == nil { parts.add(bar, importance: 2) }
        parts.add("\(Int(fraction * 100))%", importance: 10)
        if let waits {
            parts.add(StyledText(waits, .warning), importance: 8)
        } else if let rate {
            parts.add("\(Describe.rate(rate))", importance: 3)
            if rate >= 1, bytes < size {
                let left = min(Double(size - bytes) / rate, Self.longestTime)
                parts.add("\(Describe.time(UInt64(left))) left", importance: 5)
            }
        }
        parts.add(StyledText(partner(people)), importance: 4)
        return parts.fitting(columns, width)
    }

    /// What it waits for, if for anything. The connection may not tell that the other end is gone; the
    /// room does.
    private func waits(_ people: People) -> SafeText? {
        if people.me != nil, people.person(peer.attachment)?.isAway ?? true {
            return "waiting for \(people.display(peer)) to come back"
        }
        return state == .waiting ? "waiting for the connection" : nil
    }

    private var bar: StyledText {
        let halves = Int(fraction * Double(Self.barWidth * 2))
        let full = ("█" as SafeText).repeated(halves / 2)
        let half: SafeText = halves % 2 == 1 ? "▌" : ""
        let rest = ("─" as SafeText).repeated(Self.barWidth - halves / 2 - halves % 2)
        return "\(full + half, .good)\(rest, .quiet)"
    }

    /// `1 receiving report.pdf from ann, 43% of 12.4 MB`
    func line(_ people: People) -> SafeText {
        let name = Describe.fileName(fileName)
        let waits: SafeText = waits(people).map { ", \($0)" } ?? ""
        return
            "\(number.number) \(verb) \(name) \(partner(people)), \(Int(fraction * 100))% of \(Describe.size(size))\(waits)"
    }

    var verb: SafeText { direction == .sending ? "sending" : "receiving" }

    /// `to ann` or `from ann`.
    func partner(_ people: People) -> SafeText {
        direction == .sending
            ? "to \(people.display(peer))" : "from \(people.display(peer))"
    }
}
