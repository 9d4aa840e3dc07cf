/// What the maker of a room chose for it. It travels in the link, so that everybody who comes, the
/// first of them above all, goes by the same choice.
package struct RoomOptions: Hashable, Sendable {
    /// The cipher suite of the room's MLS group, by its code point.
    package let suite: UInt16
    /// Whether newcomers wait until a member lets them in.
    package let needsApproval: Bool

    /// The code point of the post-quantum hybrid of ML-KEM-768 and X25519: private use, since none
    /// is registered yet.
    package static let hybridSuite: UInt16 = 0xF002

    /// The suites that a link can name: the hybrid and, of RFC 9420, those without the curve 448.
    package static let suites: [UInt16] = [hybridSuite, 1, 2, 3, 5, 7]

    /// What a link that says nothing else means: the hybrid suite, and whoever has the link comes in.
    package static let `default` = RoomOptions()

    /// - Precondition: `suite` is one of `suites`.
    package init(suite: UInt16 = hybridSuite, needsApproval: Bool = false) {
        precondition(Self.suites.contains(suite), "a link has no number for this suite")
        self.suite = suite
        self.needsApproval = needsApproval
    }

    /// The bit that says whether newcomers need approval.
    private static let approvalBit: UInt8 = 0x10
    /// The bits of the suite's number; 0 is the hybrid. The bits beyond both are kept for later.
    private static let suiteBits: UInt8 = 0x0f

    /// As a link says it.
    var byte: UInt8 {
        let number = suite == Self.hybridSuite ? 0 : UInt8(suite)
        return number | (needsApproval ? Self.approvalBit : 0)
    }

    /// Nil for a byte that means nothing to this version.
    init?(byte: UInt8) {
        guard byte & ~(Self.approvalBit | Self.suiteBits) == 0 else { return nil }
        let number = UInt16(byte & Self.suiteBits)
        let suite = number == 0 ? Self.hybridSuite : number
        guard Self.suites.contains(suite) else { return nil }
        self.init(suite: suite, needsApproval: byte & Self.approvalBit != 0)
    }
}
