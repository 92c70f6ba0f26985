/// One series of one metric family in a word: the metric and up to three label ids.
///
/// Where a label's id goes is fixed: route, upstream, listener, worker and metric in `a`; method and target in `b`;
/// status, reason, state and outcome in `c`. Ids are those of the registry's interners, raw values of `EndReason` and
/// the like, or the status itself.
package struct SeriesKey: Hashable, Sendable {
    /// metric 8 bits, a 24, b 16, c 16; from the top.
    package let bits: UInt64

    @inlinable package init(bits: UInt64) { self.bits = bits }

    @inlinable package init(_ metric: GatewayMetric, a: UInt32 = 0, b: UInt16 = 0, c: UInt16 = 0) {
        bits = UInt64(metric.rawValue) << 56 | UInt64(a & 0xFF_FFFF) << 32 | UInt64(b) << 16 | UInt64(c)
    }

    /// The series that takes what its family has no room for.
    package static func overflow(_ metric: GatewayMetric) -> SeriesKey {
        SeriesKey(metric, a: LabelInterner.overflowID, b: .max, c: .max)
    }

    package var metric: GatewayMetric? { GatewayMetric(rawValue: UInt8(bits >> 56)) }
    package var a: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) & 0xFF_FFFF }
    package var b: UInt16 { UInt16(truncatingIfNeeded: bits >> 16) }
    package var c: UInt16 { UInt16(truncatingIfNeeded: bits) }
    package var isOverflow: Bool { bits & 0x00FF_FFFF_FFFF_FFFF == 0x00FF_FFFF_FFFF_FFFF }
}
