import Wire

@testable import Client

/// What a server does with what passes it on its way to and from people, who are called by name.
struct Lies {
    /// What comes to somebody in place of a frame.
    var down: (ServerFrame, String) -> [ServerFrame] = { frame, _ in [frame] }
    /// What of somebody's frames comes to the honest part of the server.
    var up: (ClientFrame, String) -> [ClientFrame] = { frame, _ in [frame] }
    /// The token under which somebody's end of a transfer is spliced.
    var token: (TransferToken, String) -> TransferToken = { token, _ in token }
    /// What comes to somebody in place of a piece of a stream.
    var stream: ([UInt8], TransferToken, String) -> [UInt8] = { bytes, _, _ in bytes }

    var links: [String: FakeLink] = [:]
    /// The last place in the log that each was shown.
    var last: [String: UInt64] = [:]
}

/// Connects one person to the fake server, through the lies.
struct LyingConnector: Connector {
    let server: FakeServer
    let name: String
    let lies: OnStage<Lies>

    func withLink<Result: Sendable>(
        _ body: @Sendable (any FrameLink) async throws -> Result
    ) async throws -> Result {
        try await FakeConnector(server).withLink { link in
            lies.value.links[name] = link as? FakeLink
            return try await body(LyingLink(link: link, name: name, lies: lies))
        }
    }

    func withTransfer<Result: Sendable>(
        token: TransferToken, access: AccessKey,
        _ body: @Sendable (any ByteLink) async throws -> Result
    ) async throws -> Result {
        let spliced = lies.value.token(token, name)
        return try await FakeConnector(server).withTransfer(token: spliced, access: access) {
            link in
            try await body(LyingByteLink(link: link, token: token, name: name, lies: lies))
        }
    }
}

private struct LyingLink: FrameLink {
    let link: any FrameLink
    let name: String
    let lies: OnStage<Lies>

    var serverKey: ServerKeyHash { link.serverKey }

    func receive() async throws -> [ServerFrame]? {
        while let frames = try await link.receive() {
            let shown = frames.flatMap { lies.value.down($0, name) }
            for frame in shown { note(frame) }
            if !shown.isEmpty { return shown }
        }
        return nil
    }

    private func note(_ frame: ServerFrame) {
        switch frame {
        case .entry(let entry): lies.value.last[name] = entry.sequence
        case .appended(let appended): lies.value.last[name] = appended.sequence
        case .attached(let attached): lies.value.last[name] = attached.position.sequence
        default: break
        }
    }

    func send(_ frames: [ClientFrame]) async throws {
        try await link.send(frames.flatMap { lies.value.up($0, name) })
    }
}

private struct LyingByteLink: ByteLink {
    let link: any ByteLink
    let token: TransferToken
    let name: String
    let lies: OnStage<Lies>

    func receive() async throws -> [UInt8]? {
        try await link.receive().map { lies.value.stream($0, token, name) }
    }

    func send(_ bytes: [UInt8]) async throws { try await link.send(bytes) }
}
