package import Bytes
import Synchronization

/// The state of one upstream that all workers share and that outlives reloads.
///
/// - Threads: any. Its lock is taken when addresses change, never on the path of a request.
package final class ClusterShared: Sendable {
    private struct Entry {
        weak var endpoint: EndpointShared?
    }

    private let endpoints = Mutex<[SocketAddress: Entry]>([:])

    package init() {}

    /// The shared state of an address: the same object for as long as anybody holds it.
    package func endpoint(at address: SocketAddress) -> EndpointShared {
        endpoints.withLock { endpoints in
            if let known = endpoints[address]?.endpoint { return known }
            endpoints = endpoints.filter { $0.value.endpoint != nil }
            let created = EndpointShared()
            endpoints[address] = Entry(endpoint: created)
            return created
        }
    }

    /// Addresses that somebody holds, for tests and views.
    package var addresses: [SocketAddress] {
        endpoints.withLock { endpoints in endpoints.filter { $0.value.endpoint != nil }.map(\.key) }
    }
}

/// The shared state of every upstream by name, for the life of the process.
package final class ClusterDirectory: Sendable {
    private let clusters = Mutex<[String: ClusterShared]>([:])

    package init() {}

    package func shared(for upstream: String) -> ClusterShared {
        clusters.withLock { clusters in
            if let known = clusters[upstream] { return known }
            let created = ClusterShared()
            clusters[upstream] = created
            return created
        }
    }
}
