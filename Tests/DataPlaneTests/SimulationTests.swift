import EventLoop
import GatewayTesting
import Glibc
import Testing

@testable import DataPlane

/// A whole worker between scripted peers whose every choice comes from a seed: how bytes are cut, who pauses, who
/// breaks off. Whatever they do, a response arrives byte for byte or visibly broken, and the worker keeps nothing.
@Suite(.serialized) struct SimulationTests {
    /// What the upstream does with a request; it travels in the request's target.
    enum Behaviour: String, Sendable, CaseIterable {
        case length, chunked, untilClose, answersEarly
        case resetsAtOnce, closesAtOnce, resetsInBody, cutsLength, cutsChunks, resetsUntilClose

        var isWhole: Bool {
            switch self {
            case .length, .chunked, .untilClose: true
            case .answersEarly, .resetsAtOnce, .closesAtOnce, .resetsInBody, .cutsLength, .cutsChunks,
                .resetsUntilClose:
                false
            }
        }

        /// Such that the connection may carry the next request of a pipeline.
        var isReusable: Bool { self == .length || self == .chunked }
    }

    struct Plan: Sendable {
        var behaviour: Behaviour
        var seed: UInt64
        var responseCount: Int
        var requestCount: Int
        var isChunked: Bool

        var target: String { "/\(behaviour.rawValue)/\(seed)/\(responseCount)" }
    }

    private static func body(_ seed: UInt64, _ count: Int) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return random.bytes(count)
    }

    /// FNV-1a: a body in a header field.
    private static func sum(_ bytes: [UInt8]) -> String {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(sum, radix: 16)
    }

    /// Sends in pieces of random size, with a random rest now and then.
    private static func send(_ bytes: [UInt8], over socket: StreamSocket, _ random: inout SeededRandom) throws {
        let pieceMax = [1, 7, 100, 2000, 70_000, 1 << 20].randomElement(using: &random) ?? 1
        var start = 0
        // Byte for byte is interesting for heads; for what follows it would only take time.
        let finePart = min(bytes.count, 400)
        while start < bytes.count {
            let limit = start < finePart ? pieceMax : max(pieceMax, 3000)
            let count = min(Int.random(in: 1...limit, using: &random), bytes.count - start)
            try socket.send(Array(bytes[start..<start + count]))
            start += count
            if Int.random(in: 0..<40, using: &random) == 0 { usleep(500) }
        }
    }

    private static func chunks(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var wire: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let count = min(Int.random(in: 1...max(bytes.count / 3, 1), using: &random), bytes.count - start)
            wire += Array("\(String(count, radix: 16))\r\n".utf8) + bytes[start..<start + count] + Array("\r\n".utf8)
            start += count
        }
        return wire
    }

    // MARK: Upstream

    private static func serve(_ session: UpstreamSession, _ seed: UInt64) throws {
        var random = SeededRandom(seed: seed ^ UInt64(session.ordinal) << 20)
        while let head = try session.readRequestHead(), head.isComplete {
            let parts = head.target.split(separator: "/").map(String.init)
            guard parts.count == 3, let behaviour = Behaviour(rawValue: parts[0]), let seed = UInt64(parts[1]),
                let count = Int(parts[2])
            else { return }
            if behaviour == .resetsAtOnce { return session.reset() }
            if behaviour == .closesAtOnce { return session.close() }
            var received: [UInt8] = []
            if behaviour != .answersEarly { received = try requestBody(head, session) }
            try answer(behaviour, body(seed, count), sum(received), session, &random)
            if session.isFinished { return }
        }
    }

    private static func requestBody(_ head: HTTPMessage, _ session: UpstreamSession) throws -> [UInt8] {
        if let length = head["content-length"].flatMap({ Int($0) }) { return try session.reader.readExactly(length) }
        var body: [UInt8] = []
        while head.isChunked {
            let size = try session.reader.readChunkSize(before: .usual)
            body += try session.reader.readExactly(size)
            _ = try session.reader.readExactly(2)
            if size == 0 { break }
        }
        return body
    }

    private static func answer(
        _ behaviour: Behaviour, _ body: [UInt8], _ sum: String, _ session: UpstreamSession,
        _ random: inout SeededRandom
    ) throws {
        let cut = Int.random(in: 0..<max(body.count, 1), using: &random)
        var head = "HTTP/1.1 200 OK\r\nX-Sum: \(sum)\r\n"
        var wire: [UInt8]
        switch behaviour {
        case .length:
            head += "Content-Length: \(body.count)\r\n"
            wire = body
        case .answersEarly:
            head += "Content-Length: \(body.count)\r\nConnection: close\r\n"
            wire = body
        case .chunked:
            head += "Transfer-Encoding: chunked\r\n"
            wire = chunks(body, &random) + Array("0\r\n\r\n".utf8)
        case .untilClose: wire = body
        case .resetsUntilClose: wire = Array(body[..<cut])
        case .resetsInBody, .cutsLength:
            head += "Content-Length: \(body.count + 1)\r\n"
            wire = Array(body[..<cut])
        case .cutsChunks:
            head += "Transfer-Encoding: chunked\r\n"
            wire = chunks(Array(body[..<cut]), &random)
        case .resetsAtOnce, .closesAtOnce: return
        }
        try send(Array((head + "\r\n").utf8) + wire, over: session.socket, &random)
        switch behaviour {
        case .length, .chunked: break
        case .untilClose, .answersEarly, .cutsLength, .cutsChunks: session.close()
        case .resetsInBody, .resetsUntilClose, .resetsAtOnce, .closesAtOnce: session.reset()
        }
    }

    // MARK: Client

    /// One client of many: a sequence of requests over connections that it keeps where it may.
    private struct Client {
        let port: UInt16
        var random: SeededRandom
        var connection: RawConnection?
        var problems: [String] = []
        /// Of the current step.
        var plans: [Plan] = []

        init(port: UInt16, seed: UInt64) {
            self.port = port
            random = SeededRandom(seed: seed)
        }

        /// One request, or a pipeline of them; what went wrong is returned.
        mutating func step() -> [String] {
            (problems, plans) = ([], [])
            do {
                switch Int.random(in: 0..<8, using: &random) {
                case 0: try pipeline()
                case 1: try giveUp()
                default: try exchange(plan(Behaviour.allCases))
                }
            } catch {
                problems.append("\(plans): \(error)")
                close()
            }
            return problems
        }

        mutating func close() {
            connection?.socket.close()
            connection = nil
        }

        private mutating func plan(_ behaviours: [Behaviour]) -> Plan {
            let sizes = [0, 1, 500, 5000, 60_000, 400_000]
            let response = Int.random(in: 0...(sizes.randomElement(using: &random) ?? 0), using: &random)
            let request = Int.random(in: 0...(sizes.randomElement(using: &random) ?? 0), using: &random)
            let plan = Plan(
                behaviour: behaviours.randomElement(using: &random) ?? .length, seed: random.next() >> 16,
                responseCount: response, requestCount: Bool.random(using: &random) ? request : 0,
                isChunked: Bool.random(using: &random))
            plans.append(plan)
            return plan
        }

        private mutating func wire(_ plan: Plan) -> [UInt8] {
            let method = plan.requestCount == 0 ? "GET" : "POST"
            let body = SimulationTests.body(plan.seed &+ 1, plan.requestCount)
            var head = "\(method) \(plan.target) HTTP/1.1\r\nHost: a\r\n"
            if plan.requestCount == 0 { return Array((head + "\r\n").utf8) }
            if !plan.isChunked {
                head += "Content-Length: \(body.count)\r\n\r\n"
                return Array(head.utf8) + body
            }
            head += "Transfer-Encoding: chunked\r\n\r\n"
            return Array(head.utf8) + chunks(body, &random) + Array("0\r\n\r\n".utf8)
        }

        private mutating func connected() throws -> RawConnection {
            if let connection { return connection }
            let isSlow = Int.random(in: 0..<4, using: &random) == 0
            let fresh = try RawConnection(port: port, receiveBuffer: isSlow ? 2048 : nil)
            connection = fresh
            return fresh
        }

        private mutating func exchange(_ plan: Plan) throws {
            let connection = try connected()
            do {
                try SimulationTests.send(wire(plan), over: connection.socket, &random)
            } catch {
                // The gateway has answered and closed before it had the whole body; only then may sending fail.
                guard !plan.behaviour.isWhole else { throw error }
            }
            let response = try connection.reader.readResponse()
            check(response, plan)
            let isOver = response == nil || response?.isComplete == false || response?["connection"] == "close"
            if isOver {
                connection.socket.close()
                self.connection = nil
            }
        }

        private mutating func check(_ response: HTTPMessage?, _ plan: Plan) {
            guard let response, response.isComplete else {
                if plan.behaviour.isWhole { problems.append("\(plan): broken, \(response?.description ?? "nothing")") }
                return
            }
            if response.status == 502 {
                let isKnown = ["upstream_reset", "upstream_truncated"].contains(response.problemCode ?? "")
                if plan.behaviour.isWhole || !isKnown { problems.append("\(plan): \(response)") }
                return
            }
            guard response.status == 200, response.body == SimulationTests.body(plan.seed, plan.responseCount) else {
                return problems.append("\(plan): another body, or \(response)")
            }
            switch plan.behaviour {
            case .length, .chunked, .untilClose:
                let sum = SimulationTests.sum(SimulationTests.body(plan.seed &+ 1, plan.requestCount))
                if response["x-sum"] != sum { problems.append("\(plan): the upstream got another body") }
            case .answersEarly: break
            case .resetsAtOnce, .closesAtOnce, .resetsInBody, .cutsLength, .cutsChunks, .resetsUntilClose:
                problems.append("\(plan): a cut response looks whole")
            }
        }

        /// Several requests in one go, answered in order.
        private mutating func pipeline() throws {
            let plans = (0..<Int.random(in: 2...6, using: &random)).map { _ in
                var plan = plan(Behaviour.allCases.filter(\.isReusable))
                plan.requestCount = min(plan.requestCount, 3000)
                plan.responseCount = min(plan.responseCount, 3000)
                return plan
            }
            let connection = try connected()
            var wires: [UInt8] = []
            for plan in plans { wires += wire(plan) }
            try SimulationTests.send(wires, over: connection.socket, &random)
            for plan in plans { check(try connection.reader.readResponse(), plan) }
        }

        /// Breaks off somewhere in its own request or in the response.
        private mutating func giveUp() throws {
            let plan = plan([.length, .chunked, .untilClose])
            let connection = try connected()
            let bytes = wire(plan)
            let isCut = Bool.random(using: &random)
            let end = isCut ? Int.random(in: 0..<bytes.count, using: &random) : bytes.count
            try SimulationTests.send(Array(bytes[..<end]), over: connection.socket, &random)
            if !isCut { _ = try connection.reader.readBytes(upTo: 100) }
            if Bool.random(using: &random) { connection.socket.reset() } else { connection.socket.close() }
            self.connection = nil
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>) func nothingIsGarbledAndNothingIsKept(_ seed: UInt64) throws {
        let upstream = try ScriptedUpstream { try SimulationTests.serve($0, seed) }
        let worker = try RunningWorker(upstreamPort: upstream.port)
        let port = worker.port
        let results = try Mailbox<[String]>()
        let (clientCount, stepCount) = (4, 40)
        for number in 0..<clientCount {
            try WorkerThread.start(name: "client-\(number)") {
                var client = Client(port: port, seed: seed << 8 | UInt64(number))
                for step in 0..<stepCount {
                    let problems = client.step()
                    if step == stepCount - 1 { client.close() }
                    results.post(problems)
                }
            }
        }
        var finished = 0
        while finished < clientCount * stepCount {
            try awaitReadiness(of: results.descriptor, .read)
            for problems in results.drain() {
                finished += 1
                #expect(problems.isEmpty, "seed \(seed)")
            }
        }
        try worker.expectCleanEnd()
    }
}
