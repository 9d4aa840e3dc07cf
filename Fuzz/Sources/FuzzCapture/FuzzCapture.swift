import Classic

/// The first byte says how the capture comes: in pieces of this size, 0 for all at once. Whatever it
/// is, it is read without harm, the same in any pieces, and says no more than fits into it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    let file = Array(input.dropFirst())
    let inPieces = report(of: file, pieceSize: first == 0 ? file.count : Int(first))
    let atOnce = report(of: file, pieceSize: file.count)
    precondition(inPieces.packets == atOnce.packets, "packets depend on how their bytes came")
    precondition(inPieces.error == atOnce.error, "errors depend on how bytes came")
    let said = messages(in: atOnce)
    precondition(said == messages(in: inPieces), "what was said depends on how bytes came")
    precondition(said.joined().count <= file.count, "more was said than the capture holds")
    return 0
}

private func report(of file: [UInt8], pieceSize: Int) -> CaptureReport {
    var decoder = CaptureDecoder()
    var rest = file[...]
    while !rest.isEmpty {
        let piece = rest.prefix(max(1, pieceSize))
        rest = rest.dropFirst(piece.count)
        if !decoder.add(Array(piece)) { break }
    }
    return decoder.finish()
}

/// The bytes of all messages.
private func messages(in report: CaptureReport) -> [[UInt8]] {
    report.conversations.flatMap(\.utterances).map { utterance in
        guard case .message(let parts) = utterance.content else { return [] }
        return parts.flatMap { part -> [UInt8] in
            if case .bytes(let bytes) = part { return bytes }
            return []
        }
    }
}
