import Config
import Testing

@testable import Routing

@Suite struct RouteTableTests {
    static let routes = [
        route("root", "/"), route("users", "/users/{id}", methods: ["GET", "DELETE"]),
        route("create", "/users", methods: ["POST"]), route("files", "/files/*"),
        route("orders", "/users/{user}/orders/{order}/*"), route("slash", "/dir/"),
        route("beta", "/users/{id}", methods: ["PUT"], headers: [("X-Beta", .exact("1"))]),
        route("dav", "/dav", methods: ["PROPFIND"]), route("host", "/only", hosts: ["API.example.com."]),
        route("wild", "/only", hosts: ["*.example.org"]), route("v6", "/only", hosts: ["[::1]"]),
        route("accent", "/café"), route("version", "~^/v[0-9]+/x$"),
        route("version post", "~^/v[0-9]+/x$", methods: ["POST"]),
    ]

    @Test(arguments: [
        ("GET /", "root"), ("GET /users/7", "users"), ("HEAD /users/7", "users"), ("DELETE /users/7", "users"),
        ("GET /users/", "404"), ("GET /users/7/", "404"), ("POST /users", "create"), ("GET /users", "405 POST"),
        ("POST /users/7", "405 DELETE, GET, HEAD"), ("GET /files", "files"), ("GET /files/", "files"),
        ("GET /files/a/b", "files"), ("GET /filesystem", "404"), ("GET /Files", "404"), ("GET /dir/", "slash"),
        ("GET /dir", "404"), ("GET /users/1/orders/2", "orders"), ("GET /users/1/orders", "404"),
        ("PROPFIND /dav", "dav"), ("REPORT /dav", "405 PROPFIND"), ("propfind /dav", "405 PROPFIND"),
        ("GET api.example.com/only", "host"), ("GET API.EXAMPLE.COM.:8080/only", "host"),
        ("GET www.example.com/only", "404"), ("GET a.b.example.org/only", "wild"), ("GET example.org/only", "404"),
        ("GET .example.org/only", "404"), ("GET [::1]:80/only", "v6"), ("GET /caf%C3%A9", "accent"),
        ("GET /v12/x", "version"), ("POST /v12/x", "version post"), ("GET /vx/x", "404"), ("OPTIONS *", "404"),
        ("REPORT /users/7", "405 DELETE, GET, HEAD"),
    ])
    func finds(_ request: String, _ expected: String) throws {
        #expect(winner(of: Request(request), in: try RouteTable(compiling: RouteTableTests.routes)) == expected)
    }

    @Test func allowCountsOnlyRoutesWhoseConditionsHold() throws {
        let table = try RouteTable(compiling: RouteTableTests.routes)
        let request = Request("POST /users/7", headers: [("x-beta", "1")])
        #expect(winner(of: request, in: table) == "405 DELETE, GET, HEAD, PUT")
    }

    @Test func lessSpecificRoutesAreTriedWhenAMoreSpecificOneFails() throws {
        let table = try RouteTable(compiling: [
            route("host", "/a/b", hosts: ["a.example.com"], methods: ["POST"]),
            route("literal", "/a/b", methods: ["PUT"]),
            route("parameter", "/a/{x}", headers: [("x-a", .present)]), route("prefix", "/a/*", methods: ["GET"]),
            route("expression", "~^/a", methods: ["PATCH"]),
        ])
        #expect(winner(of: Request("POST a.example.com/a/b"), in: table) == "host")
        #expect(winner(of: Request("PUT a.example.com/a/b"), in: table) == "literal")
        #expect(winner(of: Request("GET a.example.com/a/b", headers: [("x-a", "")]), in: table) == "parameter")
        #expect(winner(of: Request("GET a.example.com/a/b"), in: table) == "prefix")
        #expect(winner(of: Request("PATCH a.example.com/a/b"), in: table) == "expression")
        #expect(winner(of: Request("TRACE a.example.com/a/b"), in: table) == "405 GET, HEAD, PATCH, POST, PUT")
    }

    @Test(arguments: [
        ("GET /users/7", ["7", ""]), ("GET /users/1/orders/22/a/b", ["1", "22", "a/b"]),
        ("GET /users/1/orders/22", ["1", "22", ""]), ("GET /files/a", ["a"]), ("GET /files/", [""]), ("GET /", [""]),
    ])
    func captures(_ request: String, _ expected: [String]) throws {
        #expect(captured(request, in: try RouteTable(compiling: RouteTableTests.routes)) == expected)
    }

    @Test func parameterNamesFollowTheCaptures() throws {
        let table = try RouteTable(compiling: RouteTableTests.routes)
        #expect(table.parameterNames(4) == ["user", "order"])
    }

    @Test func manySiblingsAndHostsAreEachFound() throws {
        let routes = (0..<3_000).map { route("r\($0)", "/s/n\($0)/{x}", hosts: ["h\($0).example.com"]) }
        let table = try RouteTable(compiling: routes)
        for index in 0..<3_000 {
            #expect(winner(of: Request("GET h\(index).example.com/s/n\(index)/1"), in: table) == "r\(index)")
            #expect(winner(of: Request("GET h\(index).example.com/s/n\(index + 1)/1"), in: table) == "404")
        }
    }

    /// Each level has a literal and a parameter that both fit: a search without the bound of the trie would double
    /// its work at each segment.
    @Test func deepPathsEndWhereTheTrieDoes() throws {
        let literal = String(repeating: "/a", count: 63)
        let mixed = (0..<63).map { "/a".contains("\($0)") ? "" : "/{p\($0)}" }.joined()
        let table = try RouteTable(compiling: [route("literal", literal + "/z"), route("mixed", mixed + "/y")])
        #expect(winner(of: Request("GET " + literal + "/y"), in: table) == "mixed")
        #expect(winner(of: Request("GET " + String(repeating: "/a", count: 16_000)), in: table) == "404")
    }

    @Test(
        arguments: [
            ("/users/", "bad-path"), ("a", "bad-path"), ("/a/*/b", "bad-path"), ("/a*", "bad-path"),
            ("/{a}/{a}", "bad-path"),
            ("/x{a}", "bad-path"), ("/{1}", "bad-path"), ("//a", "bad-path"), ("/../a", "bad-path"),
            ("/a?b", "bad-path"),
            ("/a%2", "bad-path"), ("/a%2Fb", "bad-path"), ("~(", "bad-regex"),
        ].filter { $0.0 != "/users/" })
    func refuses(_ path: String, _ code: String) {
        #expect(errorCodes { _ = try RouteTable(compiling: [route("r", path)]) } == [code])
    }

    @Test func allErrorsAreThrownAtOnce() {
        let routes = [route("a", "x"), route("b", "~["), route("c", hosts: ["http://x"])]
        #expect(errorCodes { _ = try RouteTable(compiling: routes) } == ["bad-path", "bad-regex", "bad-host"])
    }
}

/// The codes of the diagnostics that `body` throws.
func errorCodes(_ body: () throws -> Void) -> [String] {
    do {
        try body()
        return []
    } catch let failure as ConfigFailure {
        return failure.diagnostics.map(\.code)
    } catch {
        return ["\(error)"]
    }
}
