/// Sizes that both ends of a connection keep to.
package enum FrameLimits {
    /// The version of the protocol that this code speaks.
    package static let protocolVersion: UInt16 = 1

    /// What TLS negotiates as the application protocol (ALPN).
    package static let applicationProtocol = "chatbox/1"

    /// The port of a server when a link names none.
    package static let defaultPort: UInt16 = 7667

    /// Bytes of the length in front of every frame.
    package static let headerSize = 4

    /// Bytes of a frame's body, its type included. A commit with a full path in a room of a thousand
    /// takes 1.2 MB with the post-quantum suite, and the ratchet tree beside a Welcome up to 2.6 MB;
    /// messages are far below, since clients split them.
    package static let maximumBody = 4 << 20

    /// Bytes of a frame's body before its sender has attached: an attach with a resume takes 200.
    package static let maximumBodyBeforeAttach = 512

    /// Bytes of one entry of kind `message`: small enough that no entry holds the others up for
    /// long, large enough that a 16 MiB message is a few hundred of them.
    package static let maximumMessage = 64 << 10

    /// Bytes of one entry of kind `commit` or of an answer: what a frame can hold, less room for its
    /// other fields.
    package static let maximumHandshake = maximumBody - 1024

    /// Bytes of a knock: some four times those with a post-quantum key package and the longest name,
    /// and few enough that two knocks do not fill a room's door.
    package static let maximumKnock = 16 << 10

    /// Knocks that one answer may serve: a batch of newcomers.
    package static let maximumKnocksPerAnswer = 256

    /// Bytes of the sentence with which a program names itself.
    package static let maximumAgent = 64

    /// People in a room; the list of them comes in one frame, 9 bytes each.
    package static let maximumRoster = 100_000
}
