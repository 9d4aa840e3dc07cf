import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One client as the server knows it.
final class ClassicGuest: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let channel: any Channel
    private let hall: ClassicHall
    var cutter = ClassicCutter()

    init(channel: any Channel, hall: ClassicHall) {
        self.channel = channel
        self.hall = hall
    }

    func channelActive(context: ChannelHandlerContext) {
        guard hall.enter(self) else { return context.close(promise: nil) }
        let line = ClassicKeyLine.encode(number: hall.number)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: line)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        cutter.append(unwrapInboundIn(data).readableBytesView)
    }

    func channelReadComplete(context: ChannelHandlerContext) { hall.deliver() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { hall.becomesQuick(self) } else { hall.becomesSlow(self) }
    }

    func channelInactive(context: ChannelHandlerContext) { hall.depart(self) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func write(_ buffer: ByteBuffer) { channel.write(buffer, promise: nil) }

    func setReading(_ isReading: Bool) {
        _ = channel.setOption(.autoRead, value: isReading)
    }

    /// Closes without a goodbye: with no time to linger, the kernel sends a reset and drops what was
    /// still to be sent.
    func reset() {
        let atOnce = linger(l_onoff: 1, l_linger: 0)
        _ = (channel as? any SocketOptionProvider)?.setSoLinger(atOnce)
        channel.close(promise: nil)
    }
}
