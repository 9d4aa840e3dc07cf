import Wire

/// Whatever was pasted is refused with a sentence or is a link, and a link that was read and
/// written is read again as the same one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do throws(LinkError) {
        let link = try Link(parsing: text)
        precondition(link.text.utf8.count <= Link.maximumLength, "a link longer than links are")
        let again = try Link(parsing: link.text)
        precondition(again == link, "a link changed on its way")
    } catch {
        precondition(!error.sentence.isEmpty, "a refusal without a sentence")
    }
    return 0
}
