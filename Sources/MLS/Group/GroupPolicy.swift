/// What the application decides for a group; nothing of it is on the wire.
public struct GroupPolicy: Sendable, Equatable {
    /// Which lifetimes of key packages are accepted.
    public var lifetimes: LifetimePolicy
    /// How far messages may come out of order.
    public var ratchets: RatchetPolicy
    /// How private messages are padded.
    public var padding: PaddingPolicy
    /// How long messages of earlier epochs stay readable.
    public var pastEpochs: PastEpochPolicy
    /// How many epochs' `resumption_psk` are kept (RFC 9420 section 8.6).
    public var resumptionKeysKept: Int
    /// Whether our proposals and commits go out encrypted, as section 6 recommends, or public.
    public var encryptsHandshakes: Bool
    /// Whether GroupInfos and leaves of ours carry random unknown values (section 13.5).
    public var greases: Bool

    /// A policy; what is left out is the standard.
    public init(
        lifetimes: LifetimePolicy = .standard, ratchets: RatchetPolicy = .standard,
        padding: PaddingPolicy = .padme, pastEpochs: PastEpochPolicy = .standard,
        resumptionKeysKept: Int = 8, encryptsHandshakes: Bool = true, greases: Bool = true
    ) {
        self.lifetimes = lifetimes
        self.ratchets = ratchets
        self.padding = padding
        self.pastEpochs = pastEpochs
        self.resumptionKeysKept = resumptionKeysKept
        self.encryptsHandshakes = encryptsHandshakes
        self.greases = greases
    }
}

/// How long the message keys of earlier epochs are kept, for messages that cross a commit. Each
/// epoch kept is one that a thief of the state can read.
public struct PastEpochPolicy: Sendable, Equatable {
    /// How many epochs.
    public var count: Int
    /// How many seconds after an epoch ended.
    public var seconds: UInt64

    /// A policy of these two.
    public init(count: Int, seconds: UInt64) {
        self.count = count
        self.seconds = seconds
    }

    /// Four epochs, ten minutes: enough for what is under way while several people join at once.
    public static let standard = PastEpochPolicy(count: 4, seconds: 600)
}
