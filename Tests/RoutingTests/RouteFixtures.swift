import Config
import HTTP

@testable import Routing

/// A route that answers by itself; what the tests are about is only who gets the request.
func route(
    _ name: String, _ path: String = "/*", hosts: [String] = [], methods: [String] = [],
    headers: [(String, MatchConfig.ValueCondition)] = [], query: [(String, MatchConfig.ValueCondition)] = [],
    priority: Int = 0, line: Int = 0
) -> RouteConfig {
    var route = RouteConfig(name: name, action: .respond(status: 200, body: "", headers: []))
    let isRegex = path.hasPrefix("~")
    route.match.path = isRegex ? .regex(String(path.dropFirst())) : .pattern(path)
    route.match.hosts = hosts.map { Located($0) }
    route.match.methods = methods
    route.match.headers = headers.map { MatchConfig.Condition(name: $0.0, value: $0.1) }
    route.match.query = query.map { MatchConfig.Condition(name: $0.0, value: $0.1) }
    route.priority = priority
    if line > 0 { route.position = SourcePosition(file: "gateway.yaml", line: line, column: 5) }
    return route
}

/// A request in the notation of the tables: `GET example.com/a/b?q=1`, host optional.
struct Request {
    var probe: RequestProbe

    init(_ text: String, headers: [(name: String, value: String)] = []) {
        let parts = text.split(separator: " ", maxSplits: 1)
        let target = parts[1]
        let slash = target.firstIndex(of: "/") ?? target.endIndex
        let pathAndQuery = target[slash...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        probe = RequestProbe(
            method: String(parts[0]), authority: String(target[..<slash]), path: String(pathAndQuery.first ?? ""),
            query: pathAndQuery.count > 1 ? String(pathAndQuery[1]) : "", headers: headers)
    }
}

/// The name of the winner, `405 <Allow>` or `404`.
func winner(of request: Request, in table: RouteTable) -> String {
    var captures = PathCaptures()
    switch table.match(request.probe, captures: &captures) {
    case .route(let index): return table.shapes[index].name
    case .methodNotAllowed(let allow): return "405 " + String(decoding: table.allowValue(allow), as: UTF8.self)
    case .notFound: return "404"
    }
}

func captured(_ request: String, in table: RouteTable) -> [String] {
    let probe = Request(request).probe
    var captures = PathCaptures()
    guard case .route = table.match(probe, captures: &captures) else { return ["no route"] }
    return (captures.parameters + [captures.rest]).map { String(decoding: probe.path[$0], as: UTF8.self) }
}

/// SplitMix64: the same sequence for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
