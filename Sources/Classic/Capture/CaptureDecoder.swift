/// Finds conversations of the original protocol in a capture that comes in pieces.
package struct CaptureDecoder: Sendable {
    private var reader = CaptureReader()
    private var table = ConnectionTable()
    private var report = CaptureReport()
    private var firstTime: UInt64?

    package init() {}

    /// False when the rest of the file need not be read.
    package mutating func add(_ bytes: [UInt8]) -> Bool {
        guard report.error == nil else { return false }
        reader.append(bytes)
        do throws(CaptureError) {
            while let packet = try reader.next() { take(packet) }
            return true
        } catch {
            report.error = error
            return false
        }
    }

    /// What was found.
    package mutating func finish() -> CaptureReport {
        table.finish()
        report.endsEarly = report.error == nil && reader.waiting > 0
        if report.packets == 0, report.endsEarly { report.error = .notACapture }
        report.connections = table.connections.count
        report.tlsConnections = table.connections.count { $0.isTLS }
        report.isOverLimit = table.isOverLimit
        report.conversations = ConversationFinder(table, start: firstTime ?? 0).conversations()
        return report
    }

    private mutating func take(_ packet: CapturedPacket) {
        report.packets += 1
        firstTime = firstTime ?? packet.time
        guard LinkLayer.isKnown(packet.linkType) else {
            report.unknownLinks += 1
            return
        }
        guard let bytes = LinkLayer.ipPacket(in: packet) else { return }
        switch IPContent(ipPacket: bytes) {
        case .segment(let segment): table.add(segment, time: packet.time)
        case .fragment: report.fragments += 1
        case .other: break
        }
    }
}
