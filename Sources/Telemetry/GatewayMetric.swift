/// Every metric the gateway itself exports, declared once; code, exposition, docs and tests read this table.
package enum GatewayMetric: UInt8, CaseIterable, Sendable {
    case requestsTotal, requestDuration, overhead, requestBytes, responseBytes, requestsInFlight, requestsEnded
    case connections, connectionsTotal
    case upstreamRequests, upstreamDuration, upstreamConnections, upstreamRetries
    case configGeneration, configGenerationsLive, configReloads, configLastReloadSuccess
    case accessLogDropped, buildInfo, workerBusyRatio, loopLag, longestTurn, metricOverflow
    case luaCalls, luaCPU, luaCallDuration, luaVMBytes, luaVMs, luaVMRebuilds, luaSuspended, luaBreakerState
    case filterRollbacks
    case authDecisions, rateLimitDecisions, rateLimitOverflow, jwksFetches, jwksKeys, jwksLastSuccess
    case tlsHandshakes, tlsCertificateNotAfter, apiKeyNotAfter
    case processCPU, processResidentMemory, processOpenFDs, processMaxFDs, processStartTime

    package var declaration: MetricDeclaration {
        switch self {
        case .requestsTotal: .requestsTotal
        case .requestDuration: .requestDuration
        case .overhead: .overhead
        case .requestBytes: .requestBytes
        case .responseBytes: .responseBytes
        case .requestsInFlight: .requestsInFlight
        case .requestsEnded: .requestsEnded
        case .connections: .connections
        case .connectionsTotal: .connectionsTotal
        case .upstreamRequests: .upstreamRequests
        case .upstreamDuration: .upstreamDuration
        case .upstreamConnections: .upstreamConnections
        case .upstreamRetries: .upstreamRetries
        case .configGeneration: .configGeneration
        case .configGenerationsLive: .configGenerationsLive
        case .configReloads: .configReloads
        case .configLastReloadSuccess: .configLastReloadSuccess
        case .accessLogDropped: .accessLogDropped
        case .buildInfo: .buildInfo
        case .workerBusyRatio: .workerBusyRatio
        case .loopLag: .loopLag
        case .longestTurn: .longestTurn
        case .metricOverflow: .metricOverflow
        case .luaCalls: .luaCalls
        case .luaCPU: .luaCPU
        case .luaCallDuration: .luaCallDuration
        case .luaVMBytes: .luaVMBytes
        case .luaVMs: .luaVMs
        case .luaVMRebuilds: .luaVMRebuilds
        case .luaSuspended: .luaSuspended
        case .luaBreakerState: .luaBreakerState
        case .filterRollbacks: .filterRollbacks
        case .authDecisions: .authDecisions
        case .rateLimitDecisions: .rateLimitDecisions
        case .rateLimitOverflow: .rateLimitOverflow
        case .jwksFetches: .jwksFetches
        case .jwksKeys: .jwksKeys
        case .jwksLastSuccess: .jwksLastSuccess
        case .tlsHandshakes: .tlsHandshakes
        case .tlsCertificateNotAfter: .tlsCertificateNotAfter
        case .apiKeyNotAfter: .apiKeyNotAfter
        case .processCPU: .processCPU
        case .processResidentMemory: .processResidentMemory
        case .processOpenFDs: .processOpenFDs
        case .processMaxFDs: .processMaxFDs
        case .processStartTime: .processStartTime
        }
    }
}
