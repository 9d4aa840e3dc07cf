import Wire

@testable import Client

extension [RoomSession.Action] {
    var frames: [ClientFrame] {
        compactMap { if case .send(let frame) = $0 { frame } else { nil } }
    }

    var appends: [ClientFrame.Append] {
        frames.compactMap { if case .append(let append) = $0 { append } else { nil } }
    }

    /// What a server answers to the pings among them.
    var pongs: [ServerFrame] {
        frames.compactMap { if case .ping(let number) = $0 { .pong(number) } else { nil } }
    }

    var contents: [String] {
        compactMap {
            if case .news(.content(_, let bytes, _)) = $0 {
                String(decoding: bytes, as: UTF8.self)
            } else {
                nil
            }
        }
    }

    var notices: [String] {
        compactMap { if case .notice(let text) = $0 { text } else { nil } }
    }

    /// The last places of messages that are all in the log.
    var sent: [UInt64] {
        compactMap { if case .sent(_, let places) = $0 { places.max() } else { nil } }
    }
}
