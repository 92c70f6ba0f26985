import Foundation
import GatewayTesting
import Glibc
import Testing

@Suite struct AccessLogTests {
    /// A gateway that writes to a file, and what it wrote.
    private struct Logged {
        let gateway: GatewayProcess
        let path: String

        /// - Parameter log: further keys of `access_log`, each with a comma behind it.
        init(_ log: String = "", workers: Int = 1, upstream: ScriptedUpstream? = nil, top: String = "") throws {
            let directory = try TemporaryDirectory()
            path = directory.path + "/access.log"
            kept = directory
            let action = upstream.map { "upstream: \"\($0.url)\"" } ?? "respond: { status: 200, body: hello }"
            gateway = try GatewayProcess(
                workers: workers, upstream: upstream,
                config: top + "access_log: { \(log) output: \(path) }\n"
                    + "routes:\n  - { name: all, path: \"/*\", \(action) }\n")
        }

        private let kept: TemporaryDirectory

        var lines: [String] {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map(String.init)
        }

        func wait(for count: Int) throws -> [String] {
            try waitUntil("\(count) lines: \(lines)") { lines.count >= count }
            return lines
        }
    }

    private func object(_ line: String) throws -> [String: Any] {
        let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(parsed as? [String: Any])
    }

    @Test func aLineTellsWhatHappened() throws {
        let upstream = try ScriptedUpstream()
        upstream.on("/a/b") { _, session in
            usleep(20_000)
            try session.respond("12345", status: "201 Created")
        }
        let logged = try Logged(upstream: upstream)
        let head = RawConnection.request(
            "POST", "/a/b?x=1&token=abc", host: "api.example.com", ["User-Agent: t/1", "Content-Length: 3"])
        let answer = try logged.gateway.connect().exchange(head + "abc")
        #expect(answer.status == 201)
        let line = try object(logged.wait(for: 1)[0])
        #expect(line["method"] as? String == "POST" && line["path"] as? String == "/a/b")
        #expect(line["query"] as? String == "x=1&token=redacted" && line["host"] as? String == "api.example.com")
        #expect(line["status"] as? Int == 201 && line["route"] as? String == "all")
        #expect(line["upstream"] as? String == upstream.url)
        #expect(line["target"] as? String == "127.0.0.1:\(upstream.port)")
        #expect(line["attempts"] as? Int == 1 && line["end_reason"] as? String == "ok")
        #expect(line["bytes_in"] as? Int == head.utf8.count + 3)
        #expect(try #require(line["bytes_out"] as? Int) > 50 && line["protocol"] as? String == "HTTP/1.1")
        #expect(line["client_ip"] as? String == "127.0.0.1" && line["listener"] as? String == "http")
        #expect(line["user_agent"] as? String == "t/1")
        #expect(line["request_id"] as? String == upstream.requests(to: "/a/b").first?["x-request-id"])
        let (duration, waited) = (line["duration_ms"] as? Double ?? 0, line["upstream_ms"] as? Double ?? 0)
        #expect(duration >= waited && waited >= 15)
        // The gateway's own part of it is not the upstream's.
        #expect(try #require(line["overhead_us"] as? Int) < 15_000)
        #expect(try #require(line["time"] as? String).wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test func errorsAreLoggedWithTheirReason() throws {
        let logged = try Logged(top: "limits: { body: 10 }\n")
        _ = try logged.gateway.connect().exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
        #expect(try object(logged.wait(for: 1)[0])["end_reason"] as? String == "body_too_large")
        _ = try logged.gateway.connect().exchange("nonsense\r\n\r\n")
        let second = try object(logged.wait(for: 2)[1])
        #expect(second["end_reason"] as? String == "bad_request" && second["status"] as? Int == 400)
        #expect(second["path"] is NSNull && second["route"] as? String == "none")
    }

    /// One request, one line, whatever its bytes.
    @Test(arguments: ["json", "combined", "'$method \"$path\" \"$header{x-odd}\" $user_agent'"])
    func nothingFromOutsideBreaksALine(_ format: String) throws {
        let fields = format == "json" ? "fields: { odd: \"$header{x-odd}\" }," : ""
        let logged = try Logged("format: \(format), \(fields)")
        var count = 0
        for byte in UInt8.min...UInt8.max where byte != 0x0A && byte != 0x0D && byte != 0 {
            let connection = try logged.gateway.connect()
            let odd: [UInt8] = [0x61, byte, 0x22, 0x5C, 0x62]
            try connection.socket.send(
                Array("GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: ".utf8) + odd + Array("\r\nX-Odd: ".utf8) + odd
                    + Array("\r\nReferer: ".utf8) + odd + Array("\r\n\r\n".utf8))
            _ = try connection.response()
            count += 1
        }
        _ = try logged.gateway.get("/%0d%0aGET%20/forged?a=%22%0a")
        let lines = try logged.wait(for: count + 1)
        #expect(lines.count == count + 1)
        for line in lines {
            #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            if format == "json" { _ = try object(line) }
        }
    }

    @Test func credentialsAreNeverWritten() throws {
        let logged = try Logged("format: json, fields: { all: \"$header{x-other} $referer $query\" },")
        _ = try logged.gateway.connect().exchange(
            RawConnection.request(
                "GET", "/?access_token=planted-1&%41pi_key=planted-2", host: "a",
                [
                    "Authorization: Bearer planted-3", "Cookie: s=planted-4", "X-Api-Key: planted-5",
                    "Referer: https://x/?token=planted-6", "X-Other: fine",
                ]))
        let line = try logged.wait(for: 1)[0]
        #expect(!line.contains("planted") && line.contains("fine"), "\(line)")
    }

    @Test func conditionsAndSamples() throws {
        let logged = try Logged("when: { min_status: 400 },")
        for target in ["/", "/", "/"] { _ = try logged.gateway.get(target) }
        _ = try logged.gateway.connect().exchange("GET / HTTP/9.9\r\nHost: a\r\n\r\n")
        _ = try logged.wait(for: 1)
        #expect(logged.lines.count == 1 && logged.lines[0].contains("\"status\":505"))
        let sampled = try Logged("when: { sample: 0.5 },")
        let connection = try sampled.gateway.connect()
        for _ in 0..<400 { _ = try connection.get("/") }
        usleep(100_000)
        #expect((100...300).contains(sampled.lines.count), "\(sampled.lines.count)")
    }

    @Test func aMovedFileIsOpenedAgain() throws {
        let logged = try Logged()
        _ = try logged.gateway.get("/first")
        _ = try logged.wait(for: 1)
        try FileManager.default.moveItem(atPath: logged.path, toPath: logged.path + ".1")
        logged.gateway.child.signal(SIGHUP)
        try waitUntil("a new file") { FileManager.default.fileExists(atPath: logged.path) }
        _ = try logged.gateway.get("/second")
        let lines = try logged.wait(for: 1)
        #expect(lines.count == 1 && lines[0].contains("/second"))
    }

    @Test func anotherOutputIsTakenOverByAReload() throws {
        let logged = try Logged()
        _ = try logged.gateway.get("/first")
        _ = try logged.wait(for: 1)
        let other = logged.path + ".other"
        try logged.gateway.rewrite(
            "access_log: { format: combined, output: \(other) }\n"
                + "routes: [{ name: all, path: \"/*\", respond: { status: 204 } }]\n")
        #expect(try logged.gateway.adminPost("/reload").status == 200)
        _ = try logged.gateway.connect().exchange(
            RawConnection.request("GET", "/second?a=b", host: "a", ["User-Agent: x \"y\""]))
        func text() -> String { (try? String(contentsOfFile: other, encoding: .utf8)) ?? "" }
        try waitUntil("a line in the other file") { text().hasSuffix("\n") }
        let line = text()
        let pattern = #/127\.0\.0\.1 - - \[[^\]]+\] "GET /second\?a=b HTTP/1\.1" 204 \d+ "-" "x \\x22y\\x22"\n/#
        #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
        #expect(logged.lines.count == 1)
    }

    @Test func aFullDiskCostsLinesNotRequests() throws {
        let gateway = try GatewayProcess(
            config: "access_log: { output: /dev/full }\n"
                + "routes: [{ name: all, path: \"/*\", respond: { status: 200, body: ok } }]\n")
        for _ in 0..<50 { #expect(try gateway.get("/").text == "ok") }
        try waitUntil("all lines are counted as lost") {
            try gateway.metrics().value("gateway_access_log_dropped_total") == 50
        }
        #expect(gateway.child.errors.contains("lines of the access log were lost"))
        #expect(try gateway.terminate() == 0)
    }

    @Test func aBlockedOutputCostsLinesNotRequests() throws {
        let directory = try TemporaryDirectory()
        let pipe = directory.path + "/pipe"
        #expect(unsafe pipe.withCString { unsafe mkfifo($0, 0o600) } == 0)
        // Opened for both, so that the writer finds a reader; nobody ever reads.
        let reader = try #require(FileHandle(forUpdatingAtPath: pipe))
        let gateway = try GatewayProcess(
            config: "access_log: { output: \(pipe) }\n"
                + "routes: [{ name: all, path: \"/*\", respond: { status: 200, body: ok } }]\n")
        let connection = try gateway.connect()
        let agent = "User-Agent: " + String(repeating: "x", count: 4000)
        for _ in 0..<600 {
            #expect(try connection.exchange(RawConnection.request("GET", "/", host: "a", [agent])).text == "ok")
        }
        try waitUntil("lines are counted as lost") {
            try gateway.metrics().value("gateway_access_log_dropped_total") ?? 0 > 100
        }
        #expect(try gateway.terminate() == 0)
        _ = reader
    }

    /// A pipe takes lines piece by piece: what two workers write must not be mixed, however slowly it is read.
    @Test func linesOfTwoWorkersAreNeverMixed() throws {
        let directory = try TemporaryDirectory()
        let pipe = directory.path + "/pipe"
        #expect(unsafe pipe.withCString { unsafe mkfifo($0, 0o600) } == 0)
        let reader = try #require(FileHandle(forUpdatingAtPath: pipe))
        let gateway = try GatewayProcess(
            workers: 2,
            config: "access_log: { output: \(pipe) }\n"
                + "routes: [{ name: all, path: \"/*\", respond: { status: 200, body: ok } }]\n")
        let clients = try (0..<8).map { _ in try gateway.connect() }
        let agent = "User-Agent: " + String(repeating: "x", count: 1500)
        for _ in 0..<25 {
            for client in clients {
                #expect(try client.exchange(RawConnection.request("GET", "/", host: "a", [agent])).text == "ok")
            }
        }
        // By now the pipe is full and a line stands half in it; the writer has given up waiting a few times.
        usleep(700_000)
        var text = ""
        while text.split(separator: "\n").count < 200 || !text.hasSuffix("\n") {
            text += String(decoding: reader.availableData, as: UTF8.self)
        }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 200)
        for line in lines { #expect(try object(String(line))["status"] as? Int == 200) }
    }

    @Test func aClientThatGoesInTheMiddleKeepsItsStatus() throws {
        let upstream = try ScriptedUpstream()
        upstream.on("/") { _, session in
            try session.send("HTTP/1.1 206 Partial Content\r\nContent-Length: 1000000\r\n\r\nabc")
            session.staySilent()
        }
        let logged = try Logged(upstream: upstream)
        let client = try logged.gateway.connect()
        try client.send(RawConnection.request("GET", "/"))
        _ = try client.reader.readResponseHead()
        client.socket.close()
        let line = try object(logged.wait(for: 1)[0])
        #expect(line["end_reason"] as? String == "client_gone" && line["status"] as? Int == 206)
    }

    @Test func standardOutputIsTheDefault() throws {
        let gateway = try GatewayProcess(config: "routes: [{ name: all, path: \"/*\", respond: { status: 204 } }]\n")
        _ = try gateway.get("/seen")
        try waitUntil("a line on standard output") { gateway.child.output.contains("\"path\":\"/seen\"") }
        #expect(try gateway.terminate() == 0)
    }
}
