import EventLoop
import Synchronization
import Telemetry

/// What happened to the gateway lately, for `/events`, and how reloads went, for the metrics.
///
/// - Limits: the last `eventsMax`.
/// - Threads: any.
package final class EventLog: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case started, reloaded, reloadRejected = "reload_rejected", rolledBack = "rolled_back", draining
        case nameFailed = "name_failed", nameRecovered = "name_recovered", logsReopened = "logs_reopened"
        case filterRolledBack = "filter_rolled_back"
        case keysFailed = "keys_failed", keysRecovered = "keys_recovered"
    }

    package struct Event: Sendable, Equatable {
        /// Since 1970.
        package var wallNanoseconds: Int64
        package var kind: Kind
        package var message: String
        package var fields: [String: String]
    }

    private struct State {
        var events: [Event] = []
        var successCount = 0
        var failureCount = 0
        var unchangedCount = 0
        var lastSucceeded = true
        /// By script.
        var filterRollbacks: [String: Int] = [:]
    }

    package static let eventsMax = 200
    private let state = Mutex(State())

    package init() {}

    package func add(_ kind: Kind, _ message: String, _ fields: [String: String] = [:]) {
        let event = Event(wallNanoseconds: Clock.wallNanoseconds(), kind: kind, message: message, fields: fields)
        state.withLock { state in
            if state.events.count >= Self.eventsMax { state.events.removeFirst() }
            state.events.append(event)
        }
    }

    /// Counts an attempt to take over a configuration.
    package func countReload(succeeded: Bool) {
        state.withLock { state in
            state.lastSucceeded = succeeded
            if succeeded { state.successCount += 1 } else { state.failureCount += 1 }
        }
    }

    /// Counts an attempt that found what is being served already; whatever was wrong before is so no more.
    package func countUnchanged() {
        state.withLock { state in
            state.lastSucceeded = true
            state.unchangedCount += 1
        }
    }

    /// Counts a script that was taken back.
    package func countFilterRollback(_ name: String) {
        state.withLock { $0.filterRollbacks[name, default: 0] += 1 }
        add(.filterRolledBack, "a changed script failed on real requests and was taken back", ["filter": name])
    }

    /// The newest one last.
    package var events: [Event] { state.withLock { $0.events } }

    func reloadSamples() -> [MetricRegistry.Sample] {
        let (succeeded, failed, unchanged, last) = state.withLock {
            ($0.successCount, $0.failureCount, $0.unchangedCount, $0.lastSucceeded)
        }
        let rollbacks = state.withLock { $0.filterRollbacks }.sorted { $0.key < $1.key }.map {
            MetricRegistry.Sample(.filterRollbacks, labels: [$0.key], value: Double($0.value))
        }
        return rollbacks + [
            MetricRegistry.Sample(.configReloads, labels: ["success"], value: Double(succeeded)),
            MetricRegistry.Sample(.configReloads, labels: ["failure"], value: Double(failed)),
            MetricRegistry.Sample(.configReloads, labels: ["unchanged"], value: Double(unchanged)),
            MetricRegistry.Sample(.configLastReloadSuccess, value: last ? 1 : 0),
        ]
    }
}
