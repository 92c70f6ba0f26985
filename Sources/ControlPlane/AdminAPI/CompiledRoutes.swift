import Config
import Routing
import Synchronization

/// The routes of the configuration that is served, compiled once for all who ask about them: compiling thousands for
/// each question would keep probes waiting.
///
/// - Threads: any; one question is answered at a time, since a table has scratch memory of its own.
final class CompiledRoutes: Sendable {
    private struct Known {
        var routes: [RouteConfig]
        var table: RouteTable
    }

    private let known = Mutex<Known?>(nil)

    /// - Throws: `ConfigFailure` when the routes do not compile.
    func withTable<Result: Sendable>(
        of config: GatewayConfig, _ body: (RouteTable) throws(ConfigFailure) -> Result
    ) throws(ConfigFailure) -> Result {
        let outcome = known.withLock { known -> Swift.Result<Result, ConfigFailure> in
            do throws(ConfigFailure) {
                if let known, known.routes == config.routes { return .success(try body(known.table)) }
                let table = try RouteTable(compiling: config.routes)
                known = Known(routes: config.routes, table: table)
                return .success(try body(table))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}
