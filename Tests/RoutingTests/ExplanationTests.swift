import Config
import Testing

@testable import Routing

@Suite struct ExplanationTests {
    static let routes = [
        route("users", "/users/{id}", methods: ["GET"], line: 3), route("all", "/*", line: 7),
        route("beta", "/users/{id}", headers: [("x-beta", .exact("1"))], query: [("v", .present)], line: 11),
        route("tenant", "/users/{id}", hosts: ["t.example.com"], line: 15),
        route("orders", "/orders/*", line: 19), route("profile", "/users/{id}/profile", line: 23),
    ]

    @Test func namesTheWinnerAndWhyNotTheOthers() throws {
        let table = try RouteTable(compiling: ExplanationTests.routes)
        let explanation = table.explain(method: "GET", authority: "example.com", path: "/users/7")
        #expect(explanation.route == "users")
        #expect(explanation.captures == [Explanation.Capture(name: "id", value: "7")])
        let reasons = Dictionary(uniqueKeysWithValues: explanation.nearMisses.map { ($0.route, $0) })
        #expect(reasons["all"]?.lostByRule == Precedence.Rule.path.rawValue)
        #expect(reasons["beta"]?.reasons == ["header x-beta: is not = 1", "query v: is not present"])
        #expect(reasons["tenant"]?.reasons == ["host: example.com is none of t.example.com"])
        #expect(reasons["profile"]?.reasons == ["path: /users/7 does not fit /users/{id}/profile"])
        #expect(reasons["orders"] == nil)
        #expect(explanation.nearMisses.first?.route == "all")
        #expect(explanation.describe().hasPrefix("route: users\n  {id} = 7\nnot taken:\n  all (gateway.yaml:7:5)"))
    }

    @Test(arguments: [
        (1, "GET", "a.example.com", [(name: String, value: String)]()), (3, "GET", "b.example.com", []),
        (4, "GET", "b.example.com", [(name: "h", value: "1")]), (6, "PUT", "b.example.com", [(name: "i", value: "1")]),
    ])
    func namesTheRuleThatDecided(
        _ rule: Int, _ method: String, _ host: String, _ headers: [(name: String, value: String)]
    ) throws {
        let table = try RouteTable(compiling: [
            route("exact host", "/x", hosts: ["a.example.com"]), route("plain", "/x"),
            route("get", "/x", methods: ["GET"]), route("get h", "/x", methods: ["GET"], headers: [("h", .present)]),
            route("put i", "/x", methods: ["PUT"], headers: [("i", .present)], priority: 1),
            route("put j", "/x", methods: ["PUT"], headers: [("i", .exact("1"))]),
        ])
        let explanation = table.explain(method: method, authority: host, path: "/x", headers: headers)
        #expect(explanation.nearMisses.contains { $0.lostByRule == rule })
    }

    @Test func tellsWhatWouldBeAllowed() throws {
        let table = try RouteTable(compiling: [route("users", "/users", methods: ["POST"])])
        let explanation = table.explain(method: "GET", authority: "", path: "/users")
        #expect(explanation.verdict == .methodNotAllowed)
        #expect(explanation.allow == "POST")
        #expect(explanation.nearMisses.first?.reasons == ["method: GET is none of POST"])
        #expect(table.explain(method: "GET", authority: "", path: "/x").verdict == .notFound)
    }

    @Test func listsInTheOrderOfSearch() throws {
        let table = try RouteTable(compiling: ExplanationTests.routes + [route("pattern", "~^/x", line: 30)])
        let rows = table.listing()
        #expect(rows.map(\.name) == ["tenant", "orders", "users", "beta", "profile", "all", "pattern"])
        #expect(rows[0].hosts == ["t.example.com"])
        #expect(rows[2].methods == ["GET", "HEAD"])
        #expect(rows[3].conditions == ["header x-beta = 1", "query v present"])
        #expect(rows[6].path == "regex ^/x")
        #expect(rows[6].action == "respond 200")
    }
}
