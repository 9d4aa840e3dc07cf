/// SHAKE256 (FIPS 202), for X-Wing's DeriveKeyPair alone: swift-crypto does not offer it.
enum SHAKE256 {
    /// Bytes absorbed per permutation.
    private static let rate = 136

    static func hash(_ input: [UInt8], count: Int) -> [UInt8] {
        var state = [UInt64](repeating: 0, count: 25)
        var padded = input
        padded.append(0x1f)
        padded.append(contentsOf: repeatElement(0, count: (rate - padded.count % rate) % rate))
        padded[padded.count - 1] |= 0x80
        for block in stride(from: 0, to: padded.count, by: rate) {
            for index in 0..<rate {
                state[index / 8] ^= UInt64(padded[block + index]) << UInt64(index % 8 * 8)
            }
            permute(&state)
        }
        var output: [UInt8] = []
        while output.count < count {
            if !output.isEmpty, output.count % rate == 0 { permute(&state) }
            let index = output.count % rate
            output.append(UInt8(truncatingIfNeeded: state[index / 8] >> UInt64(index % 8 * 8)))
        }
        padded.wipe()
        return output
    }

    /// Keccak-f[1600].
    private static func permute(_ a: inout [UInt64]) {
        var lfsr: UInt8 = 1
        for _ in 0..<24 {
            // theta
            var c = [UInt64](repeating: 0, count: 5)
            for index in 0..<25 { c[index % 5] ^= a[index] }
            for x in 0..<5 {
                let d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1)
                for y in 0..<5 { a[x + 5 * y] ^= d }
            }
            // rho and pi
            var (x, y, current) = (1, 0, a[1])
            for step in 0..<24 {
                (x, y) = (y, (2 * x + 3 * y) % 5)
                let next = a[x + 5 * y]
                a[x + 5 * y] = rotate(current, UInt64((step + 1) * (step + 2) / 2 % 64))
                current = next
            }
            // chi
            for y in stride(from: 0, to: 25, by: 5) {
                let row = Array(a[y..<y + 5])
                for x in 0..<5 { a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]) }
            }
            // iota: the round constants are the output of a linear feedback shift register.
            for bit in 0..<7 {
                if lfsr & 1 == 1 { a[0] ^= 1 << UInt64((1 << bit) - 1) }
                lfsr = lfsr & 0x80 == 0 ? lfsr << 1 : lfsr << 1 ^ 0x71
            }
        }
    }

    private static func rotate(_ word: UInt64, _ by: UInt64) -> UInt64 {
        by == 0 ? word : word << by | word >> (64 - by)
    }
}
