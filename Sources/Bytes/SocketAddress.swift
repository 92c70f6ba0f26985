/// Where something listens or connects to: an address with a port, or the path of a unix socket.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    case ip(IPAddress, port: UInt16)
    case unix(String)

    /// The longest path that `sockaddr_un` holds with its terminator.
    package static let unixPathBytesMax = 107

    /// Reads `10.0.0.1:80`, `[::1]:80` or `unix:/path`. Host names are not addresses, so they are nil.
    package init?(parsing text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            guard !path.isEmpty, path.utf8.count <= Self.unixPathBytesMax, !path.utf8.contains(0) else { return nil }
            self = .unix(String(path))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = isBracketed ? host.dropFirst().dropLast() : host
        guard isBracketed == bare.contains(":"), let address = IPAddress(String(bare)) else { return nil }
        self = .ip(address, port: port)
    }

    private static func port(_ digits: Substring) -> UInt16? {
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(ASCII.isDigit) else { return nil }
        return UInt16(digits)
    }

    package var ipAddress: IPAddress? {
        if case .ip(let address, _) = self { address } else { nil }
    }

    package var description: String {
        switch self {
        case .ip(let address, let port): address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
