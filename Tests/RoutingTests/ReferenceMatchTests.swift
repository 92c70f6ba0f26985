import Config
import Testing

@testable import Routing

/// The look-up against a matcher that knows nothing of tries: it filters all routes and sorts by the written rules.
@Suite struct ReferenceMatchTests {
    struct Reference {
        var routes: [RouteConfig]

        func winner(_ method: String, _ host: String, _ path: String, _ headers: [(name: String, value: String)])
            -> String
        {
            let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            var fitting: [(key: [Int], name: String)] = []
            var allowed: Set<String> = []
            for (number, route) in routes.enumerated() {
                guard let hostRank = hostRank(route, host), let path = pathKey(route, parts, path, number) else {
                    continue
                }
                guard
                    route.match.headers.allSatisfy({ condition in
                        headers.contains { $0.name == condition.name && condition.value == .exact($0.value) }
                    })
                else { continue }
                var methods = Set(route.match.methods)
                if methods.contains("GET") { methods.insert("HEAD") }
                guard methods.isEmpty || methods.contains(method) else {
                    allowed.formUnion(methods)
                    continue
                }
                var padded = path
                while padded.count < 12 { padded.append(0) }
                let rest = [methods.isEmpty ? 1 : 0, -route.match.headers.count, -route.priority]
                fitting.append(([-hostRank] + padded + rest, route.name))
            }
            if let best = fitting.min(by: { $0.key.lexicographicallyPrecedes($1.key) }) { return best.name }
            return allowed.isEmpty ? "404" : "405 " + allowed.sorted().joined(separator: ", ")
        }

        private func hostRank(_ route: RouteConfig, _ host: String) -> Int? {
            if route.match.hosts.isEmpty { return 0 }
            return route.match.hosts.compactMap { pattern -> Int? in
                if pattern.value == host { return 1_000 }
                guard pattern.value.hasPrefix("*") else { return nil }
                let suffix = pattern.value.dropFirst()
                return host.hasSuffix(suffix) && host.count > suffix.count ? suffix.count : nil
            }.max()
        }

        /// Per segment 1 literal, 2 parameter, 3 rest; 4 and the place in the file for an expression.
        private func pathKey(_ route: RouteConfig, _ parts: [String], _ path: String, _ number: Int) -> [Int]? {
            guard case .pattern(let pattern) = route.match.path else {
                guard case .regex(let text) = route.match.path else { return nil }
                let fits = text.hasPrefix("^") ? path.hasPrefix(text.dropFirst()) : path.hasSuffix(text.dropLast())
                return fits ? [4, number] : nil
            }
            var wanted = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            let isPrefix = wanted.last == "*"
            if isPrefix { wanted.removeLast() }
            guard isPrefix ? parts.count >= wanted.count : parts.count == wanted.count else { return nil }
            var key: [Int] = []
            for (want, part) in zip(wanted, parts) {
                if want.hasPrefix("{") {
                    if part.isEmpty { return nil }
                    key.append(2)
                } else {
                    if part != want { return nil }
                    key.append(1)
                }
            }
            return key + [isPrefix ? 3 : 0]
        }
    }

    static func randomRoute(_ number: Int, _ random: inout SeededGenerator) -> RouteConfig {
        var path = ""
        for segment in 0..<Int.random(in: 0...4, using: &random) {
            path += "/" + (["a", "b", "c", "{p\(segment)}"].randomElement(using: &random) ?? "a")
        }
        path += ["", "", "/*", "/"].randomElement(using: &random) ?? ""
        if path.isEmpty { path = "/*" }
        if Int.random(in: 0..<8, using: &random) == 0 {
            path = ["~^/a", "~^/a/b", "~/b$", "~c$"].randomElement(using: &random) ?? "~c$"
        }
        let hosts =
            [[], [], ["x.com"], ["*.com"], ["*.b.com", "x.com"], ["y.b.com"]].randomElement(using: &random) ?? []
        let methods = [[], [], ["GET"], ["POST", "GET"], ["PUT"]].randomElement(using: &random) ?? []
        let names = ["h", "i"].filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
        return route(
            "r\(number)", path, hosts: hosts, methods: methods, headers: names.map { ($0, .exact("1")) },
            priority: number)
    }

    @Test(arguments: 0..<20) func agreesWithTheReference(_ seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed))
        for _ in 0..<50 {
            var routes = (0..<Int.random(in: 1...25, using: &random)).map {
                ReferenceMatchTests.randomRoute($0, &random)
            }
            routes.shuffle(using: &random)
            // Regular expressions of one text are one place of the search; the reference has none of that.
            var seen: Set<String> = []
            routes.removeAll { route in
                guard case .regex(let text) = route.match.path else { return false }
                return !seen.insert(text).inserted
            }
            let table = try RouteTable(compiling: routes)
            let reference = Reference(routes: routes)
            for _ in 0..<40 {
                var path = ""
                for _ in 0..<Int.random(in: 0...5, using: &random) {
                    path += "/" + (["a", "b", "c", "d"].randomElement(using: &random) ?? "a")
                }
                if path.isEmpty || Int.random(in: 0..<6, using: &random) == 0 { path += "/" }
                let host =
                    ["x.com", "y.com", "y.b.com", "z.b.com", "b.com", "other"].randomElement(using: &random) ?? ""
                let method = ["GET", "HEAD", "POST", "PUT", "DELETE"].randomElement(using: &random) ?? "GET"
                let headers = ["h", "i"].filter { _ in Bool.random(using: &random) }.map { (name: $0, value: "1") }
                let found = winner(of: Request("\(method) \(host)\(path)", headers: headers), in: table)
                let expected = reference.winner(method, host, path, headers)
                #expect(found == expected, "seed \(seed): \(method) \(host)\(path) \(headers) \(table.listing())")
            }
        }
    }
}
