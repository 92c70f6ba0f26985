import Bytes
package import Config
import DataPlane
import EventLoop
import HTTP
import Plugins
import Routing
import Telemetry
import Upstream

/// Runs the tests that a configuration brings along, through the router and filters that it would be served by.
package struct ConfigTestRunner {
    private let config: GatewayConfig

    package init(_ config: GatewayConfig) {
        self.config = config
    }

    /// - Returns: a diagnostic for each expectation that was not met; empty when all tests pass.
    /// - Throws: `ConfigFailure` when the configuration does not compile.
    package func failures() throws(ConfigFailure) -> [ConfigDiagnostic] {
        guard !config.tests.isEmpty else { return [] }
        let registry = MetricRegistry(workerCount: 1, methodNames: Method.allCases.map { "\($0.name)" })
        var builder = SnapshotBuilder(config: config, generation: 1, registry: registry, directory: ClusterDirectory())
        for upstream in config.upstreams {
            builder.plans[upstream.name] = BalancePlan(Self.targets(of: upstream), balance: upstream.balance)
        }
        builder.resources = LuaResources(workerCount: 1, stores: config.stores)
        let shard = registry.makeShard(worker: 0)
        let snapshot = try builder.build(SnapshotBuilder.WorkerPart(index: 0, shard: shard))
        var failures: [ConfigDiagnostic] = []
        do throws(SystemError) {
            let worker = try TrialWorker(snapshot: snapshot, shard: shard, registry: registry)
            for test in config.tests { failures += try run(test, on: worker) }
        } catch {
            failures.append(
                ConfigDiagnostic(.testFailed, "the tests could not be run: \(error)", at: .unknown, path: "tests"))
        }
        return failures
    }

    /// Names stand for addresses that nobody connects to, so that nothing is looked up.
    private static func targets(of upstream: UpstreamConfig) -> [ResolvedTarget] {
        upstream.targets.enumerated().map { index, target in
            ResolvedTarget(
                targetIndex: index,
                address: .ip(IPAddress(target.host) ?? .loopback, port: UInt16(clamping: target.port)),
                weight: target.weight, label: "\(target.host):\(target.port)")
        }
    }

    private func run(_ test: ConfigTest, on worker: TrialWorker) throws(SystemError) -> [ConfigDiagnostic] {
        guard let url = RequestURL(test.request.url.value) else {
            return [
                ConfigDiagnostic(
                    .testFailed, "test \"\(test.name)\": the URL cannot be read", at: test.request.url.position,
                    path: path(of: test))
            ]
        }
        let outcome = try worker.run(
            Self.request(test.request, url), from: IPAddress(test.request.clientIP) ?? .loopback,
            upstream: Self.upstream(test.upstream))
        var check = ConfigTestCheck(test: test, path: path(of: test))
        check.compare(outcome)
        return check.failures
    }

    private func path(of test: ConfigTest) -> String { "tests[\(test.name)]" }

    private static func request(_ request: ConfigTest.Request, _ url: RequestURL) -> [UInt8] {
        let host = url.authority.isEmpty ? "test.invalid" : url.authority
        var text = "\(request.method) \(RequestURL.target(path: url.path, query: url.query)) HTTP/1.1\r\n"
        text += "host: \(host)\r\nconnection: close\r\n"
        for header in request.headers { text += "\(header.name): \(header.value)\r\n" }
        let hasBody = !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method)
        if hasBody { text += "content-length: \(request.body.utf8.count)\r\n" }
        return Array((text + "\r\n" + request.body).utf8)
    }

    private static func upstream(_ upstream: ConfigTest.Upstream) -> TrialUpstream {
        var head = "HTTP/1.1 \(upstream.status) \(StatusPhrase.phrase(for: upstream.status))\r\n"
        for header in upstream.headers { head += "\(header.name): \(header.value)\r\n" }
        let hasBody = upstream.status != 204 && upstream.status != 304
        if hasBody { head += "content-length: \(upstream.body.utf8.count)\r\n" }
        head += "\r\n"
        return TrialUpstream(
            response: upstream.refuses ? nil : Array((head + (hasBody ? upstream.body : "")).utf8),
            headResponse: Array(head.utf8))
    }
}
