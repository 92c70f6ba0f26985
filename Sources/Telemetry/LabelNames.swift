/// The texts behind the label ids of series keys, as of one moment.
struct LabelNames {
    static let overflow = "_overflow"
    /// As `Plugins` counts the phases of a script, and how its calls end.
    private static let phases = [
        "on_request", "on_request_body", "on_response", "on_response_body", "on_log", "timer",
    ]
    private static let luaResults = ["ok", "reply", "error", "killed_cpu", "killed_mem", "timeout"]

    private let routes: [String]
    private let upstreams: [String]
    private let listeners: [String]
    private let targets: [String]
    private let methods: [String]
    private let filters: [String]

    init(_ registry: MetricRegistry) {
        routes = registry.routes.names
        upstreams = registry.upstreams.names
        listeners = registry.listeners.names
        targets = registry.targets.names
        methods = registry.methodNames
        filters = registry.filters.names
    }

    func value(of label: MetricLabel, in key: SeriesKey) -> String {
        switch label {
        case .route: name(key.a, in: routes)
        case .upstream: name(key.a, in: upstreams)
        case .listener: name(key.a, in: listeners)
        case .worker: key.a == LabelInterner.overflowID ? Self.overflow : "\(key.a)"
        case .metric: GatewayMetric(rawValue: UInt8(truncatingIfNeeded: key.a))?.declaration.name ?? Self.overflow
        case .filter, .limit: name(key.a, in: filters)
        case .phase: name(key.b == .max ? LabelInterner.overflowID : UInt32(key.b), in: Self.phases)
        case .luaResult: name(key.c == .max ? LabelInterner.overflowID : UInt32(key.c), in: Self.luaResults)
        case .method: key.b == .max ? Self.overflow : name(UInt32(key.b), in: methods)
        case .target: name(key.b == .max ? LabelInterner.overflowID : UInt32(key.b), in: targets)
        case .status: key.c == .max ? Self.overflow : "\(key.c)"
        case .reason: value(key.c, of: EndReason.self) { "\($0.code)" }
        case .retryReason: value(key.c, of: RetryReason.self) { $0.label }
        case .listenerState, .upstreamState: value(key.c, of: ConnectionState.self) { $0.label }
        case .outcome: value(key.c, of: ConnectionOutcome.self) { $0.label }
        case .limitDecision: value(key.c, of: LimitDecision.self) { "\($0.label)" }
        case .authDecision: value(key.c, of: AuthDecision.self) { "\($0.label)" }
        case .handshakeOutcome: value(key.c, of: HandshakeOutcome.self) { $0.label }
        case .version, .swift, .lua, .result, .filterName, .limitName, .url, .owner, .certificate,
            .apiKey:
            ""
        }
    }

    private func name(_ id: UInt32, in names: [String]) -> String {
        Int(id) < names.count ? names[Int(id)] : Self.overflow
    }

    private func value<Value: RawRepresentable<UInt8>>(
        _ id: UInt16, of type: Value.Type, _ text: (Value) -> String
    ) -> String {
        Value(rawValue: UInt8(truncatingIfNeeded: min(id, 255))).map(text) ?? Self.overflow
    }
}
