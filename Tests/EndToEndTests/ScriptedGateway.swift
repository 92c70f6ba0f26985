import GatewayTesting

/// A gateway whose routes run scripts: `/NAME/*` runs `NAME`, `/plain/*` runs none. All forward to one upstream.
struct ScriptedGateway: Sendable {
    let upstream: ScriptedUpstream
    let side: ScriptedUpstream
    let gateway: GatewayProcess
    private let top: String
    private let routes: String
    private let keys: [String: String]

    /// - Parameters:
    ///   - keys: further keys of the middleware, by script.
    ///   - top: further top-level keys, each line with its line end.
    ///   - routes: further routes, each with its line end.
    ///   - side: another upstream, `side`, that scripts may send requests to; `refused` is one that nobody listens for.
    init(
        _ scripts: [String: String], keys: [String: String] = [:], top: String = "", routes: String = "",
        workers: Int = 1, upstream: ScriptedUpstream? = nil, side: ScriptedUpstream? = nil
    ) throws {
        self.upstream = try upstream ?? ScriptedUpstream()
        self.side = try side ?? ScriptedUpstream()
        self.top = top
        self.routes = routes
        self.keys = keys
        let config = try Self.config(
            scripts.keys.sorted(), keys: keys, top: top, routes: routes, main: self.upstream.url, side: self.side.url)
        gateway = try GatewayProcess(workers: workers, config: config, scripts: scripts)
    }

    private static func config(
        _ names: [String], keys: [String: String], top: String, routes: String, main: String, side: String
    ) throws -> String {
        var config = top
        config += "stores: { shared: 1MiB }\n"
        config += "lua: { policy: { http: [side, refused], stores: [shared] } }\n"
        config += "upstreams:\n  main: { targets: [\"\(main)\"] }\n  side: { targets: [\"\(side)\"] }\n"
        config += "  refused: { targets: [\"http://127.0.0.1:\(try FreePort.take())\"] }\n"
        config += "routes:\n  - { name: plain, path: \"/plain/*\", upstream: main }\n" + routes
        for name in names {
            let more = keys[name].map { ", " + $0 } ?? ""
            config += "  - { name: \(name), path: \"/\(name)/*\", upstream: main,"
            config += " middleware: [{ type: lua, script: \(name)\(more) }] }\n"
        }
        return config
    }

    /// One `GET` on a connection of its own.
    func get(_ target: String, _ lines: String...) throws -> HTTPMessage {
        try gateway.connect().exchange(RawConnection.request("GET", target, lines))
    }

    /// One `POST` with a length on a connection of its own.
    func post(_ target: String, _ body: String, _ lines: String...) throws -> HTTPMessage {
        let length = "Content-Length: \(body.utf8.count)"
        return try gateway.connect().exchange(RawConnection.request("POST", target, [length] + lines), body: body)
    }

    /// Calls of a script that ended so, in that phase.
    func calls(_ filter: String, _ phase: String, _ result: String) throws -> Int {
        try gateway.metrics().count(
            "gateway_lua_calls_total", ["filter": filter, "phase": phase, "result": result])
    }

    func waitForCalls(_ filter: String, _ phase: String, _ result: String, atLeast count: Int) throws {
        try waitUntil("\(count) calls of \(filter) in \(phase) that end with \(result)") {
            try calls(filter, phase, result) >= count
        }
    }

    /// Nothing is left of requests that went wrong: no call waits, and no connection to an upstream is in use.
    func waitUntilIdle() throws {
        try waitUntil("nothing is under way") {
            let metrics = try gateway.metrics()
            return metrics.count("gateway_lua_suspended") == 0
                && metrics.count("gateway_upstream_connections", ["state": "active"]) == 0
        }
    }
}
