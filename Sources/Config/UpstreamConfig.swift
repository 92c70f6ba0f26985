/// A named group of servers that answer the same requests.
package struct UpstreamConfig: Sendable, Equatable {
    package struct Target: Sendable, Equatable {
        package enum Scheme: String, Sendable { case http, https }

        package var scheme = Scheme.http
        /// A host name, an IPv4 address, or an IPv6 address without brackets.
        package var host: String
        package var port: Int
        package var weight = 1
        package var zone: String?
        package var position = SourcePosition.unknown

        package init(scheme: Scheme = .http, host: String, port: Int, weight: Int = 1) {
            self.scheme = scheme
            self.host = host
            self.port = port
            self.weight = weight
        }
    }

    package enum Balance: Sendable, Equatable {
        case roundRobin, leastConnections, powerOfTwo, random
        case hash(HashKey)
    }

    package enum HashKey: Sendable, Equatable {
        case clientIP, path, host
        case header(String), query(String), cookie(String)
        /// A variable that a filter sets.
        case variable(String)
    }

    package var name: String
    package var targets: [Target] = []
    package var balance = Balance.roundRobin
    package var keepAlivePerWorker = 64
    package var keepAliveIdle: Duration = .seconds(55)
    package var connectTimeout: Duration = .seconds(2)
    /// To the response head.
    package var responseTimeout: Duration = .seconds(15)
    /// Of use where the targets are `https`; all of them are or none is.
    package var tls = UpstreamTLSConfig()
    package var position = SourcePosition.unknown

    package var usesTLS: Bool { targets.contains { $0.scheme == .https } }

    package init(name: String) {
        self.name = name
    }

    /// Equal but for where it stands in a file: moving it, or a comment above it, changes nothing that runs.
    package func means(_ other: UpstreamConfig) -> Bool { unplaced == other.unplaced }

    private var unplaced: UpstreamConfig {
        var copy = self
        copy.position = .unknown
        copy.tls = tls.unplaced
        for index in copy.targets.indices { copy.targets[index].position = .unknown }
        return copy
    }
}
