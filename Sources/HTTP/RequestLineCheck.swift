import Bytes

/// Parts of a request line that come from a filter rather than from a client.
package enum RequestLineCheck {
    package static func isToken(_ bytes: Span<UInt8>) -> Bool {
        guard ByteSet.isToken(bytes) else { return false }
        return !bytes.isEmpty
    }

    /// A name or address with a port, if any (RFC 3986 §3.2.2).
    package static func isAuthority(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            guard ByteSet.registeredName.contains(byte) || byte == 0x3A || byte == 0x5B || byte == 0x5D else {
                return false
            }
        }
        return !bytes.isEmpty
    }

    /// Whether a field of that name may decide on a route: neither framing, nor of one connection, nor `host`.
    package static func mayRoute(_ name: Span<UInt8>) -> Bool {
        let known = KnownHeader.find(name, at: 0, count: name.count)
        return (HopByHop.knownSet | KnownHeader.contentLength.bit | KnownHeader.host.bit) & known.bit == 0
    }

    package static func method(_ token: Span<UInt8>) -> Method { Method.find(token, at: 0, count: token.count) }
}
