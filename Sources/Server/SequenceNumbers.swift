/// The numbers that one log gives its entries: they begin anywhere and grow by random steps.
///
/// So they tell nothing of other rooms, and little of how much was said in this one: attaching to a
/// room shows the number of its last entry.
struct SequenceNumbers {
    /// Numbers begin below this, so that all of a log's are far below 2^53: programs that read them
    /// as floating-point numbers (JSON) see them whole.
    private static let startsBelow: UInt64 = 1 << 32
    /// Bits of a step. One draw of 64 random bits, which is a system call, makes 16 steps.
    private static let stepBits: UInt64 = 4
    /// The largest step from one entry to the next.
    static let largestStep: UInt64 = 1 << stepBits

    /// The last number given, or where the log began.
    private(set) var last: UInt64
    private var randomBits: UInt64 = 0
    private var stepsLeft: UInt64 = 0

    init() {
        var random = SystemRandomNumberGenerator()
        last = UInt64.random(in: 0..<Self.startsBelow, using: &random)
    }

    mutating func next() -> UInt64 {
        if stepsLeft == 0 {
            var random = SystemRandomNumberGenerator()
            randomBits = random.next()
            stepsLeft = 64 / Self.stepBits
        }
        last += 1 + randomBits % Self.largestStep
        randomBits >>= Self.stepBits
        stepsLeft -= 1
        return last
    }
}
