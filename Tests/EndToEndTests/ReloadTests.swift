import Foundation
import GatewayTesting
import Glibc
import Synchronization
import Testing

@Suite struct ReloadTests {
    /// Where a gateway is started without waiting for its readiness: on a busy machine that takes a while.
    private static var startLimit: Deadline { .after(.seconds(60)) }

    private func answering(_ text: String, top: String = "") -> String {
        top + "routes:\n  - { name: a, path: \"/*\", respond: { status: 200, body: \"\(text)\" } }\n"
    }

    private func waitForAnswer(_ text: String, _ gateway: GatewayProcess) throws {
        try waitUntil("the answer \(text); log: \(gateway.child.errors)") { try gateway.get("/").text == text }
    }

    @Test func aFileThatChangesIsTakenOver() throws {
        let gateway = try GatewayProcess(workers: 2, config: answering("one"))
        try gateway.rewrite(answering("two"))
        try waitForAnswer("two", gateway)
        // Written in place, as `echo > file` does.
        let text = try String(contentsOfFile: gateway.configFile, encoding: .utf8).replacing("two", with: "three")
        try text.write(toFile: gateway.configFile, atomically: false, encoding: .utf8)
        try waitForAnswer("three", gateway)
        try waitUntil("both are counted") {
            try gateway.metrics().count("gateway_config_reloads_total", ["result": "success"]) == 2
        }
    }

    @Test func aSignalReloadsWhereFilesAreNotWatched() throws {
        let gateway = try GatewayProcess(config: answering("one", top: "reload: { watch: false }\n"))
        try gateway.rewrite(answering("two", top: "reload: { watch: false }\n"))
        usleep(600_000)
        #expect(try gateway.get("/").text == "one")
        gateway.child.signal(SIGHUP)
        try waitForAnswer("two", gateway)
    }

    @Test func theAdminAPITellsWhatChanged() throws {
        let gateway = try GatewayProcess(config: answering("one", top: "reload: { watch: false }\n"))
        #expect(try gateway.adminPost("/reload").text.contains("\"result\":\"unchanged\",\"generation\":1"))
        try gateway.rewrite(answering("two", top: "reload: { watch: false }\n"))
        let answer = try gateway.adminPost("/reload")
        #expect(answer.status == 200 && answer.text.contains("\"result\":\"published\",\"generation\":2"))
        #expect(answer.text.contains(#"{"kind":"changed","path":"routes[a].respond.body","old":"one","new":"two"}"#))
        #expect(try gateway.get("/").text == "two")
        let generations = try gateway.admin("/generations").text
        #expect(generations.contains("\"cause\":\"request\"") && generations.contains("\"cause\":\"start\""))
        #expect(try gateway.admin("/events").text.contains("\"kind\":\"reloaded\""))
    }

    @Test(arguments: [
        ("routes:\n  - { name: a, pth: \"/*\" }\n", "unknown-key"), ("routes: [\n", "yaml-syntax"),
        ("routes:\n  - { name: a, path: \"/*\", respond: { body: \"${NOT_SET_ANYWHERE}\" } }\n", "missing-variable"),
        ("routes:\n  - { name: a, path: \"/*\", respond: { body: \"${file:/nothing/here}\" } }\n", "secret-unreadable"),
        ("routes:\n  - { name: a, path_regex: \"(\", respond: { status: 200 } }\n", "bad-regex"),
        (
            "routes:\n  - { name: a, path: \"/*\", respond: { status: 200 } }\ntests:\n"
                + "  - { name: t, request: { url: / }, expect: { status: 404 } }\n", "test-failed"
        ),
        (
            "access_log: { output: /nothing/here/log }\n"
                + "routes: [{ name: a, path: \"/*\", respond: { status: 200 } }]\n", "cannot-log"
        ),
    ])
    func whatIsWrongIsRejectedWhole(_ config: String, _ code: String) throws {
        let gateway = try GatewayProcess(config: answering("one", top: "reload: { watch: false }\n"))
        try gateway.rewrite(config)
        let answer = try gateway.adminPost("/reload")
        #expect(answer.status == 422)
        #expect(answer.text.contains("\"code\":\"\(code)\""), "\(answer.text)")
        #expect(answer.text.contains("gateway.yaml\",\"line\":"))
        #expect(gateway.child.errors.contains("error[\(code)]"), "\(gateway.child.errors)")
        #expect(try gateway.get("/").text == "one")
        #expect(try gateway.admin("/readyz").status == 200)
        #expect(try gateway.metrics().value("gateway_config_last_reload_success") == 0)
        try gateway.rewrite(answering("two", top: "reload: { watch: false }\n"))
        #expect(try gateway.adminPost("/reload").status == 200)
        #expect(try gateway.metrics().value("gateway_config_last_reload_success") == 1)
    }

    @Test func aFileThatIsGoneOrADirectoryIsRejectedToo() throws {
        let gateway = try GatewayProcess(config: answering("one"))
        func waitForFailure(_ count: Int) throws {
            try waitUntil("failure \(count); log: \(gateway.child.errors)") {
                try gateway.metrics().count("gateway_config_reloads_total", ["result": "failure"]) >= count
            }
            #expect(try gateway.get("/").text == "one")
        }
        let kept = gateway.configFile + ".kept"
        try FileManager.default.moveItem(atPath: gateway.configFile, toPath: kept)
        try waitForFailure(1)
        try FileManager.default.createDirectory(atPath: gateway.configFile, withIntermediateDirectories: false)
        try waitForFailure(2)
        try FileManager.default.removeItem(atPath: gateway.configFile)
        try gateway.rewrite(answering("back"))
        try waitForAnswer("back", gateway)
    }

    @Test func aDirectoryAndItsSecretsAreFollowed() throws {
        let directory = try TemporaryDirectory()
        let port = try FreePort.take()
        let secret = try directory.write("secret", "s1\n")
        let folder = directory.path + "/conf"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func put(_ name: String, _ text: String) throws {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        let route = "routes: [{ name: a, path: /a, respond: { status: 200, body: \"${file:\(secret)}\" } }]\n"
        let listener = "listeners: [{ name: h, address: \"127.0.0.1:\(port)\" }]\n"
        try put("10.yaml", listener + "admin: { address: off }\n" + route)
        let child = try ChildProcess(GatewayProcess.binary(), ["run", "-c", folder])
        defer { child.kill() }
        func waitFor(_ target: String, _ text: String) throws {
            try waitUntil("\(target) answers \(text); log: \(child.errors)", before: Self.startLimit) {
                (try? RawConnection(port: port).get(target))?.text == text
            }
        }
        try waitFor("/a", "s1")
        try put("20.yaml", "routes: [{ name: b, path: /b, respond: { status: 200, body: new } }]\n")
        try waitFor("/b", "new")
        _ = try directory.write("secret", "s2\n")
        try waitFor("/a", "s2")
    }

    /// Kubernetes mounts: the file is a link to `..data/…`, and `..data` is swapped.
    @Test func aSwappedLinkIsFollowed() throws {
        let directory = try TemporaryDirectory()
        let (port, files) = (try FreePort.take(), FileManager.default)
        let path = directory.path
        func version(_ number: Int) throws {
            let folder = "\(path)/..v\(number)"
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let text =
                "listeners: [{ name: h, address: \"127.0.0.1:\(port)\" }]\nadmin: { address: off }\n"
                + answering("v\(number)")
            try text.write(toFile: folder + "/gateway.yaml", atomically: true, encoding: .utf8)
            try files.createSymbolicLink(atPath: path + "/..data_tmp", withDestinationPath: "..v\(number)")
            #expect(unsafe rename(path + "/..data_tmp", path + "/..data") == 0)
        }
        try version(1)
        try files.createSymbolicLink(atPath: path + "/gateway.yaml", withDestinationPath: "..data/gateway.yaml")
        let child = try ChildProcess(GatewayProcess.binary(), ["run", "-c", path + "/gateway.yaml"])
        defer { child.kill() }
        for number in 1...3 {
            if number > 1 { try version(number) }
            try waitUntil("version \(number); log: \(child.errors)", before: Self.startLimit) {
                (try? RawConnection(port: port).get("/"))?.text == "v\(number)"
            }
        }
    }

    @Test func aThousandTouchesAreOneThingToDo() throws {
        let gateway = try GatewayProcess(config: answering("one"))
        for number in 0..<1000 {
            let modified = Date(timeIntervalSince1970: 1_700_000_000 + Double(number))
            try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: gateway.configFile)
        }
        try gateway.rewrite(answering("two"))
        try waitForAnswer("two", gateway)
        try waitUntil("it is counted") {
            try gateway.metrics().count("gateway_config_reloads_total", ["result": "success"]) == 1
        }
        #expect(try gateway.metrics().value("gateway_config_generation") == 2)
    }

    @Test func olderGenerationsCanComeBack() throws {
        let top = "reload: { watch: false }\n"
        let gateway = try GatewayProcess(config: answering("g1", top: top))
        for number in 2...12 {
            try gateway.rewrite(answering("g\(number)", top: top))
            #expect(try gateway.adminPost("/reload").status == 200)
        }
        #expect(try gateway.adminPost("/rollback").text.contains("\"generation\":13,\"cause\":\"rollback to 11\""))
        #expect(try gateway.get("/").text == "g11")
        #expect(try gateway.adminPost("/rollback?generation=5").status == 200)
        #expect(try gateway.get("/").text == "g5")
        #expect(try gateway.adminPost("/rollback?generation=2").status == 404, "only ten are remembered")
        #expect(try gateway.get("/").text == "g5")
    }

    @Test func whatCannotChangeIsSaid() throws {
        let gateway = try GatewayProcess(config: answering("one", top: "reload: { watch: false }\n"))
        let text = try String(contentsOfFile: gateway.configFile, encoding: .utf8)
        try text.replacing("workers: 1", with: "workers: 3")
            .write(toFile: gateway.configFile, atomically: true, encoding: .utf8)
        let answer = try gateway.adminPost("/reload")
        #expect(answer.status == 200 && answer.text.contains("\"code\":\"needs-restart\""), "\(answer.text)")
    }

    // MARK: Nothing is lost

    @Test func aRequestEndsOnTheGenerationThatItBeganWith() throws {
        let upstream = try ScriptedUpstream()
        let goOn = Gate()
        upstream.on("/slow") { _, session in
            try goOn.wait()
            try session.respond("finished")
        }
        let gateway = try GatewayProcess(forwardingTo: upstream, top: "reload: { watch: false }\n")
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/slow"))
        try upstream.waitForRequests(1, to: "/slow")
        try gateway.rewrite(answering("two", top: "reload: { watch: false }\n"))
        #expect(try gateway.adminPost("/reload").status == 200)
        #expect(try gateway.get("/slow").text == "two")
        #expect(try gateway.metrics().value("gateway_config_generations_live") == 2)
        goOn.open()
        #expect(try connection.response().text == "finished")
        // The same connection, the next generation.
        #expect(try connection.get("/").text == "two")
        try waitUntil("the old generation is freed") {
            try gateway.metrics().value("gateway_config_generations_live") == 1
        }
    }

    @Test func connectionsToAnUnchangedUpstreamStay() throws {
        let upstream = try ScriptedUpstream()
        let top = "reload: { watch: false }\n"
        let gateway = try GatewayProcess(forwardingTo: upstream, top: top)
        for _ in 0..<3 { #expect(try gateway.get("/").status == 200) }
        #expect(upstream.connectionCount == 1)
        let extra = "  - { name: more, path: /more, respond: { status: 204 } }\n"
        let route = "  - { name: all, path: \"/*\", upstream: \"\(upstream.url)\" }\n"
        // It moves to another line, which changes nothing for it.
        try gateway.rewrite(top + "routes:\n" + extra + route)
        #expect(try gateway.adminPost("/reload").status == 200)
        #expect(try gateway.get("/more").status == 204)
        #expect(try gateway.get("/").status == 200)
        #expect(upstream.connectionCount == 1)
        // Another timeout makes another upstream of it: its idle connections are closed.
        try gateway.rewrite(
            top + "routes:\n  - { name: all, path: \"/*\", upstream: u }\n"
                + "upstreams: { u: { targets: [\"\(upstream.url)\"], connect_timeout: 9s } }\n")
        #expect(try gateway.adminPost("/reload").status == 200)
        try waitUntil("the idle connection is closed") {
            try gateway.metrics().count("gateway_upstream_connections", ["state": "idle"]) == 0
        }
        #expect(try gateway.get("/").status == 200)
        #expect(upstream.connectionCount == 2)
    }

    @Test func listenersComeAndGo() throws {
        let top = "reload: { watch: false }\n"
        let gateway = try GatewayProcess(workers: 2, config: answering("one", top: top))
        let port = try FreePort.take()
        let second = "  - { name: second, address: \"127.0.0.1:\(port)\" }\n"
        try gateway.rewrite(listeners: second, answering("two", top: top))
        #expect(try gateway.adminPost("/reload").status == 200)
        let kept = try RawConnection(port: port)
        #expect(try kept.get("/").text == "two")
        #expect(try gateway.metrics().count("gateway_connections_total", ["listener": "second"]) >= 1)
        // Renamed: the socket stays, so the connection does.
        try gateway.rewrite(listeners: second.replacing("second", with: "third"), answering("three", top: top))
        #expect(try gateway.adminPost("/reload").status == 200)
        #expect(try kept.get("/").text == "three")
        #expect(try RawConnection(port: port).get("/").text == "three")
        #expect(try gateway.metrics().count("gateway_connections_total", ["listener": "third"]) >= 1)
        // Removed: who is connected gets an answer, and is then asked to leave.
        try gateway.rewrite(answering("four", top: top))
        #expect(try gateway.adminPost("/reload").status == 200)
        let last = try kept.get("/")
        #expect(last.text == "four" && last["connection"]?.lowercased() == "close")
        #expect(try kept.reader.readEnd() == .closed)
        #expect(throws: (any Error).self) { try RawConnection(port: port) }
        #expect(try gateway.get("/").text == "four")
    }

    @Test func anAddressThatIsTakenRejectsTheReload() throws {
        let taken = try ListeningSocket()
        let gateway = try GatewayProcess(config: answering("one", top: "reload: { watch: false }\n"))
        try gateway.rewrite(
            listeners: "  - { name: second, address: \"127.0.0.1:\(taken.port)\" }\n", answering("two"))
        let answer = try gateway.adminPost("/reload")
        #expect(answer.status == 422 && answer.text.contains("\"code\":\"cannot-listen\""), "\(answer.text)")
        #expect(answer.text.contains("another process has it"))
        #expect(try gateway.get("/").text == "one")
        taken.close()
    }

    /// What variables and mounted files hold is told nobody, however a route uses it.
    @Test func noAnswerTellsASecret() throws {
        let gateway = try GatewayProcess(
            environment: ["PLANTED": "planted-1"],
            config: """
                routes:
                  - { name: a, path: /a, headers: { x-api-key: "${PLANTED}" }, respond: { status: 200 } }
                  - { name: b, path: /a, query: { v: { regex: "^${PLANTED}$" } }, respond: { status: 200 } }
                  - { name: c, path: /c, redirect: { location: "https://${PLANTED}.example/" } }
                  - { name: d, path: /d, respond: { status: 200, body: "${PLANTED}" } }

                """)
        for target in ["/routes", "/config", "/explain?url=/a", "/generations", "/events", "/upstreams"] {
            let answer = try gateway.admin(target)
            #expect(answer.status == 200 && !answer.text.contains("planted"), "\(target): \(answer.text)")
        }
        for command in [["routes"], ["config"], ["explain", "GET", "/a"], ["validate"]] {
            let result = try GatewayProcess.command(
                command + ["-c", gateway.configFile], environment: ["PLANTED": "planted-1"])
            #expect(!(result.output + result.errors).contains("planted"), "\(command): \(result.output)")
        }
    }

    @Test func reloadsUnderLoadLoseNothing() throws {
        let upstream = try ScriptedUpstream()
        let top = "reload: { watch: false }\n"
        let gateway = try GatewayProcess(forwardingTo: upstream, top: top, workers: 2)
        let failures = Mutex<[String]>([])
        let isOver = Atomic(false)
        let served = Atomic(0)
        let clients = DispatchGroup()
        for number in 0..<4 {
            clients.enter()
            // Not a queue: other tests may block all threads of those.
            Thread.detachNewThread {
                defer { clients.leave() }
                var connection: RawConnection?
                while !isOver.load(ordering: .relaxed) {
                    do {
                        // Half of them open a connection for each request.
                        let current = try connection ?? gateway.connect()
                        let answer = try current.get("/x")
                        if answer.status != 200 { throw TestingFailure("status \(answer.status)") }
                        let closes = answer["connection"]?.lowercased() == "close"
                        connection = closes || number.isMultiple(of: 2) ? nil : current
                        if connection == nil { current.socket.close() }
                        served.wrappingAdd(1, ordering: .relaxed)
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                        connection = nil
                    }
                }
            }
        }
        for number in 0..<30 {
            let port = try FreePort.take()
            let listener = number.isMultiple(of: 3) ? "  - { name: l\(number), address: \"127.0.0.1:\(port)\" }\n" : ""
            let timeout = number.isMultiple(of: 2) ? 3 : 4
            try gateway.rewrite(
                listeners: listener,
                top + "routes:\n  - { name: r\(number), path: \"/*\", upstream: u }\n"
                    + "upstreams: { u: { targets: [\"\(upstream.url)\"], connect_timeout: \(timeout)s } }\n")
            #expect(try gateway.adminPost("/reload").status == 200)
        }
        isOver.store(true, ordering: .relaxed)
        clients.wait()
        #expect(failures.withLock { $0 } == [])
        #expect(served.load(ordering: .relaxed) > 100)
        #expect(try gateway.metrics().value("gateway_config_generation") == 31)
    }

    @Test func aReloadWhileDrainingChangesNothing() throws {
        let top = "reload: { watch: false }\ntimeouts: { drain_delay: 2s }\n"
        let gateway = try GatewayProcess(config: answering("one", top: top))
        gateway.child.signal(SIGTERM)
        try waitUntil("it drains") { (try? gateway.admin("/readyz"))?.status == 503 }
        try gateway.rewrite(answering("two", top: top))
        let answer = try? gateway.adminPost("/reload")
        #expect(answer == nil || answer?.status == 422, "\(String(describing: answer?.text))")
        #expect(try gateway.child.wait() == 0)
    }
}
