import Config
import ControlPlane
import Foundation
import Testing

@Suite("tests in the configuration") struct ConfigTestRunnerTests {
    private static let routes = """
        upstreams:
          users: { targets: ["http://users.invalid:8080", "http://10.0.0.2:81"] }
          other: { targets: ["http://10.0.0.3:80"], balance: { hash: client_ip } }
        middleware:
          stamp:
            type: headers
            request: { set: { x-a: stamped } }
            response: { set: { x-b: "1" }, remove: [x-gone] }
          small: { type: request-size, limit: 10 }
        routes:
          - name: users
            path: "/api/users/{id}"
            methods: [GET, PUT]
            upstream: users
            rewrite: { path: "/u/{id}" }
            middleware: [stamp]
          - { name: mirrored, path: /m, upstream: users, mirror: { upstream: other } }
          - { name: split, path: /split, split: [{ upstream: users }, { upstream: other, weight: 0 }] }
          - { name: old, path: "/old/*", redirect: { status: 308, location: "https://$host/new/{*}" } }
          - { name: hello, path: /hello, hosts: [a.example], respond: { status: 200, body: hello } }
          - { name: sized, path: /sized, upstream: other, middleware: [small] }
          - { name: slow, path: /slow, upstream: other, timeouts: { request: 5s } }

        """

    private func failures(_ tests: String) throws -> [String] {
        let yaml = Self.routes + "tests:\n" + tests
        let loaded = try ConfigLoader(environment: { _ in nil }).load(yaml: yaml, file: "g.yaml")
        return try ConfigTestRunner(loaded.config).failures().map(\.message)
    }

    @Test(arguments: [
        // A route that answers by itself, and a host that it does not have.
        "request: { url: \"http://a.example/hello\" }, expect: { status: 200, route: hello, upstream: none, "
            + "body: hello }",
        "request: { url: /hello }, expect: { status: 404, route: none, end_reason: no_route, "
            + "body: { regex: no_route } }",
        // What the upstream gets, and what the client does.
        "request: { method: PUT, url: \"http://h/api/users/7?x=1\", body: abc, client_ip: 192.0.2.9 }, "
            + "upstream: { status: 201, headers: { x-gone: here, x-c: kept }, body: done }, expect: { status: 201, "
            + "route: users, upstream: users, end_reason: ok, "
            + "headers: { x-b: \"1\", x-gone: absent, x-c: kept, via: present }, "
            + "body: done, forwarded: { method: PUT, target: \"/u/7?x=1\", body: abc, "
            + "headers: { x-a: stamped, host: h, "
            + "x-forwarded-for: 192.0.2.9, connection: absent, x-request-id: { regex: \"^[0-9a-f]{32}$\" } } } }",
        "request: { method: POST, url: /api/users/7 }, expect: { status: 405, headers: { allow: \"GET, HEAD, PUT\" } }",
        "request: { url: \"http://h/old/a/b\" }, expect: { status: 308, headers: { location: \"https://h/new/a/b\" } }",
        // An upstream that refuses, and ones of odd answers.
        "request: { url: /api/users/1 }, upstream: { refuses: true }, expect: { status: 502, "
            + "end_reason: upstream_connect }",
        "request: { url: /api/users/1 }, upstream: { status: 204, body: ignored }, expect: { status: 204, body: \"\" }",
        "request: { url: /api/users/1 }, upstream: { status: 304 }, expect: { status: 304, body: { absent: true } }",
        "request: { method: GET, url: /m }, expect: { status: 200, upstream: users, route: mirrored }",
        "request: { url: /split }, expect: { upstream: users }",
        "request: { method: POST, url: /sized, body: \"12345678901\" }, expect: { status: 413, upstream: none }",
        "request: { url: /hello/../api/users/%37 }, expect: { route: users, forwarded: { target: /u/7 } }",
        "request: { url: \"/a%2fb\" }, expect: { status: 400, end_reason: bad_request }",
    ])
    func whatHolds(_ test: String) throws {
        #expect(try failures("  - { name: t, \(test) }\n") == [])
    }

    @Test(arguments: [
        (
            "request: { url: /api/users/1 }, expect: { status: 404 }",
            "expected status 404; the answer was 200, route users, upstream users, end reason ok"
        ),
        (
            "request: { url: /nowhere }, expect: { route: users }",
            "expected route \"users\", it was \"none\"; the answer was 404, route none, upstream none, "
                + "end reason no_route"
        ),
        (
            "request: { url: /api/users/1 }, expect: { upstream: other }",
            "expected upstream \"other\", it was \"users\""
        ),
        ("request: { url: /nowhere }, expect: { end_reason: ok }", "expected end reason \"ok\", it was \"no_route\""),
        (
            "request: { url: /api/users/1 }, expect: { headers: { x-b: \"2\" } }",
            "the field x-b of the answer must be \"2\", but is \"1\""
        ),
        (
            "request: { url: /api/users/1 }, expect: { headers: { x-z: present } }",
            "the field x-z of the answer must be there, but is missing"
        ),
        (
            "request: { url: /api/users/1 }, upstream: { body: b }, expect: { body: { regex: \"^a\" } }",
            "the body of the answer must match \"^a\", but is \"b\""
        ),
        (
            "request: { url: /nowhere }, expect: { forwarded: { method: GET } }",
            "expected the request to be forwarded; the answer was 404"
        ),
        (
            "request: { url: /api/users/1 }, expect: { forwarded: { target: /x, headers: { x-a: absent } } }",
            "expected forwarded target \"/x\", it was \"/u/1\""
        ),
    ])
    func whatFailsSaysHow(_ test: String, _ message: String) throws {
        let found = try failures("  - { name: t, \(test) }\n")
        #expect(found.contains { $0.hasPrefix("test \"t\": \(message)") }, "\(found)")
    }

    @Test func everyFailureIsTold() throws {
        let tests = """
              - { name: one, request: { url: /nowhere }, expect: { status: 200, route: users } }
              - { name: two, request: { url: /api/users/1 }, expect: { status: 200 } }
              - { name: three, request: { url: /nowhere }, expect: { status: 500 } }

            """
        #expect(try failures(tests).map { $0.prefix(11) } == ["test \"one\":", "test \"one\":", "test \"three"])
    }

    /// What a variable brought to a field of credentials is told nobody.
    @Test func aFailingTestTellsNoSecret() throws {
        let yaml = """
            middleware: { m: { type: headers, request: { set: { authorization: "Bearer ${TOKEN}" } } } }
            routes: [{ name: a, path: "/*", upstream: "http://10.0.0.1:80", middleware: [m] }]
            tests:
              - { name: t, request: { url: / }, expect: { forwarded: { headers: { authorization: x } } } }
            """
        let loaded = try ConfigLoader(environment: { _ in "planted" }).load(yaml: yaml, file: "g.yaml")
        let failures = try ConfigTestRunner(loaded.config).failures()
        #expect(failures.count == 1 && !failures.map(\.message).joined().contains("planted"), "\(failures)")
    }

    @Test func nothingIsLeftBehind() throws {
        let loaded = try ConfigLoader(environment: { _ in nil }).load(
            yaml: Self.routes + "tests: [{ name: t, request: { url: /hello }, expect: { status: 404 } }]\n", file: "g")
        /// Workers of this process; each has one.
        func pollerCount() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
                return target == "anon_inode:[eventpoll]"
            }
        }
        let before = try pollerCount()
        for _ in 0..<100 { _ = try ConfigTestRunner(loaded.config).failures() }
        // Other tests open some meanwhile, but not one for each of these.
        #expect(try pollerCount() - before < 60)
    }

    /// Time passes only in the test: a silent upstream costs none of ours.
    @Test func manyTestsAndLargeBodies() throws {
        let body = String(repeating: "x", count: 300_000)
        var tests = "  - { name: large, request: { method: PUT, url: /api/users/1, body: \"\(body)\" }, "
        tests +=
            "upstream: { body: \"\(body)\" }, expect: { status: 200, body: \"\(body)\", "
            + "forwarded: { body: \"\(body)\" } } }\n"
        for number in 0..<300 {
            tests += "  - { name: n\(number), request: { url: /api/users/\(number) }, expect: { status: 200 } }\n"
        }
        #expect(try failures(tests) == [])
    }

    @Test func aPatternThatIsNoneIsAnErrorOfTheConfiguration() throws {
        let yaml = Self.routes + "tests: [{ name: t, request: { url: / }, expect: { body: { regex: \"(\" } } }]\n"
        let loaded = try ConfigLoader(environment: { _ in nil }).load(yaml: yaml, file: "g.yaml")
        let error = #expect(throws: ConfigFailure.self) { try ConfigCheck.warnings(compiling: loaded.config) }
        #expect(error?.diagnostics.map(\.code) == ["bad-regex"])
    }
}
