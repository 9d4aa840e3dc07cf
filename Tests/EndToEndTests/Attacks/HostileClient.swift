import Crypto
import NIOCore
import TLSSyntax
import TestSupport
import Wire

/// Somebody who has a room's link, or only the server's address, and was never let into a group: a
/// raw connection of the protocol, and what is needed to say in it what no honest client would.
///
/// It grows with the attacks that are tried; one file tests each kind of harm.
struct HostileClient: Sendable {
    let connection: TestClient
    let attached: ServerFrame.Attached
    let access: AccessKey

    /// Attaches to the room of a link.
    ///
    /// - Parameters:
    ///   - receiveBuffer: bytes that the kernel keeps for it while it does not read.
    ///   - source: the address of this machine that it comes from.
    init(
        _ link: World.RoomLink, resume: ClientFrame.Resume? = nil, receiveBuffer: Int? = nil,
        source: String? = nil
    ) async throws {
        let link = try Link(parsing: link.text)
        try await self.init(
            port: link.address.port, access: link.secret.accessKey, resume: resume,
            receiveBuffer: receiveBuffer, source: source)
    }

    /// Attaches to a room of its own: whoever reaches the server can.
    init(strangerAt server: World.Server, receiveBuffer: Int? = nil) async throws {
        try await self.init(
            port: server.port, access: RoomSecret().accessKey, receiveBuffer: receiveBuffer)
    }

    init(
        port: UInt16, access: AccessKey, resume: ClientFrame.Resume? = nil,
        receiveBuffer: Int? = nil, source: String? = nil
    ) async throws {
        connection = try await TestClient.connect(
            try SocketAddress(ipAddress: "127.0.0.1", port: Int(port)),
            receiveBuffer: receiveBuffer, source: source)
        self.access = access
        attached = try await connection.attach(access, resume: resume)
    }

    /// What it comes back with.
    var resume: ClientFrame.Resume {
        ClientFrame.Resume(
            attachment: attached.attachment, token: attached.token, after: attached.position)
    }

    /// Appends something, and does not wait for the answer.
    func append(_ payload: [UInt8], kind: EntryKind = .message, epoch: UInt64 = 0) async throws {
        try await connection.send(
            .append(.init(id: .random(), kind: kind, epoch: epoch, payload: payload)))
    }

    /// The group id of the first message of a member that comes.
    func groupID() async throws -> [UInt8] {
        while let frame = try await connection.next() {
            guard case .entry(let entry) = frame, entry.kind == .message else { continue }
            var reader = TLSReader(entry.payload)
            let version: UInt16 = try reader.read()
            let format: UInt16 = try reader.read()
            guard version == 1, format == 2 else { continue }
            return try reader.readOpaque()
        }
        throw Unexpected(frame: nil)
    }

    /// A PrivateMessage (RFC 9420 section 6.3) that nobody sealed.
    static func forgedMessage(group: [UInt8], epoch: UInt64, size: Int = 200) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in generator.next() } }
        var writer = TLSWriter()
        writer.write(UInt16(1))
        writer.write(UInt16(2))
        writer.writeOpaque(group)
        writer.write(epoch)
        writer.write(UInt8(1))
        writer.writeOpaque([])
        writer.writeOpaque(noise(28))
        writer.writeOpaque(noise(size))
        return writer.bytes
    }
}
