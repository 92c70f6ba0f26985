import Bytes

extension Method {
    /// The method whose token stands at `start`; tokens are compared with case (RFC 9110 §9.1).
    @inline(__always)
    static func find(_ bytes: Span<UInt8>, at start: Int, count: Int) -> Method {
        guard count <= 7 else { return .other }
        switch ByteWord.partial(bytes, at: start, count: count) {
        case 0x54_4547: return .get
        case 0x4441_4548: return .head
        case 0x5453_4F50: return .post
        case 0x54_5550: return .put
        case 0x4554_454C_4544: return .delete
        case 0x54_4345_4E4E_4F43: return .connect
        case 0x53_4E4F_4954_504F: return .options
        case 0x45_4341_5254: return .trace
        case 0x48_4354_4150: return .patch
        default: return .other
        }
    }
}
