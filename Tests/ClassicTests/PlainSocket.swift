import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

private func openSocket() throws -> Int32 {
    #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue)
    #else
        let stream = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, stream, 0)
    guard descriptor >= 0 else { throw SocketFailure() }
    return descriptor
}

struct SocketFailure: Error {}

private func withLoopback(
    _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
    }
    guard result == 0 else { throw SocketFailure() }
}

/// A connection that does only what it is told, and reads nothing.
final class PlainClient {
    private let descriptor: Int32
    private var isOpen = true

    init(port: Int) throws {
        let descriptor = try openSocket()
        self.descriptor = descriptor
        try withLoopback(port) { connect(descriptor, $0, $1) }
    }

    deinit { close() }

    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, noSignal)
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        closeDescriptor(descriptor)
    }
}

#if canImport(Darwin)
    private let noSignal: Int32 = 0
#else
    private let noSignal = Int32(MSG_NOSIGNAL)
#endif

private func closeDescriptor(_ number: Int32) { _ = close(number) }

/// Accepts one connection, when it comes, and says something.
final class PlainListener {
    let port: Int
    private let descriptor: Int32

    init(says bytes: [UInt8]) throws {
        let descriptor = try openSocket()
        self.descriptor = descriptor
        try withLoopback(0) { bind(descriptor, $0, $1) }
        guard listen(descriptor, 1) == 0 else { throw SocketFailure() }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &size)
            }
        }
        guard result == 0 else { throw SocketFailure() }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard !bytes.isEmpty else { return }
        Thread.detachNewThread {
            let connection = accept(descriptor, nil, nil)
            guard connection >= 0 else { return }
            _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, noSignal) }
            // Until the other end leaves.
            var byte: UInt8 = 0
            _ = recv(connection, &byte, 1, 0)
            closeDescriptor(connection)
        }
    }

    deinit { closeDescriptor(descriptor) }

    /// A port at which nobody listens any more.
    func portAfterClosing() -> Int {
        shutdown(descriptor, Int32(SHUT_RDWR))
        return port
    }
}
