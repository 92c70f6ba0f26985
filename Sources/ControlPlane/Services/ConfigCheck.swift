package import Config
import Routing

/// What only shows when a configuration is compiled: routes that clash, expressions and templates that are wrong.
package enum ConfigCheck {
    /// Compiles `config` as a worker would, and throws the result away.
    ///
    /// - Returns: warnings, such as routes that can never match.
    /// - Throws: `ConfigFailure` with all that is wrong.
    package static func warnings(compiling config: GatewayConfig) throws(ConfigFailure) -> [ConfigDiagnostic] {
        var diagnostics: [ConfigDiagnostic] = []
        var warnings: [ConfigDiagnostic] = []
        do throws(ConfigFailure) {
            warnings = try RouteTable(compiling: config.routes).warnings
        } catch {
            diagnostics += error.diagnostics
        }
        for route in config.routes {
            do throws(ConfigFailure) {
                if let rewrite = route.rewrite { _ = try PathRewrite(compiling: rewrite, route: route) }
                if case .redirect(_, let location) = route.action {
                    _ = try LocationTemplate(compiling: location, route: route)
                }
            } catch {
                diagnostics += error.diagnostics
            }
        }
        guard diagnostics.isEmpty else { throw ConfigFailure(diagnostics) }
        return warnings
    }
}
