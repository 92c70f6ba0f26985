import Foundation
import GatewayTesting
import Testing

/// Limits that several gateways share through a real Redis.
@Suite("limits shared through Redis", .serialized, .timeLimit(.minutes(4)))
struct SharedLimitTests {
    /// A real server, in memory alone.
    private final class Redis: Sendable {
        let port: UInt16
        let child: ChildProcess
        let directory: TemporaryDirectory

        init(port: UInt16, password: String = "") throws {
            self.port = port
            directory = try TemporaryDirectory()
            child = try ChildProcess(
                "/usr/bin/redis-server",
                [
                    "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
                    directory.path,
                ] + (password.isEmpty ? [] : ["--requirepass", password]))
            let address = PeerAddress.port(port)
            try waitUntil("Redis accepts") { (try? StreamSocket.connecting(to: address)) != nil }
        }

        func run(_ arguments: String...) throws -> String {
            try ChildProcess.run("/usr/bin/redis-cli", ["-p", "\(port)"] + arguments).output
        }

        deinit { child.kill() }
    }

    private static var isThere: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/redis-server") }

    private func gateway(_ port: UInt16, onError: String = "local", credentials: String = "") throws -> GatewayProcess {
        try GatewayProcess(
            workers: 2,
            config: """
                middleware:
                  few:
                    type: rate-limit
                    limits: [{ rate: 100/h, burst: 100 }, 1000/h]
                    key: "header:x-key"
                    scope: redis
                    redis: "redis://\(credentials)127.0.0.1:\(port)/1"
                    on_store_error: \(onError)
                routes:
                  - { name: few, path: "/few", respond: { status: 200, body: ok }, middleware: [few] }
                  - { name: free, path: "/free", respond: { status: 200, body: ok } }

                """)
    }

    private func statuses(_ gateway: GatewayProcess, _ count: Int, key: String) throws -> [Int] {
        let connection = try gateway.connect()
        return try (0..<count).map { _ in
            try connection.exchange(RawConnection.request("GET", "/few", ["X-Key: \(key)"])).status
        }
    }

    @Test(.enabled(if: isThere)) func twoGatewaysShareOneBucket() throws {
        let redis = try Redis(port: try FreePort.take(), password: "s3cret")
        let gateways = [
            try gateway(redis.port, credentials: ":s3cret@"), try gateway(redis.port, credentials: "default:s3cret@"),
        ]
        var all: [Int] = []
        for round in 0..<15 { all += try statuses(gateways[round % 2], 10, key: "a") }
        #expect(all.filter { $0 == 200 }.count == 100)
        #expect(all.filter { $0 == 429 }.count == 50)
        #expect(try statuses(gateways[0], 1, key: "b") == [200])
        let answer = try gateways[0].connect().exchange(RawConnection.request("GET", "/few", ["X-Key: c"]))
        #expect(answer["ratelimit"]?.hasPrefix("\"few-1\";r=99;t=") == true, "\(answer)")
        for gateway in gateways { #expect(!gateway.child.errors.contains("s3cret")) }
    }

    @Test(.enabled(if: isThere)) func aScriptThatWasFlushedIsSentAgain() throws {
        let redis = try Redis(port: try FreePort.take())
        let gateway = try gateway(redis.port, onError: "deny")
        #expect(try statuses(gateway, 1, key: "a") == [200])
        _ = try redis.run("SCRIPT", "FLUSH")
        #expect(try statuses(gateway, 3, key: "a") == [200, 200, 200])
        #expect(try redis.run("-n", "1", "KEYS", "*").contains("gw:rl:few:{"))
        #expect(try !redis.run("-n", "1", "KEYS", "*").contains(":a"))
    }

    @Test(.enabled(if: isThere), arguments: ["local", "allow", "deny"])
    func aRedisThatDiesAndComesBack(_ onError: String) throws {
        let port = try FreePort.take()
        var redis: Redis? = try Redis(port: port)
        let gateway = try gateway(port, onError: onError)
        #expect(try statuses(gateway, 1, key: "a") == [200])
        redis?.child.kill()
        redis = nil
        let expected = onError == "deny" ? 503 : 200
        try waitUntil("it is noticed") { try statuses(gateway, 1, key: "b") == [expected] }
        let meanwhile = try statuses(gateway, 120, key: "c")
        switch onError {
        case "local": #expect(meanwhile.filter { $0 == 200 }.count == 100, "counted here, over one worker")
        case "allow": #expect(meanwhile.allSatisfy { $0 == 200 })
        default: #expect(meanwhile.allSatisfy { $0 == 503 })
        }
        redis = try Redis(port: port)
        try waitUntil("it counts again", before: .after(.seconds(30))) {
            _ = try statuses(gateway, 1, key: "d")
            return try redis?.run("-n", "1", "DBSIZE").hasPrefix("0") == false
        }
        #expect(try gateway.metrics().count("gateway_rate_limit_decisions_total", ["decision": "store_error"]) > 0)
    }

    /// A Redis that hangs holds up those who wait for it, for as long as the time-out says, and nobody else.
    @Test(.enabled(if: isThere)) func aRedisThatHangs() throws {
        let redis = try Redis(port: try FreePort.take())
        let gateway = try gateway(redis.port, onError: "allow")
        #expect(try statuses(gateway, 1, key: "a") == [200])
        redis.child.signal(SIGSTOP)
        defer { redis.child.signal(SIGCONT) }
        let waiting = try gateway.connect()
        try waiting.send(RawConnection.request("GET", "/few", ["X-Key: a"]))
        for _ in 0..<50 { #expect(try gateway.get("/free").status == 200) }
        #expect(try waiting.response().status == 200)
        #expect(try statuses(gateway, 30, key: "a").allSatisfy { $0 == 200 })
    }

    @Test(arguments: [
        "garbage\r\n", "$99999999999\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        ":1\r\n:1\r\n:1\r\n", "+OK\r\n+OK\r\n",
        "$40\r\n0123456789012345678901234567890123456789\r\n*5\r\n:1\r\n:99\r\n:-1\r\n:0\r\n:0\r\n",
        "$40\r\n0123456789012345678901234567890123456789\r\n*5\r\n:1\r\n", "*-1\r\n", "-ERR no\r\n", "",
    ])
    func aRedisThatIsNone(_ answer: String) throws {
        let listener = try ListeningSocket()
        let gateway = try gateway(listener.port, onError: "deny")
        let thread = Thread {
            for _ in 0..<3 {
                guard let peer = listener.accept() else { return }
                _ = try? peer.receive(before: .after(.seconds(1)))
                try? peer.send(Array(answer.utf8))
                _ = try? peer.receive(before: .after(.milliseconds(300)))
                peer.close()
            }
        }
        thread.start()
        defer { listener.close() }
        #expect(try statuses(gateway, 3, key: "a").allSatisfy { $0 == 503 })
        #expect(gateway.child.isRunning)
        #expect(try gateway.get("/free").status == 200)
    }
}
