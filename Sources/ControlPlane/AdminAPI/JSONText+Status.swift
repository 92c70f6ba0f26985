package import Config
package import Routing

// What the admin API and `--format json` show, as JSON.

extension ConfigDiagnostic {
    package var json: JSONText {
        .object([
            ("severity", .string(severity.rawValue)), ("code", .string(code)), ("message", .string(message)),
            ("file", .string(position.file)), ("line", .integer(position.line)),
            ("column", .integer(position.column)), ("path", .string(path)), ("hint", .optional(hint)),
        ])
    }
}

extension ListedRoute {
    package var json: JSONText {
        .object([
            ("name", .string(name)), ("methods", .array(methods.map { .string($0) })),
            ("hosts", .array(hosts.map { .string($0) })), ("path", .string(path)),
            ("conditions", .array(conditions.map { .string($0) })), ("action", .string(action)),
            ("position", .string(position.description)),
        ])
    }
}

extension Generation {
    /// Without what says which answer it is part of.
    var members: [(String, JSONText)] {
        [
            ("generation", .integer(number)), ("cause", .string(cause.label)),
            ("time", .string(StandardErrorLog.timestamp(wallNanoseconds))),
            ("duration_ms", .integer(Int(duration.wholeMilliseconds))),
            ("files", .array(files.map { .string($0) })), ("change_count", .integer(changeCount)),
            ("changes", .array(changes.map(\.json))), ("warnings", .array(warnings.map(\.json))),
        ]
    }

    var json: JSONText { .object(members) }
}

extension EventLog.Event {
    var json: JSONText {
        .object([
            ("time", .string(StandardErrorLog.timestamp(wallNanoseconds))), ("kind", .string(kind.rawValue)),
            ("message", .string(message)),
            ("fields", .object(fields.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        ])
    }
}

extension WorkerStatus {
    var json: JSONText {
        .object([
            ("worker", .integer(index)), ("generation", .integer(generation)),
            ("connections", .integer(connectionCount)),
            ("since_last_turn_ms", .integer(Int(sinceLastTurn.wholeMilliseconds))), ("running", .boolean(isRunning)),
        ])
    }
}

extension UpstreamStatus {
    var json: JSONText {
        .object([
            ("name", .string(name)), ("balance", .string(config.balance.label)),
            ("resolved", .boolean(!targets.isEmpty)), ("position", .string(config.position.description)),
            ("connections", .object([("active", .integer(activeCount)), ("idle", .integer(idleCount))])),
            ("targets", .array(targets.map(\.json))),
        ])
    }
}

extension UpstreamStatus.Target {
    fileprivate var json: JSONText {
        .object([
            ("address", .string(address)), ("weight", .integer(weight)),
            ("url", .optional(written.map { "\($0.scheme.rawValue)://\($0.host):\($0.port)" })),
            ("zone", .optional(written?.zone)), ("requests", .integer(requestCount)),
            ("errors", .integer(errorCount)),
        ])
    }
}

extension FilterStatus {
    var json: JSONText {
        .object([
            ("script", .string(script)), ("hash", .string(hash)), ("version", .string(version)),
            ("path", .string(path)), ("uses", .array(uses.map { .string($0) })),
            ("phases", .array(phases.map { .string($0) })), ("rolled_back", .boolean(isRolledBack)),
            ("calls", .integer(calls)), ("errors", .integer(errors)), ("kills", .integer(kills)),
            ("cpu_seconds", .number(Double(cpuNanoseconds) / 1e9)), ("vm_bytes", .integer(byteCount)),
            ("breaker", .string(openBreakers > 0 ? "open" : "closed")),
            ("workers_with_open_breaker", .integer(openBreakers)),
        ])
    }
}

extension UpstreamConfig.Balance {
    fileprivate var label: String {
        switch self {
        case .roundRobin: "round-robin"
        case .leastConnections: "least-connections"
        case .powerOfTwo: "power-of-two"
        case .random: "random"
        case .hash(.clientIP): "hash client_ip"
        case .hash(.path): "hash path"
        case .hash(.host): "hash host"
        case .hash(.header(let name)): "hash header:\(name)"
        case .hash(.query(let name)): "hash query:\(name)"
        case .hash(.cookie(let name)): "hash cookie:\(name)"
        case .hash(.variable(let name)): "hash var:\(name)"
        }
    }
}
