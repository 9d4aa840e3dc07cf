/// The classic file format of libpcap: a header, then packets, all in the writer's byte order.
struct PcapFormat: Sendable {
    static let headerSize = 24
    private static let recordSize = 16
    private static let microseconds: UInt32 = 0xA1B2_C3D4
    private static let nanoseconds: UInt32 = 0xA1B2_3C4D

    private let isLittleEndian: Bool
    /// Nanoseconds of the smaller part of a time.
    private let fraction: UInt64
    private let linkType: UInt16

    static func hasMagic(_ head: ArraySlice<UInt8>) -> Bool { magic(head) != nil }

    private static func magic(
        _ head: ArraySlice<UInt8>
    ) -> (isLittleEndian: Bool, fraction: UInt64)? {
        for isLittleEndian in [true, false] {
            switch Fields(bytes: head, isLittleEndian: isLittleEndian).uint32(0) {
            case microseconds: return (isLittleEndian, 1000)
            case nanoseconds: return (isLittleEndian, 1)
            default: break
            }
        }
        return nil
    }

    init(header: ArraySlice<UInt8>) throws(CaptureError) {
        guard let magic = Self.magic(header) else { throw .notACapture }
        isLittleEndian = magic.isLittleEndian
        fraction = magic.fraction
        let fields = Fields(bytes: header, isLittleEndian: isLittleEndian)
        guard fields.uint16(4) == 2, let network = fields.uint32(20) else { throw .damaged }
        // The upper half says how long frame check sequences are; IP's own length leaves them out.
        linkType = UInt16(truncatingIfNeeded: network)
    }

    func next(_ bytes: ArraySlice<UInt8>) throws(CaptureError) -> CaptureStep {
        let fields = Fields(bytes: bytes, isLittleEndian: isLittleEndian)
        guard let seconds = fields.uint32(0), let rest = fields.uint32(4),
            let count = fields.uint32(8), fields.uint32(12) != nil
        else { return .needsMore }
        guard count <= CaptureLimits.maximumPacket else { throw .damaged }
        guard let data = fields.slice(Self.recordSize, Int(count)) else { return .needsMore }
        let time = UInt64(seconds) * 1_000_000_000 + UInt64(rest) * fraction
        let packet = CapturedPacket(time: time, linkType: linkType, bytes: data)
        return .packet(packet, Self.recordSize + Int(count))
    }
}
