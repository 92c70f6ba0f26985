/// Where a Redis is, as `redis://[[user]:password@]host[:port][/database]` says it.
package struct RedisURL: Sendable, Equatable, Hashable {
    package var host: String
    package var port: Int
    package var user: String?
    package var password: String?
    package var database: Int

    package init?(_ text: String) {
        guard let (scheme, tail) = text.splitOnce("://"), scheme == "redis" else { return nil }
        var rest = tail
        user = nil
        password = nil
        if let at = rest.lastIndex(of: "@") {
            let credentials = String(rest[..<at])
            rest = String(rest[rest.index(after: at)...])
            if let (name, secret) = credentials.splitOnce(":") {
                user = name.isEmpty ? nil : name
                password = secret
            } else {
                password = credentials
            }
        }
        database = 0
        if let (authority, path) = rest.splitOnce("/") {
            rest = authority
            if !path.isEmpty {
                guard let number = Int(path), (0...9999).contains(number) else { return nil }
                database = number
            }
        }
        guard case .success(let address) = NetworkText.hostPort(rest), !address.host.isEmpty,
            rest.hasPrefix("[") || NetworkText.isIPv4(address.host) || NetworkText.isHostName(address.host)
        else { return nil }
        host = address.host
        port = address.port ?? 6379
    }

    /// Without what must not be shown.
    package var label: String { "\(host):\(port)/\(database)" }
}
