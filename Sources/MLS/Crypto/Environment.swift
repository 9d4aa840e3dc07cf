/// What an MLS client takes from the world around it: random bytes and the time of day. The library
/// has no clock of its own, and a test puts its own randomness in place.
///
/// Two draws are swift-crypto's own and cannot be replaced: the ephemeral key of an X-Wing
/// encapsulation and the nonce of an ECDSA signature.
public struct Environment: Sendable {
    /// The time in seconds since 1970-01-01T00:00:00Z.
    public let now: @Sendable () -> UInt64
    /// Gives so many random bytes, fit for keys.
    public let randomBytes: @Sendable (Int) -> [UInt8]

    /// An environment of this clock and this randomness; the system's generator if none is given.
    public init(
        now: @escaping @Sendable () -> UInt64,
        randomBytes: @escaping @Sendable (Int) -> [UInt8] = Environment.systemRandomBytes
    ) {
        self.now = now
        self.randomBytes = randomBytes
    }

    /// Random bytes of the system's generator.
    @Sendable public static func systemRandomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let word: UInt64 = generator.next()
            for shift in stride(from: 0, to: 64, by: 8) where bytes.count < count {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return bytes
    }

    /// A fresh random secret.
    func secret(_ count: Int) -> Secret {
        Secret(randomBytes(count))
    }
}
