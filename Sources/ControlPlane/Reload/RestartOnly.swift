import Config

/// Settings that a running process cannot change, as they were when it started.
struct RestartOnly {
    private let workers: Int?
    private let adminAddress: String?

    init(_ config: GatewayConfig) {
        workers = config.workers
        adminAddress = config.admin.address
    }

    /// A warning for each that `new` has different.
    func warnings(for new: LoadedConfig) -> [ConfigDiagnostic] {
        var warnings: [ConfigDiagnostic] = []
        func warn(_ what: String, _ path: String, at position: SourcePosition) {
            warnings.append(
                ConfigDiagnostic(
                    .needsRestart, "\(what) takes effect when the gateway is restarted", at: position, path: path))
        }
        let start = SourcePosition(file: new.files.first ?? "", line: 1, column: 1)
        if workers != new.config.workers { warn("the changed number of workers", "workers", at: start) }
        if adminAddress != new.config.admin.address {
            let position = new.config.admin.position
            warn("the changed admin address", "admin.address", at: position == .unknown ? start : position)
        }
        return warnings
    }
}
