import Bytes
import CHeaderTable

/// Fields that end at this hop: a fixed set, and whatever `Connection` names (RFC 9110 §7.6.1).
package enum HopByHop {
    /// Bit n stands for the `KnownHeader` with raw value n.
    ///
    /// The two Proxy-Auth fields are not hop-by-hop by the letter of RFC 9110, but they speak to proxies: to its
    /// clients a gateway is the origin, so neither may pass.
    static let knownSet: UInt64 =
        KnownHeader.connection.bit | KnownHeader.keepAlive.bit | KnownHeader.proxyConnection.bit | KnownHeader.te.bit
        | KnownHeader.trailer.bit | KnownHeader.transferEncoding.bit | KnownHeader.upgrade.bit
        | KnownHeader.http2Settings.bit | KnownHeader.proxyAuthenticate.bit | KnownHeader.proxyAuthorization.bit

    /// Options and names that all `Connection` fields of a head may list; each is compared with every field name.
    static let optionCountMax = 32

    @inline(__always)
    static func flag(for known: KnownHeader) -> UInt8 {
        UInt8(truncatingIfNeeded: (knownSet &>> UInt64(known.rawValue)) & 1)
    }

    /// What one `Connection` value says about the connection itself.
    struct Options {
        var hasClose = false
        var hasKeepAlive = false
        var count = 0
    }

    /// Reads the options of the `Connection` value at `range` and marks the fields that it names as hop-by-hop.
    static func apply(
        connection range: Range<Int>, in bytes: Span<UInt8>, to fields: inout [HeaderField], options: inout Options
    ) throws(FieldError) {
        var list = TokenList(range)
        while let item = list.next(in: bytes) {
            options.count += 1
            guard options.count <= optionCountMax else { throw .tooManyConnectionOptions }
            if ASCII.equalIgnoringCase(bytes.extracting(item), ("close" as StaticString).bytes) {
                options.hasClose = true
            } else if ASCII.equalIgnoringCase(bytes.extracting(item), ("keep-alive" as StaticString).bytes) {
                options.hasKeepAlive = true
            } else {
                mark(item, in: bytes, fields: &fields)
            }
        }
    }

    /// Fields that `Connection` cannot take away: without them the message would mean something else.
    private static let keptSet: UInt64 = KnownHeader.contentLength.bit | KnownHeader.host.bit

    private static func mark(_ name: Range<Int>, in bytes: Span<UInt8>, fields: inout [HeaderField]) {
        for index in fields.indices where Int(fields[index].name_count) == name.count {
            guard (keptSet &>> UInt64(fields[index].known)) & 1 == 0 else { continue }
            if ASCII.equalIgnoringCase(bytes.extracting(fields[index].nameRange), bytes.extracting(name)) {
                fields[index].flags |= HeaderField.hopByHopFlag
            }
        }
    }
}
