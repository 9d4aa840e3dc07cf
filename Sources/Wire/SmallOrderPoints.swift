/// The points of edwards25519 whose order divides 8. Under such an Ed25519 key anybody can make a
/// signature that holds, so it proves nothing.
///
/// RFC 8032 section 5.1.3 leaves two encodings of some of them open; both are known here.
enum SmallOrderPoints {
    /// Their y coordinates, little-endian: 0, 1 and -1, the two of order 8, and p and p + 1, which
    /// are 0 and 1 once more.
    private static let ordinates: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32),
        [1] + [UInt8](repeating: 0, count: 31),
        [0xec] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
        [0xed] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [0xee] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
    ]

    /// Every encoding of one of them: each ordinate with both signs of x.
    static var encodings: [[UInt8]] {
        ordinates.flatMap { [$0, $0.dropLast() + [($0.last ?? 0) | 0x80]] }
    }

    /// Whether a public key is one of them.
    static func contain(_ publicKey: [UInt8]) -> Bool {
        guard let last = publicKey.last else { return false }
        let ordinate = publicKey.dropLast() + [last & 0x7f]
        return ordinates.contains { $0.elementsEqual(ordinate) }
    }
}
