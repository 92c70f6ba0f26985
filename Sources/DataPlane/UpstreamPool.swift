import Bytes
import Config
import EventLoop
import HTTP
import Plugins
import TLS
package import Telemetry
package import Upstream

/// One worker's side of an upstream: its balancer, its idle connections and its figures.
///
/// Outlives generations: a reload that leaves the upstream unchanged hands the same object on.
package final class UpstreamPool {
    /// What is accepted of an upstream's response head. Larger than for requests: cookies and policies are sent here.
    static let responseLimits = RequestLimits(lineBytesMax: 16 << 10, headBytesMax: 64 << 10, headerCountMax: 200)

    package let name: String
    /// As the access log writes it.
    let nameBytes: [UInt8]
    /// Which of the upstream's configurations this is; addresses that were found for another one are not for it.
    package let revision: Int
    package let cluster: Cluster
    /// What requests are spread by; nil unless the policy is a hash.
    package let hashSource: HashSource?
    let isHashed: Bool
    /// Nanoseconds.
    let connectTimeout: Int64
    let responseTimeout: Int64
    let idleTimeout: Int64
    /// nil: the network.
    var connector: (any UpstreamConnector)?
    /// nil: plain HTTP.
    let tls: UpstreamTLS?
    private let idleMax: Int
    private let series: UpstreamSeries
    private let targetIDs: LabelInterner

    package struct Settings: Sendable {
        package var connectTimeout: Duration
        package var responseTimeout: Duration
        package var idleTimeout: Duration
        package var idleMax: Int

        package init(connectTimeout: Duration, responseTimeout: Duration, idleTimeout: Duration, idleMax: Int) {
            self.connectTimeout = connectTimeout
            self.responseTimeout = responseTimeout
            self.idleTimeout = idleTimeout
            self.idleMax = idleMax
        }
    }

    package init(
        name: String, revision: Int = 0, cluster: Cluster, hashSource: HashSource?, settings: Settings,
        tls: UpstreamTLS? = nil, shard: MetricShard, registry: MetricRegistry
    ) {
        self.name = name
        nameBytes = Array(name.utf8)
        self.revision = revision
        self.cluster = cluster
        self.hashSource = hashSource
        self.tls = tls
        isHashed = hashSource != nil
        connectTimeout = settings.connectTimeout.nanoseconds
        responseTimeout = settings.responseTimeout.nanoseconds
        idleTimeout = settings.idleTimeout.nanoseconds
        idleMax = settings.idleMax
        targetIDs = registry.targets
        series = UpstreamSeries(shard: shard, upstream: registry.upstreams.id(for: name))
    }

    // MARK: Endpoints

    /// Takes its first addresses, before a worker has it.
    package func prepare(_ plan: BalancePlan) {
        _ = cluster.replaceEndpoints(plan)
        labelEndpoints()
    }

    private func labelEndpoints() {
        for endpoint in cluster.endpoints where endpoint.targetSeries == 0 {
            endpoint.targetSeries = targetIDs.id(for: endpoint.label)
        }
    }

    /// Takes a new set of addresses; idle connections to the ones that went are closed, busy ones finish.
    package func adopt(_ plan: BalancePlan, on worker: Worker) {
        let removed = cluster.replaceEndpoints(plan)
        labelEndpoints()
        for endpoint in removed {
            for key in endpoint.idle.takeAll() {
                // Counted back in: closing an idle connection counts it out of the pool.
                worker.upstreamConnection(key)?.close()
            }
        }
    }

    /// The newest configuration no longer has this pool: nothing is kept for another request.
    func retire() {
        cluster.retire()
    }

    /// Closes at most `limit` idle connections of a retired pool.
    ///
    /// - Returns: how many it closed; fewer than `limit` when none is left.
    func closeIdle(atMost limit: Int, on worker: Worker) -> Int {
        var count = 0
        for endpoint in cluster.endpoints {
            while count < limit, let key = endpoint.idle.checkOut() {
                worker.upstreamConnection(key)?.close()
                count += 1
            }
        }
        return count
    }

    /// The authority for requests that name none (HTTP/1.0), when there is no connection to take it from yet.
    var fallbackHost: [UInt8] { cluster.endpoints.first?.hostHeader ?? Array(name.utf8) }

    // MARK: Connections

    /// A connection for one request: the one that was used last, else a new one.
    ///
    /// - Parameter mustBeFresh: for a replay, which must not meet the next stale connection.
    /// - Throws: `.noEndpoint`, `.unresolved`, `.exhausted` or `.connect`.
    func open(
        for receiver: any UpstreamReceiver, method: Method, hash: UInt64, preferred: Endpoint? = nil, mustBeFresh: Bool,
        on worker: Worker
    ) throws(UpstreamFailure) -> UpstreamConnection {
        guard let endpoint = preferred ?? cluster.choose(hash: hash) else {
            throw cluster.isResolved ? .noEndpoint : .unresolved
        }
        if !mustBeFresh {
            while let key = endpoint.idle.checkOut() {
                guard let connection = worker.upstreamConnection(key) else { continue }
                series.adjust(active: 1, idle: -1)
                cluster.begin(endpoint)
                connection.begin(receiver, method: method, isReused: true)
                return connection
            }
        }
        let connection = try connect(to: endpoint, on: worker)
        series.adjust(active: 1, idle: 0)
        cluster.begin(endpoint)
        connection.begin(receiver, method: method, isReused: false)
        return connection
    }

    private func connect(to endpoint: Endpoint, on worker: Worker) throws(UpstreamFailure) -> UpstreamConnection {
        let socket: Socket
        let isConnected: Bool
        do throws(SystemError) {
            if let connector {
                (socket, isConnected) = (try connector.connect(to: name), true)
            } else {
                (socket, isConnected) = try Socket.connect(to: endpoint.address)
            }
        } catch {
            throw error.isExhaustion ? .exhausted : .connect(error.code)
        }
        var session: TLSSession?
        if connector == nil, let tls {
            session = tls.connect(socket, to: endpoint)
            guard session != nil else {
                socket.close()
                throw .exhausted
            }
        }
        let transport = Transport(socket, tls: session)
        guard let connection = worker.addUpstream(transport, pool: self, endpoint: endpoint, isConnected: isConnected)
        else {
            socket.close()
            throw .exhausted
        }
        return connection
    }

    /// Writes down why, at most once a second.
    func noteTLSFailure(_ reason: String, at endpoint: Endpoint, on worker: Worker) {
        guard tls?.mayNote(now: worker.now) == true else { return }
        let fields: JSONValue = ["upstream": .string(name), "target": .string(endpoint.label)]
        worker.log(
            .warning, Array("TLS with an upstream failed: \(reason)".utf8), fields: Array(fields.compact.utf8))
    }

    func mayKeep(_ endpoint: Endpoint) -> Bool { idleMax > 0 && !endpoint.isRemoved }

    /// Puts a connection whose response is complete back, closing the oldest one past `keep_alive.per_worker`.
    func checkIn(_ connection: UpstreamConnection) {
        series.adjust(active: -1, idle: 1)
        cluster.end(connection.endpoint)
        let evicted = connection.endpoint.idle.checkIn(connection.key, now: connection.worker.now, max: idleMax)
        if let evicted { connection.worker.upstreamConnection(evicted)?.close() }
    }

    /// An idle connection was closed.
    func forgetIdle(_ connection: UpstreamConnection) {
        series.adjust(active: 0, idle: -1)
        connection.endpoint.idle.remove(connection.key)
    }

    /// A connection that served a request was closed.
    func countClosed(_ connection: UpstreamConnection) {
        series.adjust(active: -1, idle: 0)
        cluster.end(connection.endpoint)
    }

    // MARK: Figures

    /// One try is over; `status` is 0 when no response head came.
    func observe(_ endpoint: Endpoint, status: Int, nanoseconds: Int64) {
        series.observe(target: endpoint.targetSeries, status: status, nanoseconds: nanoseconds)
    }

    func retried(_ reason: RetryReason) {
        series.retried(reason)
    }
}

/// The part of a request that a hashing balancer spreads by.
package enum HashSource: Sendable {
    case clientIP, path, host
    /// Lower-case name.
    case header([UInt8])
    case query([UInt8])
    case cookie([UInt8])
    /// A variable that a filter has set.
    case variable([UInt8])
}
