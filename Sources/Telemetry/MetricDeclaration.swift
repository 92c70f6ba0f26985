/// Name, meaning and shape of one metric family.
package struct MetricDeclaration: Sendable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    /// How an integer cell becomes the exported unit.
    package enum Scale: Sendable {
        case one
        /// Cells hold parts per million.
        case ratio
        /// Cells hold nanoseconds.
        case seconds
    }

    package var name: String
    package var kind: Kind
    package var help: String
    package var labels: [MetricLabel] = []
    package var scale = Scale.one
    /// Series of the family over all workers; further ones are folded into the `_overflow` series.
    package var seriesMax = 1

    static let requestsTotal = MetricDeclaration(
        name: "gateway_http_requests_total", kind: .counter, help: "Requests answered, by the status sent.",
        labels: [.route, .method, .status], seriesMax: 20_000)
    static let requestDuration = MetricDeclaration(
        name: "gateway_http_request_duration_seconds", kind: .histogram,
        help: "Time from the first byte of a request to the last byte of its response.",
        labels: [.route], scale: .seconds, seriesMax: 2_000)
    static let overhead = MetricDeclaration(
        name: "gateway_http_overhead_seconds", kind: .histogram,
        help: "Part of the request duration in which the gateway was at work, not waiting for client or upstream.",
        labels: [.route], scale: .seconds, seriesMax: 2_000)
    static let requestBytes = MetricDeclaration(
        name: "gateway_http_request_bytes_total", kind: .counter, help: "Bytes of requests received, heads included.",
        labels: [.route], seriesMax: 10_000)
    static let responseBytes = MetricDeclaration(
        name: "gateway_http_response_bytes_total", kind: .counter, help: "Bytes of responses sent, heads included.",
        labels: [.route], seriesMax: 10_000)
    static let requestsInFlight = MetricDeclaration(
        name: "gateway_http_requests_in_flight", kind: .gauge, help: "Requests being served now.")
    static let requestsEnded = MetricDeclaration(
        name: "gateway_requests_ended_total", kind: .counter, help: "Exchanges ended, by end reason.",
        labels: [.route, .reason], seriesMax: 20_000)

    static let connections = MetricDeclaration(
        name: "gateway_connections", kind: .gauge, help: "Open client connections.",
        labels: [.listener, .listenerState], seriesMax: 1_000)
    static let connectionsTotal = MetricDeclaration(
        name: "gateway_connections_total", kind: .counter, help: "Client connections by what became of them.",
        labels: [.listener, .outcome], seriesMax: 1_000)

    static let upstreamRequests = MetricDeclaration(
        name: "gateway_upstream_requests_total", kind: .counter,
        help: "Requests sent to upstreams, every try counted; status 0: no response head came.",
        labels: [.upstream, .target, .status], seriesMax: 20_000)
    static let upstreamDuration = MetricDeclaration(
        name: "gateway_upstream_duration_seconds", kind: .histogram,
        help: "Time from sending a request to the head of its response, every try counted.",
        labels: [.upstream], scale: .seconds, seriesMax: 2_000)
    static let upstreamConnections = MetricDeclaration(
        name: "gateway_upstream_connections", kind: .gauge, help: "Open connections to upstreams.",
        labels: [.upstream, .upstreamState], seriesMax: 4_000)
    static let upstreamRetries = MetricDeclaration(
        name: "gateway_upstream_retries_total", kind: .counter, help: "Requests sent again, by why.",
        labels: [.upstream, .retryReason], seriesMax: 6_000)

    static let configGeneration = MetricDeclaration(
        name: "gateway_config_generation", kind: .gauge, help: "Number of the configuration being served.")
    static let configGenerationsLive = MetricDeclaration(
        name: "gateway_config_generations_live", kind: .gauge,
        help: "Configurations still held by at least one request.")
    static let configReloads = MetricDeclaration(
        name: "gateway_config_reloads_total", kind: .counter, help: "Attempts to take over a changed configuration.",
        labels: [.result], seriesMax: 8)
    static let configLastReloadSuccess = MetricDeclaration(
        name: "gateway_config_last_reload_success", kind: .gauge,
        help: "Whether the last attempt to take over a configuration succeeded; 1 before the first one.")
    static let accessLogDropped = MetricDeclaration(
        name: "gateway_access_log_dropped_total", kind: .counter,
        help: "Lines of the access log that were lost because their output did not take them in time.")
    static let buildInfo = MetricDeclaration(
        name: "gateway_build_info", kind: .gauge, help: "Always 1; the versions are in the labels.",
        labels: [.version, .swift, .lua])
    static let workerBusyRatio = MetricDeclaration(
        name: "gateway_worker_busy_ratio", kind: .gauge,
        help: "Share of the last ten seconds that a worker spent doing something other than waiting.",
        labels: [.worker], scale: .ratio, seriesMax: 1_024)
    static let loopLag = MetricDeclaration(
        name: "gateway_worker_loop_lag_seconds", kind: .histogram,
        help: "Length of a turn of a worker's loop: what an event may wait behind others.",
        labels: [.worker], scale: .seconds, seriesMax: 1_024)
    static let longestTurn = MetricDeclaration(
        name: "gateway_worker_longest_turn_seconds", kind: .gauge,
        help: "The longest turn of a worker's loop in the last ten to twenty seconds.",
        labels: [.worker], scale: .seconds, seriesMax: 1_024)
    static let metricOverflow = MetricDeclaration(
        name: "gateway_metric_overflow_total", kind: .counter,
        help: "Series folded into the _overflow series because their family was full, counted by each worker.",
        labels: [.metric], seriesMax: 256)

    static let processCPU = MetricDeclaration(
        name: "process_cpu_seconds_total", kind: .counter, help: "User and system CPU time of the process.")
    static let processResidentMemory = MetricDeclaration(
        name: "process_resident_memory_bytes", kind: .gauge, help: "Resident memory of the process.")
    static let processOpenFDs = MetricDeclaration(
        name: "process_open_fds", kind: .gauge, help: "Open file descriptors.")
    static let processMaxFDs = MetricDeclaration(
        name: "process_max_fds", kind: .gauge, help: "Limit of open file descriptors.")
    static let processStartTime = MetricDeclaration(
        name: "process_start_time_seconds", kind: .gauge, help: "Start of the process in seconds since 1970.")
}
