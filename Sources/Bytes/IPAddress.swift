/// An IPv4 or IPv6 address as a value.
///
/// IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2) become IPv4 on creation, so that `::ffff:10.0.0.1` and `10.0.0.1`
/// are one client to every list, limit and log.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Network order: the first eight and the last eight bytes of the IPv6 form.
    package let high: UInt64
    package let low: UInt64
    package let isIPv4: Bool

    /// `bits` holds the four bytes, the first one highest.
    package init(ipv4 bits: UInt32) {
        high = 0
        low = 0x0000_FFFF_0000_0000 | UInt64(bits)
        isIPv4 = true
    }

    package init(ipv6High: UInt64, low: UInt64) {
        self.high = ipv6High
        self.low = low
        isIPv4 = ipv6High == 0 && low >> 32 == 0xFFFF
    }

    package static let loopback = IPAddress(ipv4: 0x7F00_0001)

    package var ipv4Bits: UInt32 { UInt32(truncatingIfNeeded: low) }

    /// 127.0.0.0/8 and ::1.
    package var isLoopback: Bool {
        isIPv4 ? ipv4Bits >> 24 == 127 : high == 0 && low == 1
    }
}
