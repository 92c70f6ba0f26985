import Config
import Testing

@testable import Routing

@Suite struct PathRewriteTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var pattern = "/*"
        var strip: String?
        var path: String?
        var regex: RewriteConfig.Regex?
        var input: String
        /// nil: unchanged; empty: refused.
        var output: String?
        var testDescription: String { "\(strip ?? path ?? regex?.pattern ?? "") on \(input)" }
    }

    static let rows: [Row] = [
        Row(strip: "/api", input: "/api/x", output: "/x"), Row(strip: "/api", input: "/api", output: "/"),
        Row(strip: "/api/", input: "/api/x/", output: "/x/"), Row(strip: "/api", input: "/api/", output: "/"),
        Row(strip: "/api", input: "/apis/x", output: nil), Row(strip: "/api", input: "/x", output: nil),
        Row(strip: "/", input: "/x", output: nil),
        Row(pattern: "/a/{id}", path: "/users/{id}", input: "/a/7", output: "/users/7"),
        Row(pattern: "/{a}/{b}", path: "/{b}/{a}", input: "/1/2", output: "/2/1"),
        Row(pattern: "/a/*", path: "/x/{*}", input: "/a/b/c", output: "/x/b/c"),
        Row(pattern: "/a/*", path: "/x/{*}", input: "/a/", output: "/x/"),
        Row(pattern: "/a/*", path: "/x/{*}", input: "/a", output: "/x"),
        Row(pattern: "/a/*", path: "/{*}", input: "/a", output: "/"),
        Row(pattern: "/{a}", path: "/u-{a}.json", input: "/x%20y", output: "/u-x%20y.json"),
        Row(regex: .init(pattern: "^/v[0-9]+/(.*)$", replacement: "/$1"), input: "/v2/a/b", output: "/a/b"),
        Row(regex: .init(pattern: "^/v[0-9]+", replacement: ""), input: "/v2", output: ""),
        Row(regex: .init(pattern: "^/api", replacement: "/"), input: "/api/x", output: "/x"),
        Row(regex: .init(pattern: "b", replacement: "$$"), input: "/bb", output: "/$b"),
        Row(regex: .init(pattern: "x", replacement: "y"), input: "/a", output: nil),
        Row(regex: .init(pattern: "x", replacement: ".."), input: "/a/x/b", output: ""),
        Row(regex: .init(pattern: "x", replacement: "?q=1"), input: "/x", output: ""),
        Row(regex: .init(pattern: "x", replacement: " HTTP/1.1\r\n"), input: "/x", output: ""),
        Row(regex: .init(pattern: "-", replacement: ""), input: "/%2-Fx", output: ""),
        Row(regex: .init(pattern: "0", replacement: ""), input: "/%20", output: ""),
        Row(strip: "/api", regex: .init(pattern: "^/a", replacement: "/b"), input: "/api/a", output: "/b"),
        Row(
            pattern: "/api/{x}", strip: "/api", path: "/t/{x}", regex: .init(pattern: "t", replacement: "u"),
            input: "/api/1", output: "/u/1"),
    ]

    @Test(arguments: rows) func rewrites(_ row: Row) throws {
        let route = route("r", row.pattern)
        let rewrite = try #require(try PathRewrite(compiling: config(row), route: route))
        let table = try RouteTable(compiling: [route])
        let probe = RequestProbe(method: "GET", authority: "", path: row.input)
        var captures = PathCaptures()
        #expect(table.match(probe, captures: &captures) == .route(0))
        var out: [UInt8] = Array("left over".utf8)
        if row.output == "" {
            #expect(throws: RewriteError.invalidPath) {
                _ = try rewrite.apply(path: probe.path.span, captures: captures, into: &out)
            }
            return
        }
        let isChanged = try rewrite.apply(path: probe.path.span, captures: captures, into: &out)
        #expect(isChanged == (row.output != nil))
        if let output = row.output { #expect(String(decoding: out, as: UTF8.self) == output) }
    }

    @Test(arguments: [
        Row(pattern: "/a/{id}", path: "/users/{name}", input: ""), Row(pattern: "/a", path: "/x/{*}", input: ""),
        Row(path: "users", input: ""), Row(path: "/a?b=1", input: ""), Row(path: "/a/../b", input: ""),
        Row(path: "/{a", input: ""), Row(strip: "api", input: ""), Row(strip: "/a b", input: ""),
        Row(regex: .init(pattern: "(", replacement: ""), input: ""),
        Row(regex: .init(pattern: "a", replacement: "$1"), input: ""),
        Row(regex: .init(pattern: "a", replacement: "x$"), input: ""),
    ])
    func refuses(_ row: Row) {
        #expect(
            errorCodes { _ = try PathRewrite(compiling: config(row), route: route("r", row.pattern)) } == [
                "bad-rewrite"
            ])
    }

    @Test(
        arguments: [
            ("acme", "/t/acme/x"), ("a b", "/t/a%20b/x"), ("é", "/t/%C3%A9/x"), ("a-1_2.3~", "/t/a-1_2.3~/x"),
            ("..", nil), (".", nil), ("a/b", nil), ("a\r\nb", nil), ("a\0", nil), ("\\", nil), ("", nil),
        ] as [(String, String?)])
    func variablesAreOneSegment(_ value: String, _ expected: String?) throws {
        var config = RewriteConfig()
        config.path = "/t/{var:tenant}/{*}"
        let route = route("r", "/*")
        let rewrite = try #require(try PathRewrite(compiling: config, route: route))
        #expect(rewrite.readsVariables)
        let table = try RouteTable(compiling: [route])
        let probe = RequestProbe(method: "GET", authority: "", path: "/x")
        var captures = PathCaptures()
        _ = table.match(probe, captures: &captures)
        var out: [UInt8] = []
        let isChanged = try? rewrite.apply(
            path: probe.path.span, captures: captures,
            variable: { $0 == Array("tenant".utf8) ? Array(value.utf8) : nil }, into: &out)
        #expect(isChanged.map { _ in String(decoding: out, as: UTF8.self) } == expected)
    }

    @Test func aMissingVariableIsRefused() throws {
        var config = RewriteConfig()
        config.path = "/t/{var:tenant}"
        let rewrite = try #require(try PathRewrite(compiling: config, route: route("r")))
        let path = Array("/x".utf8)
        var out: [UInt8] = []
        #expect(throws: RewriteError.variableNotSet) {
            _ = try rewrite.apply(path: path.span, captures: PathCaptures(), into: &out)
        }
        for name in ["", "A", "1a", "a-b"] {
            config.path = "/t/{var:\(name)}"
            #expect(errorCodes { _ = try PathRewrite(compiling: config, route: route("r")) } == ["bad-rewrite"])
        }
    }

    @Test func hostStandsAlone() throws {
        var config = RewriteConfig()
        #expect(try PathRewrite(compiling: config, route: route("r")) == nil)
        config.host = "users.internal:8080"
        let rewrite = try #require(try PathRewrite(compiling: config, route: route("r")))
        #expect(rewrite.host == Array("users.internal:8080".utf8))
        config.host = "a b"
        #expect(errorCodes { _ = try PathRewrite(compiling: config, route: route("r")) } == ["bad-rewrite"])
    }

    private func config(_ row: Row) -> RewriteConfig {
        var config = RewriteConfig()
        config.stripPrefix = row.strip
        config.path = row.path
        config.regex = row.regex
        return config
    }
}
