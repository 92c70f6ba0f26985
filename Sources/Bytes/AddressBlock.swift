/// A range of addresses with a common prefix: CIDR notation, RFC 4632 §3.1 and RFC 4291 §2.3.
///
/// A block of IPv6 addresses holds no IPv4 address, not even `::/0`; IPv4 is asked for as IPv4 or as `::ffff:0:0/96`.
package struct AddressBlock: Hashable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    /// Bits of the common prefix, counted in the 128-bit form for both families.
    private let prefixBits: Int
    private let highMask: UInt64
    private let lowMask: UInt64

    /// Reads `10.0.0.0/8`, `fd00::/8`, or an address alone, which is a block of one. Nil for anything else, and when
    /// bits behind the prefix are set: such a block is a typing error more often than not.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let slash = bytes.firstIndex(of: 0x2F) ?? bytes.count
        guard let address = IPAddress(parsing: bytes.span.extracting(0..<slash)) else { return nil }
        let isDotted = !bytes[..<slash].contains(ASCII.colon)
        var prefix = isDotted ? 32 : 128
        if slash < bytes.count {
            guard let written = Self.prefixLength(bytes[(slash + 1)...], max: prefix) else { return nil }
            prefix = written
        }
        self.init(address, prefixBits: isDotted ? prefix + 96 : prefix)
    }

    private init?(_ address: IPAddress, prefixBits: Int) {
        self.address = address
        self.prefixBits = prefixBits
        highMask = prefixBits == 0 ? 0 : ~0 << UInt64(64 - min(prefixBits, 64))
        lowMask = prefixBits <= 64 ? 0 : ~0 << UInt64(128 - prefixBits)
        guard address.high & ~highMask == 0 && address.low & ~lowMask == 0 else { return nil }
    }

    private static func prefixLength(_ digits: ArraySlice<UInt8>, max: Int) -> Int? {
        guard (1...3).contains(digits.count), digits.allSatisfy(ASCII.isDigit) else { return nil }
        guard digits.count == 1 || digits.first != 0x30 else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return value <= max ? value : nil
    }

    /// Bits that its addresses differ in.
    package var hostBitCount: Int { 128 - prefixBits }

    package func contains(_ candidate: IPAddress) -> Bool {
        candidate.isIPv4 == address.isIPv4
            && candidate.high & highMask == address.high && candidate.low & lowMask == address.low
    }

    package var description: String {
        "\(address)/\(address.isIPv4 ? prefixBits - 96 : prefixBits)"
    }
}
