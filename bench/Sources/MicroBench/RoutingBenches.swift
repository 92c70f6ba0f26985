import Bytes
import Config
import HTTP
import Routing

/// The look-up of a route among ten, a thousand and ten thousand.
enum RoutingBenches {
    static var all: [Bench] {
        [10, 1000, 10_000].map { routeCount in
            Bench(
                "route-match \(routeCount) routes", match(routeCount), baseline: "dictionary of the paths",
                dictionary(routeCount))
        }
    }

    private static func paths(_ routeCount: Int) -> [String] {
        (0..<routeCount).map { "/api/v\($0 % 10)/service-\($0)" }
    }

    /// Prefixes, parameters and exact paths in equal parts, as gateways have them.
    private static func table(_ routeCount: Int) -> RouteTable {
        let routes = paths(routeCount).enumerated().map { number, path in
            var route = RouteConfig(name: "r\(number)", action: .respond(status: 200, body: "", headers: []))
            route.match.path = .pattern(path + ["/*", "/{id}", ""][number % 3])
            return route
        }
        do throws(ConfigFailure) { return try RouteTable(compiling: routes) } catch {
            preconditionFailure("\(error.diagnostics.first.map { "\($0)" } ?? "")")
        }
    }

    /// 64 requests that each meet another route.
    private static func requests(_ routeCount: Int) -> [[UInt8]] {
        let paths = paths(routeCount)
        return (0..<64).map { turn in
            let number = turn * 7919 % routeCount
            return Array((paths[number] + (number % 3 == 2 ? "" : "/12345")).utf8)
        }
    }

    private static func match(_ routeCount: Int) -> Bench.Work {
        let table = table(routeCount)
        let requests = requests(routeCount)
        var parser = RequestParser(limits: RequestLimits())
        var parsed = RequestHead()
        let bytes = HTTPBenches.browserGet
        guard (try? parser.parse(bytes.span, into: &parsed)) == true else { preconditionFailure("refused") }
        let head = parsed
        return { count in
            var captures = PathCaptures()
            captures.parameters.reserveCapacity(8)
            var sum = 0
            for turn in 0..<count {
                let span = bytes.span
                let path = requests[turn & 63]
                let outcome = table.match(
                    method: .get, methodToken: span.extracting(head.methodRange),
                    authority: span.extracting(head.authorityRange), path: path.span,
                    query: span.extracting(0..<0), fields: head.fields.span,
                    knownHeaders: head.knownHeaders, bytes: span, captures: &captures)
                guard case .route(let index) = outcome else { preconditionFailure("no route") }
                sum &+= index
            }
            return sum
        }
    }

    private static func dictionary(_ routeCount: Int) -> Bench.Work {
        let requests = requests(routeCount)
        var numbers: [[UInt8]: Int] = [:]
        for (number, path) in paths(routeCount).enumerated() {
            numbers[Array((path + (number % 3 == 2 ? "" : "/12345")).utf8)] = number
        }
        return { [numbers] count in
            var sum = 0
            for turn in 0..<count { sum &+= numbers[requests[turn & 63]] ?? 0 }
            return sum
        }
    }
}
