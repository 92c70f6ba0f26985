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
        diagnostics += config.tests.flatMap(patternErrors)
        guard diagnostics.isEmpty else { throw ConfigFailure(diagnostics) }
        return warnings
    }

    /// Patterns that a test expects something to match, and that are none.
    private static func patternErrors(_ test: ConfigTest) -> [ConfigDiagnostic] {
        let fields = test.expect.headers + (test.expect.forwarded?.headers ?? [])
        var conditions = fields.map { ($0.condition, $0.position) }
        if let body = test.expect.body { conditions.append((body.value, body.position)) }
        return conditions.compactMap { condition, position in
            guard case .regex(let pattern) = condition else { return nil }
            do throws(PatternError) {
                _ = try PatternRegex(pattern)
                return nil
            } catch {
                return ConfigDiagnostic(
                    .error, code: "bad-regex", "regular expression \"\(pattern)\": \(error)", at: position,
                    path: "tests[\(test.name)].expect")
            }
        }
    }
}
