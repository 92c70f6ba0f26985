import Config
import ControlPlane
import Routing

/// Loading a configuration ends with a value or with located errors, whatever the file holds; and routes that were
/// decoded compile or are refused with errors that name a place.
package enum ConfigProperty {
    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        let loader = ConfigLoader(environment: { $0 == "HOST" ? "h" : nil })
        do throws(ConfigFailure) {
            let loaded = try loader.load(yaml: text, file: "f.yaml")
            guard loaded.warnings.allSatisfy({ $0.severity == .warning }) else { return "an error among warnings" }
            return routeViolation(loaded.config.routes)
        } catch {
            return violation(error)
        }
    }

    private static func routeViolation(_ routes: [RouteConfig]) -> String? {
        do throws(ConfigFailure) {
            _ = try RouteTable(compiling: routes)
            return nil
        } catch {
            return violation(error)
        }
    }

    private static func violation(_ failure: ConfigFailure) -> String? {
        guard failure.diagnostics.contains(where: { $0.severity == .error }) else {
            return "a failure without an error"
        }
        for diagnostic in failure.diagnostics {
            guard diagnostic.position.line > 0, diagnostic.position.column > 0 else { return "no place: \(diagnostic)" }
            guard !diagnostic.message.isEmpty else { return "no message" }
        }
        return nil
    }
}
