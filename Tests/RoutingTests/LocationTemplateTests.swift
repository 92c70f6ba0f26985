import Config
import Testing

@testable import Routing

@Suite struct LocationTemplateTests {
    @Test(arguments: [
        ("https://$host$path", "https://example.com/a/7/x"),
        ("$scheme://$host$request_uri", "http://example.com/a/7/x?q=1%0A"),
        ("/new$path$query", "/new/a/7/x?q=1%0A"), ("/u/{id}", "/u/7"), ("/u/{id}/{*}", "/u/7/x"), ("/$$1", "/$1"),
        ("https://other.example/", "https://other.example/"),
    ])
    func writes(_ template: String, _ expected: String) throws {
        let route = route("r", "/a/{id}/*")
        let location = try LocationTemplate(compiling: template, route: route)
        let probe = RequestProbe(method: "GET", authority: "example.com:8080", path: "/a/7/x", query: "q=1\n")
        var captures = PathCaptures()
        #expect(try RouteTable(compiling: [route]).match(probe, captures: &captures) == .route(0))
        var out: [UInt8] = []
        let scheme = Array("http".utf8)
        location.write(
            scheme: scheme.span, host: probe.authority.span, path: probe.path.span, query: probe.query.span,
            captures: captures, into: &out)
        #expect(String(decoding: out, as: UTF8.self) == expected)
    }

    @Test func anEmptyQueryLeavesNoQuestionMark() throws {
        let location = try LocationTemplate(compiling: "$path$query", route: route("r"))
        let probe = RequestProbe(method: "GET", authority: "[::1]:80", path: "/a")
        var out: [UInt8] = []
        location.write(
            scheme: probe.query.span, host: probe.authority.span, path: probe.path.span, query: probe.query.span,
            captures: PathCaptures(), into: &out)
        #expect(out == Array("/a".utf8))
    }

    @Test(arguments: ["", "$nope", "/a b", "/\r\nx: y", "/{id}", "/{", "$"])
    func refuses(_ template: String) {
        #expect(errorCodes { _ = try LocationTemplate(compiling: template, route: route("r")) } == ["bad-location"])
    }
}
