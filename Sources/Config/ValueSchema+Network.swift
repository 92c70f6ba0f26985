// Socket addresses, networks and upstream URLs.

extension ValueSchema where Value == String {
    /// What a listener or the admin API binds: `host:port`, `[v6]:port` or `unix:/path`.
    static let socketAddress = text("socket address", ["$ref": "#/$defs/socket-address"], kind: .identifier)
        .checked { text, node, context in
            guard let refusal = Self.socketAddressRefusal(text) else { return text }
            refusal.report(.invalidAddress, node, context)
            return nil
        }

    private static func socketAddressRefusal(_ text: String) -> TextRefusal? {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            if !path.hasPrefix("/") {
                return TextRefusal("is not an absolute path", hint: "write unix:/run/gateway.sock")
            }
            if path.utf8.contains(0) { return TextRefusal("holds a NUL byte") }
            // sun_path of sockaddr_un has 108 bytes, one of them the terminator.
            if path.utf8.count > 107 { return TextRefusal("is longer than 107 bytes") }
            return nil
        }
        let example = "write 0.0.0.0:8080, [::]:8080 or unix:/run/gateway.sock"
        switch NetworkText.hostPort(text) {
        case .failure(.brackets):
            return TextRefusal("is not host:port", hint: "IPv6 addresses stand in brackets: [::]:8080")
        case .failure(.host): return TextRefusal("holds no valid IPv6 address", hint: example)
        case .failure(.port(let port)):
            return TextRefusal("has a port that is not within 1 to 65535", detail: port)
        case .success(let address):
            if address.port == nil { return TextRefusal("has no port", hint: example) }
            if text.hasPrefix("[") || NetworkText.isIPv4(address.host) { return nil }
            switch address.host {
            case "localhost": return TextRefusal("is not an IP address", hint: "write 127.0.0.1 or [::1]")
            case "", "*": return TextRefusal("has no IP address", hint: "write 0.0.0.0 or [::] for all")
            default: return TextRefusal("is not an IP address and port", hint: example)
            }
        }
    }

    /// An IP address or a network in CIDR form.
    static let network = text("address or CIDR", ["type": "string"], kind: .identifier)
        .checked { text, node, context in
            if NetworkText.isNetwork(text) { return text }
            context.report(
                .invalidAddress, "\(node.summary) is not an IP address or network", at: node.position,
                hint: "write for example 10.0.0.0/8, 192.0.2.1 or fd00::/8")
            return nil
        }
}

/// Where one upstream server listens, as its URL says it.
struct UpstreamURL: Sendable, Equatable {
    var scheme = UpstreamConfig.Target.Scheme.http
    var host: String
    var port: Int
    /// The URL without a trailing slash: what an upstream that a route gives as URL is named by.
    var name: String

    static func looksLikeURL(_ text: String) -> Bool { text.splitOnce("://") != nil }

    /// nil after reporting why `text` is no upstream URL.
    static func parse(_ text: String, at node: ConfigNode, _ context: DecodingContext) -> UpstreamURL? {
        func refuse(_ refusal: TextRefusal) -> UpstreamURL? {
            refusal.report(.invalidURL, node, context)
            return nil
        }
        guard let (scheme, tail) = text.splitOnce("://") else {
            return refuse(TextRefusal("is not a URL", echo: "write http://\(text)"))
        }
        guard let known = UpstreamConfig.Target.Scheme(rawValue: scheme.lowercased()) else {
            return refuse(TextRefusal("is not an http:// or https:// URL, by its scheme", detail: scheme))
        }
        let authority = tail.hasSuffix("/") ? String(tail.dropLast()) : tail
        if authority.contains("@") {
            return refuse(TextRefusal("holds user information, which upstream URLs do not have"))
        }
        if authority.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" }) {
            return refuse(
                TextRefusal(
                    "has more than a host and a port", hint: "change the path with the route's rewrite, not in the URL")
            )
        }
        switch NetworkText.hostPort(authority) {
        case .failure(.brackets), .failure(.host):
            return refuse(
                TextRefusal("has no valid host", hint: "IPv6 addresses stand in brackets: http://[::1]:8080"))
        case .failure(.port(let port)):
            return refuse(TextRefusal("has a port that is not within 1 to 65535", detail: port))
        case .success(let address):
            guard
                authority.hasPrefix("[") || NetworkText.isIPv4(address.host) || NetworkText.isHostName(address.host)
            else { return refuse(TextRefusal("has no valid host")) }
            return UpstreamURL(
                scheme: known, host: address.host, port: address.port ?? (known == .https ? 443 : 80),
                name: "\(known.rawValue)://\(authority)")
        }
    }
}
