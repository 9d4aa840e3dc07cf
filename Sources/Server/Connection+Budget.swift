import Logging
import NIOCore
import NIOSSL
import Wire

/// What is held for a connection, and what happens when it is too much.
extension Connection {
    /// What is delivered has to wait.
    var isWaiting: Bool { outbox != nil || context?.channel.isWritable != true }

    /// How much of an account goes when this connection is cut off; nil when it is of another.
    func weight(in account: QueueAccount) -> QueueWeight? {
        guard charged.counts(in: account) else { return nil }
        return QueueWeight(connection: id, bytes: charged.bytes + (outbox?.sharedBytes ?? 0))
    }

    /// More waits for this client than may, or it reads nothing.
    func cutOff(_ outbox: Outbox) {
        loop.shared.logger.notice(
            "a slow reader was cut off", metadata: ["queued": "\(outbox.cost)"])
        goodbye(.tooSlow)
    }

    /// More is held for this connection than for others, and for all together too much.
    func cutForOthers() {
        let isStuck = context?.channel.isWritable == false
        goodbye(.tooSlow)
        guard isStuck, let context else { return }
        // TLS's goodbye would wait behind what the network does not take.
        let tls = try? context.pipeline.syncOperations.context(
            handlerType: NIOSSLServerHandler.self)
        tls?.close(promise: nil)
    }
}
