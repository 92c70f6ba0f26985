package import CHeaderTable

extension gw_header_field {
    static let hopByHopFlag: UInt8 = 1
    static let droppedFlag: UInt8 = 2

    /// Whether the field is about this connection only (RFC 9110 §7.6.1).
    package var isHopByHop: Bool { flags & Self.hopByHopFlag != 0 }
    /// Whether policy keeps the field from being forwarded and from being seen by filters.
    package var isDropped: Bool { flags & Self.droppedFlag != 0 }

    /// Offsets of the name from the first byte of the head.
    package var nameRange: Range<Int> { Int(name_start)..<Int(name_start) + Int(name_count) }
    /// Offsets of the value from the first byte of the head.
    package var valueRange: Range<Int> { Int(value_start)..<Int(value_start) + Int(value_count) }

    /// Which header it is, `unknown` for one that the gateway has no use for.
    package var knownHeader: KnownHeader { KnownHeader(rawValue: known) ?? .unknown }
}
