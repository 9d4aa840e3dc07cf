/// The newer file format of Wireshark (draft-ietf-opsawg-pcapng): blocks, each with its type and
/// length. Sections begin anew with a byte order and interfaces of their own.
struct PcapngFormat: Sendable {
    static let magic: [UInt8] = [0x0A, 0x0D, 0x0D, 0x0A]
    /// Type, length, and the length again.
    private static let frameSize = 12

    private var isLittleEndian = true
    private var interfaces: [Interface] = []

    private struct Interface: Sendable {
        var linkType: UInt16
        /// Bytes kept of a packet; 0 for all.
        var snapLength: UInt32
        var clock = PcapngClock()
    }

    private enum Block {
        static let section: UInt32 = 0x0A0D_0D0A
        static let interface: UInt32 = 1
        static let oldPacket: UInt32 = 2
        static let simplePacket: UInt32 = 3
        static let packet: UInt32 = 6
    }

    mutating func next(_ bytes: ArraySlice<UInt8>) throws(CaptureError) -> CaptureStep {
        guard bytes.count >= Self.frameSize else { return .needsMore }
        if bytes.starts(with: Self.magic) {
            isLittleEndian = try Self.byteOrder(bytes)
            interfaces = []
        }
        let fields = Fields(bytes: bytes, isLittleEndian: isLittleEndian)
        guard let type = fields.uint32(0), let length = fields.uint32(4) else { return .needsMore }
        let size = Int(length)
        guard size >= Self.frameSize, size.isMultiple(of: 4), size <= CaptureLimits.maximumBlock
        else { throw .damaged }
        guard let body = fields.slice(8, size - Self.frameSize), fields.slice(0, size) != nil
        else { return .needsMore }
        guard fields.uint32(size - 4) == length else { throw .damaged }
        guard let packet = try read(type, Fields(bytes: body, isLittleEndian: isLittleEndian))
        else { return .skip(size) }
        return .packet(packet, size)
    }

    private static func byteOrder(_ bytes: ArraySlice<UInt8>) throws(CaptureError) -> Bool {
        switch Fields(bytes: bytes).uint32(8) {
        case 0x1A2B_3C4D: false
        case 0x4D3C_2B1A: true
        default: throw .damaged
        }
    }

    private mutating func read(
        _ type: UInt32, _ body: Fields
    ) throws(CaptureError) -> CapturedPacket? {
        switch type {
        case Block.interface:
            try addInterface(body)
            return nil
        case Block.packet:
            guard let interface = body.uint32(0) else { throw .damaged }
            return try packet(Int(interface), body)
        case Block.oldPacket:
            // The same, but for a count of drops in half of the interface's place.
            guard let interface = body.uint16(0) else { throw .damaged }
            return try packet(Int(interface), body)
        case Block.simplePacket: return try simplePacket(body)
        default: return nil
        }
    }

    private mutating func addInterface(_ body: Fields) throws(CaptureError) {
        guard let linkType = body.uint16(0), let snapLength = body.uint32(4),
            interfaces.count < CaptureLimits.maximumInterfaces, let options = body.slice(8)
        else { throw .damaged }
        var interface = Interface(linkType: linkType, snapLength: snapLength)
        interface.clock.read(Fields(bytes: options, isLittleEndian: isLittleEndian))
        interfaces.append(interface)
    }

    private func packet(_ number: Int, _ body: Fields) throws(CaptureError) -> CapturedPacket {
        guard number < interfaces.count, let high = body.uint32(4), let low = body.uint32(8),
            let count = body.uint32(12), let data = body.slice(20, Int(count)),
            count <= CaptureLimits.maximumPacket
        else { throw .damaged }
        let time = interfaces[number].clock.nanoseconds(UInt64(high) << 32 | UInt64(low))
        return CapturedPacket(time: time, linkType: interfaces[number].linkType, bytes: data)
    }

    /// A packet of the first interface, without a time.
    private func simplePacket(_ body: Fields) throws(CaptureError) -> CapturedPacket {
        guard let interface = interfaces.first, let original = body.uint32(0),
            let rest = body.slice(4)
        else { throw .damaged }
        let limit = interface.snapLength == 0 ? original : min(original, interface.snapLength)
        let data = rest.prefix(Int(limit))
        guard data.count <= CaptureLimits.maximumPacket else { throw .damaged }
        return CapturedPacket(time: 0, linkType: interface.linkType, bytes: data)
    }
}

/// How an interface of a pcapng file counts time.
struct PcapngClock: Sendable {
    private static let resolutionOption: UInt16 = 9
    private static let offsetOption: UInt16 = 14
    private static let billion: UInt64 = 1_000_000_000

    /// A power of ten, or with the highest bit set of two, by which a second is divided.
    private var resolution: UInt8 = 6
    /// Seconds to be added.
    private var offset: UInt64 = 0

    /// Takes what the options of an interface say about time.
    mutating func read(_ options: Fields) {
        var place = 0
        while let code = options.uint16(place), let length = options.uint16(place + 2), code != 0 {
            switch code {
            case Self.resolutionOption where length == 1:
                resolution = options.byte(place + 4) ?? resolution
            case Self.offsetOption where length == 8:
                let halves = (options.uint32(place + 4) ?? 0, options.uint32(place + 8) ?? 0)
                let (high, low) = options.isLittleEndian ? (halves.1, halves.0) : halves
                offset = UInt64(high) << 32 | UInt64(low)
            default: break
            }
            place += 4 + (Int(length) + 3) & ~3
        }
    }

    /// What a count means; nonsense wraps around, since a capture may say anything.
    func nanoseconds(_ ticks: UInt64) -> UInt64 {
        let exponent = Int(resolution & 0x7F)
        let since: UInt64
        if resolution & 0x80 != 0 {
            let (high, low) = ticks.multipliedFullWidth(by: Self.billion)
            since =
                exponent < 64 ? high << (64 - exponent) | low >> exponent : high >> (exponent - 64)
        } else if exponent <= 9 {
            since = ticks &* Self.power(9 - exponent)
        } else {
            // Below a tenth of a nanosecond to the tenth power, every count of 64 bits is nothing.
            since = exponent <= 28 ? ticks / Self.power(exponent - 9) : 0
        }
        return since &+ offset &* Self.billion
    }

    /// A power of ten; up to the nineteenth fit.
    private static func power(_ exponent: Int) -> UInt64 {
        (0..<exponent).reduce(1) { value, _ in value * 10 }
    }
}
