/// Times in nanoseconds, counted in 32 steps per power of two.
struct Histogram {
    private var counts = [UInt64](repeating: 0, count: 64 * 32)
    private var total: UInt64 = 0

    mutating func add(_ nanoseconds: UInt64) {
        let value = max(32, nanoseconds)
        let exponent = 63 - value.leadingZeroBitCount
        counts[exponent * 32 + Int(value >> UInt64(exponent - 5) & 31)] += 1
        total += 1
    }

    /// The time in microseconds that this part of all times is below; 0 without any.
    func quantile(_ part: Double) -> Double {
        let wanted = UInt64(part * Double(total))
        var seen: UInt64 = 0
        for (index, count) in counts.enumerated() {
            seen += count
            if seen > wanted {
                return Double(UInt64(1) << UInt64(index / 32))
                    * (1 + (Double(index % 32) + 0.5) / 32) / 1e3
            }
        }
        return 0
    }
}
