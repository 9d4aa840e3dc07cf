/// One connection of this process: which event loop it lives on, and its number there. Never zero.
package struct ConnectionID: Hashable, Sendable {
    /// Bits of the number; 2^48 connections are a million a second for nine years.
    private static let loopShift: UInt64 = 48
    private let value: UInt64

    package init(loop: Int, number: UInt64) {
        value = UInt64(loop) << Self.loopShift | number
    }

    /// The index of the connection's event loop.
    package var loop: Int { Int(value >> Self.loopShift) }
}
