/// Why no more is read from the network.
struct ReadHolds: OptionSet {
    let rawValue: UInt8
    /// Too many frames.
    static let throttled = ReadHolds(rawValue: 1)
    /// Waits for the other end of a splice and has said enough.
    static let early = ReadHolds(rawValue: 2)
    /// The other end of the splice is slower.
    static let splice = ReadHolds(rawValue: 4)
    /// Its address has used its share of this turn of the loop.
    static let turn = ReadHolds(rawValue: 8)
}
