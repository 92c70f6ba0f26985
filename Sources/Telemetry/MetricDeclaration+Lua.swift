extension MetricDeclaration {
    static let luaCalls = MetricDeclaration(
        name: "gateway_lua_calls_total", kind: .counter, help: "Calls of scripts, by phase and how they ended.",
        labels: [.filter, .phase, .luaResult], seriesMax: 5_000)
    static let luaCPU = MetricDeclaration(
        name: "gateway_lua_cpu_seconds_total", kind: .counter, help: "CPU time that scripts used.",
        labels: [.filter], scale: .seconds, seriesMax: 2_000)
    static let luaCallDuration = MetricDeclaration(
        name: "gateway_lua_call_seconds", kind: .histogram, help: "CPU time of one call of a script.",
        labels: [.filter, .phase], scale: .seconds, seriesMax: 2_000)
    static let luaVMBytes = MetricDeclaration(
        name: "gateway_lua_vm_bytes", kind: .gauge, help: "Heap of scripts, over all workers.",
        labels: [.filter], seriesMax: 2_000)
    static let luaVMs = MetricDeclaration(
        name: "gateway_lua_vms", kind: .gauge, help: "Lua VMs that serve requests.", labels: [.filter],
        seriesMax: 2_000)
    static let luaVMRebuilds = MetricDeclaration(
        name: "gateway_lua_vm_rebuilds_total", kind: .counter,
        help: "VMs that were made anew after a script was stopped.",
        labels: [.filter], seriesMax: 2_000)
    static let luaSuspended = MetricDeclaration(
        name: "gateway_lua_suspended", kind: .gauge, help: "Calls of scripts that wait for something.",
        labels: [.filter], seriesMax: 2_000)
    static let luaBreakerState = MetricDeclaration(
        name: "gateway_lua_breaker_state", kind: .gauge,
        help: "Workers on which a filter is left out because it failed too often.", labels: [.filter],
        seriesMax: 2_000)
    static let filterRollbacks = MetricDeclaration(
        name: "gateway_filter_rollback_total", kind: .counter,
        help: "Scripts that were taken back because they failed on real requests.", labels: [.filterName],
        seriesMax: 1_000)
}
