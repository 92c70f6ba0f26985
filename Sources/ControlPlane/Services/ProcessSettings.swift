package import Config
package import Logging

/// What the process takes from its environment rather than from a configuration file.
package struct ProcessSettings: Sendable, Equatable {
    /// Of the program's own log, which goes to standard error.
    package enum LogFormat: String, Sendable, CaseIterable { case text, json }

    /// A variable with a value that means nothing.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package var description: String
    }

    package var configPath = "gateway.yaml"
    package var logLevel = Logger.Level.info
    package var logFormat = LogFormat.text
    /// nil: as the configuration says.
    package var workers: Int?
    /// nil: as the configuration says; `off` switches the admin API off.
    package var adminAddress: String?
    /// What commands that speak to a running gateway present; nil: as the configuration says.
    package var adminToken: String?

    package init() {}

    /// - Parameter environment: looks a variable up; an empty value counts as unset.
    package init(environment: (String) -> String?) throws(Failure) {
        func value(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        func oneOf<Choice: RawRepresentable<String> & CaseIterable>(
            _ name: String, _ type: Choice.Type
        ) throws(Failure) -> Choice? {
            guard let text = value(name) else { return nil }
            if let choice = Choice(rawValue: text.lowercased()) { return choice }
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(description: "\(name) is \"\(text)\"; it may be \(known)")
        }
        if let path = value("GATEWAY_CONFIG") { configPath = path }
        if let level = try oneOf("GATEWAY_LOG_LEVEL", Logger.Level.self) { logLevel = level }
        if let format = try oneOf("GATEWAY_LOG_FORMAT", LogFormat.self) { logFormat = format }
        if let text = value("GATEWAY_WORKERS"), text != "auto" {
            guard let count = Int(text), (1...1024).contains(count) else {
                throw Failure(description: "GATEWAY_WORKERS is \"\(text)\"; it may be auto or 1 to 1024")
            }
            workers = count
        }
        adminAddress = value("GATEWAY_ADMIN_ADDRESS")
        adminToken = value("GATEWAY_ADMIN_TOKEN")
    }

    /// Puts what the environment says over what the file says.
    package func apply(to config: inout GatewayConfig) {
        if let workers { config.workers = workers }
        if let adminAddress { config.admin.address = adminAddress == "off" ? nil : adminAddress }
    }

    /// The same, in what people are shown as well.
    package func apply(to loaded: inout LoadedConfig) {
        apply(to: &loaded.config)
        for override in overrides { loaded.effective.apply(override) }
    }

    private var overrides: [EffectiveConfig.Override] {
        var overrides: [EffectiveConfig.Override] = []
        if let workers {
            overrides.append(.init(path: "workers", value: String(workers), variable: "GATEWAY_WORKERS"))
        }
        if let adminAddress {
            overrides.append(.init(path: "admin.address", value: adminAddress, variable: "GATEWAY_ADMIN_ADDRESS"))
        }
        return overrides
    }
}
