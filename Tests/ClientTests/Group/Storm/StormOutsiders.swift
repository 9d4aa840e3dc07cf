import MLS
import Wire

@testable import Client

/// Connections that have the link and are never let in.
extension Storm {
    /// So many at once.
    private static let crowdOutside = 4
    private static let firstOutsider = 1_000_000

    /// Somebody outside comes, says something that looks like a later epoch, offers to let others in and
    /// does not, or goes.
    func disturb(_ inside: [StormClient]) {
        let room = rooms.count - 1
        var server = rooms[room].server
        if outsiders.count < Self.crowdOutside {
            let connection = (outsiders.last ?? Self.firstOutsider) + 1
            outsiders.append(connection)
            server.attach(connection, resume: nil, now: now)
        }
        guard let outsider = outsiders.randomElement(using: &random) else { return }
        note("outsider \(outsider)")
        switch Int.random(in: 0..<6, using: &random) {
        case 0: server.receive(.ready(true), from: outsider, now: now)
        case 1: server.lost(outsider, now: now)
        case 2: server.receive(.leave, from: outsider, now: now)
        default:
            guard let payload = farMessage(inside.filter { $0.room == room }) else { return }
            let append = ClientFrame.Append(
                id: .random(using: &random), kind: .message, epoch: 0, payload: payload)
            server.receive(.append(append), from: outsider, now: now)
        }
        rooms[room].server = server
        flush(room: room)
    }

    /// Like a message of the members' group in a later epoch.
    private func farMessage(_ inside: [StormClient]) -> [UInt8]? {
        guard let membership = inside.randomElement(using: &random)?.group.membership,
            case .privateMessage(var message)? = try? membership.group.encrypt([1, 2, 3])
        else { return nil }
        message.epoch = chance(50) ? 1 << 63 : message.epoch + 1
        return MLSMessage.privateMessage(message).bytes
    }

    func sendAwayOutsiders() {
        for room in rooms.indices {
            for outsider in outsiders {
                rooms[room].server.receive(.leave, from: outsider, now: now)
            }
            flush(room: room)
        }
        outsiders = []
    }
}
