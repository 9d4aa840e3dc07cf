/// What a capture says about conversations of the original protocol.
package struct CaptureReport: Sendable {
    package var conversations: [Conversation] = []
    package var packets = 0
    package var connections = 0
    /// Connections that began as TLS does.
    package var tlsConnections = 0
    /// Packets that were left out: parts of cut ones, and those of an unknown kind of link.
    package var fragments = 0
    package var unknownLinks = 0
    /// True when the file ends in the middle of a packet.
    package var endsEarly = false
    /// Why the rest of the file was not read.
    package var error: CaptureError?
    /// True when something was left out for its amount (`CaptureLimits`).
    package var isOverLimit = false

    /// What one server passed on under one key.
    package struct Conversation: Sendable {
        package let server: Endpoint
        package let clients: [Endpoint]
        package let key: Key
        /// Clients whose connections ended by reset.
        package let resets: Int
        /// In the order in which they were captured.
        package let utterances: [Utterance]
    }

    package enum Key: Hashable, Sendable {
        /// The number stood in the capture.
        case seen(number: UInt8)
        /// All 256 were tried.
        case searched(KeySearch.Result, Duration)
        /// Nothing was said.
        case unknown

        package var key: ClassicKey? {
            switch self {
            case .seen(let number): ClassicKey(number: number)
            case .searched(let result, _): result.key
            case .unknown: nil
            }
        }
    }

    /// Something that somebody said or sent.
    package struct Utterance: Hashable, Sendable {
        /// Nanoseconds since the capture's first packet.
        package let time: Int64
        /// Who sent it; nil when only what the server passed on is in the capture.
        package let sender: Endpoint?
        package let content: Content
    }

    package enum Content: Hashable, Sendable {
        /// The text, in parts between which bytes are missing.
        case message([Part])
        /// The beginning of a file.
        case file(sender: [UInt8], name: [UInt8], size: UInt64)
        /// A piece of a file whose beginning is missing.
        case unreadable
    }

    package enum Part: Hashable, Sendable {
        case bytes([UInt8])
        case missing(Int)
    }
}
