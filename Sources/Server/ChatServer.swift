import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Transport
package import Wire

/// The server: relays and orders, and knows nothing of what it relays.
///
/// `start` opens its sockets; `run` does that too when it was not done, and returns when it was
/// stopped: by a graceful shutdown, by cancellation, or by `stop`.
package final class ChatServer: Service {
    private let configuration: ServerConfiguration
    private let shared: ServerShared
    private let eventLoops: [any EventLoop]
    private let running = Mutex<Running?>(nil)
    private let wasStarted = Atomic<Bool>(false)

    private struct Running: Sendable {
        var listeners: [any Channel]
        var loops: [NIOLoopBound<LoopState>]
    }

    /// The most of the agent's name that goes out.
    private static let agentBytes = FrameLimits.maximumAgent

    package init(configuration: ServerConfiguration) throws(ServerError) {
        self.configuration = configuration
        eventLoops = Array(configuration.group.makeIterator())
        let tls: ServerTLS
        do {
            tls = try ServerTLS(
                certificate: configuration.certificate, keyLog: configuration.keyLog)
        } catch {
            throw .tls(String(describing: error))
        }
        shared = ServerShared(
            limits: configuration.limits, tls: tls,
            store: configuration.store ?? EmbeddedRoomStore(limits: configuration.limits),
            agent: Array(configuration.agent.utf8.prefix(Self.agentBytes)),
            logger: configuration.logger, loopCount: eventLoops.count)
    }

    /// What links of this server carry.
    package var keyHash: ServerKeyHash { shared.tls.keyHash }

    /// Opens the sockets and serves from now on.
    ///
    /// - Returns: the addresses, those of open sockets first, with the ports that were taken.
    /// - Throws: `ServerError`.
    @discardableResult
    package func start() async throws -> [SocketAddress] {
        let isFirst = wasStarted.compareExchange(
            expected: false, desired: true, ordering: .relaxed
        ).exchanged
        guard isFirst else { throw ServerError.alreadyStarted }
        let loops = try await makeLoops()
        let listener = try await makeListener(loops)
        var listeners: [any Channel] = []
        do {
            let opened = try configuration.listen.map(ListeningSocket.init)
            for socket in configuration.sockets + opened {
                listeners.append(try await listener.accept(at: socket))
            }
        } catch {
            await close(listeners)
            await end(loops)
            throw error
        }
        running.withLock { $0 = Running(listeners: listeners, loops: loops) }
        let addresses = listeners.compactMap(\.localAddress)
        logStart(addresses)
        return addresses
    }

    private func logStart(_ addresses: [SocketAddress]) {
        let places = addresses.map { "\($0.ipAddress ?? "?") port \($0.port ?? 0)" }
        let fingerprint = keyHash.bytes.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        configuration.logger.notice(
            "started",
            metadata: [
                "listening": "\(places.joined(separator: ", "))",
                "key": "SHA256:\(fingerprint.joined())",
            ])
    }

    private func makeLoops() async throws -> [NIOLoopBound<LoopState>] {
        var loops: [NIOLoopBound<LoopState>] = []
        for (index, eventLoop) in eventLoops.enumerated() {
            let shared = self.shared
            let loop = try await eventLoop.submit {
                NIOLoopBound(
                    LoopState(shared: shared, index: index, eventLoop: eventLoop),
                    eventLoop: eventLoop)
            }.get()
            loops.append(loop)
        }
        for loop in loops {
            let loops = loops
            try await loop.eventLoop.submit { loop.value.start(peers: loops) }.get()
        }
        return loops
    }

    private func makeListener(_ loops: [NIOLoopBound<LoopState>]) async throws -> Listener {
        let limits = configuration.limits
        let possible = DescriptorLimit.connections(
            descriptors: DescriptorLimit.raise(), loops: eventLoops.count,
            reserve: limits.descriptorReserve)
        let maximum = min(limits.connections ?? possible, possible)
        let acceptLoop = eventLoops[0]
        let logger = configuration.logger
        let gate = try await acceptLoop.submit {
            NIOLoopBound(
                AcceptGate(limits: limits, maximum: maximum, logger: logger),
                eventLoop: acceptLoop)
        }.get()
        return Listener(
            acceptLoop: acceptLoop, group: configuration.group, gate: gate, loops: loops,
            tls: shared.tls)
    }

    /// Serves until a graceful shutdown or a cancellation, then stops.
    package func run() async throws {
        if !wasStarted.load(ordering: .relaxed) { try await start() }
        let listeners = running.withLock { $0?.listeners ?? [] }
        await withTaskCancellationOrGracefulShutdownHandler {
            for listener in listeners { try? await listener.closeFuture.get() }
        } onCancelOrGracefulShutdown: {
            for listener in listeners { listener.close(promise: nil) }
        }
        await stop()
    }

    /// Accepts no more, tells every client, waits until what was said is sent or time is up, closes.
    package func stop() async {
        let taken = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let running = taken else { return }
        configuration.logger.notice("stopping")
        await close(running.listeners)
        for loop in running.loops { loop.eventLoop.execute { loop.value.stop() } }
        let deadline = NIODeadline.now() + configuration.limits.shutdownTime
        for loop in running.loops {
            try? await loop.eventLoop.flatSubmit {
                loop.value.whenEmpty(until: deadline)
            }.get()
        }
        await end(running.loops)
        configuration.logger.notice("stopped")
    }

    private func close(_ listeners: [any Channel]) async {
        for listener in listeners { try? await listener.close() }
    }

    private func end(_ loops: [NIOLoopBound<LoopState>]) async {
        for loop in loops { try? await loop.eventLoop.submit { loop.value.end() }.get() }
    }

    /// Connections on all loops, for tests and for whoever hosts a server in the same process.
    package var connectionCount: Int {
        get async {
            let loops = running.withLock { $0?.loops ?? [] }
            var count = 0
            for loop in loops {
                let here = try? await loop.eventLoop.submit { loop.value.connectionCount }.get()
                count += here ?? 0
            }
            return count
        }
    }
}
