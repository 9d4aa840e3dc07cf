#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#elseif canImport(ucrt)
import ucrt
#endif

/// What an MLS client takes from the world around it: random bytes and the time of day. Tests
/// put their own in its place.
///
/// Two draws are swift-crypto's own and cannot be replaced: the ephemeral key of an X-Wing
/// encapsulation and the nonce of an ECDSA signature.
public struct Environment: Sendable {
    /// Gives so many random bytes, fit for keys.
    public let randomBytes: @Sendable (Int) -> [UInt8]
    /// The time in seconds since 1970-01-01T00:00:00Z.
    public let now: @Sendable () -> UInt64

    /// An environment of the caller's making.
    public init(
        randomBytes: @escaping @Sendable (Int) -> [UInt8], now: @escaping @Sendable () -> UInt64
    ) {
        self.randomBytes = randomBytes
        self.now = now
    }

    /// The system's generator and clock.
    public static let system = Environment(
        randomBytes: { count in
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
        },
        now: { UInt64(max(0, Int64(time(nil)))) })

    /// A fresh random secret.
    func secret(_ count: Int) -> Secret {
        Secret(randomBytes(count))
    }
}
