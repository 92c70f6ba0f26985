import Bytes
import GatewayTesting
import HTTP
import Plugins
import Testing

@testable import DataPlane

@Suite struct WorkerTests {
    @Test func answersByItself() throws {
        let worker = try RunningWorker()
        let client = try RawConnection(port: worker.port)
        for _ in 0..<3 {
            let response = try client.get("/")
            #expect(response.status == 200 && response.text == "local" && response.isComplete)
        }
        #expect(worker.connectionCount == 1)
        client.socket.close()
        try worker.expectCleanEnd()
        #expect(try worker.metrics().count("gateway_connections_total", ["outcome": "accepted"]) == 1)
    }

    @Test func stopEndsWhatIsOpen() throws {
        let upstream = try ScriptedUpstream { session in session.staySilent() }
        let worker = try RunningWorker(upstreamPort: upstream.port)
        let (busy, idle) = (try RawConnection(port: worker.port), try RawConnection(port: worker.port))
        try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        try waitUntil("both are accepted") { worker.connectionCount == 2 && upstream.connectionCount == 1 }
        try worker.expectCleanEnd(after: .stop)
        #expect(try busy.response().problemCode == "drain_timeout")
        _ = try busy.reader.readEnd()
        _ = try idle.reader.readEnd()
    }

    @Test func drainFinishesWhatHasBegun() throws {
        let gate = Gate()
        let upstream = try ScriptedUpstream { _, session in
            try gate.wait()
            try session.respond("late")
        }
        let worker = try RunningWorker(upstreamPort: upstream.port)
        let (busy, idle) = (try RawConnection(port: worker.port), try RawConnection(port: worker.port))
        try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        try upstream.waitForRequests(1, to: "/slow")
        try waitUntil("both are accepted") { worker.connectionCount == 2 }
        worker.send(.drain)
        #expect(try idle.reader.readEnd() == .closed)
        gate.open()
        let response = try busy.response()
        #expect(response.text == "late" && response["connection"]?.lowercased() == "close")
        try worker.expectCleanEnd()
    }

    @Test func connectionsPastTheLimitAreTurnedAway() throws {
        let worker = try RunningWorker(connectionsMax: 1)
        let first = try RawConnection(port: worker.port)
        #expect(try first.get("/").status == 200)
        let second = try RawConnection(port: worker.port)
        let answer = try second.response()
        #expect(answer.status == 503 && answer.problemCode == "overloaded" && answer.isComplete)
        first.socket.close()
        try waitUntil("the place is free") { worker.connectionCount == 0 }
        let third = try RawConnection(port: worker.port)
        #expect(try third.get("/").status == 200)
        third.socket.close()
        try worker.expectCleanEnd()
        #expect(try worker.metrics().count("gateway_connections_total", ["outcome": "shed"]) == 1)
    }

    // MARK: Filters that wait

    /// Waits for ever in one phase.
    private final class PatientFilter: Filter {
        let name = "patient"
        private let waitsForRequest: Bool

        init(waitsForRequest: Bool) {
            self.waitsForRequest = waitsForRequest
        }

        func onRequest(_ exchange: any FilterExchange) -> FilterVerdict { waitsForRequest ? .suspend : .proceed }
        func onResponse(_ exchange: any FilterExchange) -> FilterVerdict { .suspend }
    }

    @Test(arguments: [true, false]) func aWaitingFilterEndsWithTheDeadline(_ waitsForRequest: Bool) throws {
        let upstream = try ScriptedUpstream(answering: { try $1.respond("never seen") })
        var fixture = SnapshotFixture()
        fixture.requestTimeout = .milliseconds(50)
        let worker = try RunningWorker(
            fixture, upstreamPort: upstream.port, filters: [PatientFilter(waitsForRequest: waitsForRequest)])
        let client = try RawConnection(port: worker.port)
        #expect(try client.get("/").problemCode == "deadline_exceeded")
        client.socket.close()
        try worker.expectCleanEnd()
        #expect(upstream.connectionCount == (waitsForRequest ? 0 : 1))
    }

    @Test(arguments: [true, false]) func aWaitingFilterEndsWithItsClient(_ waitsForRequest: Bool) throws {
        let upstream = try ScriptedUpstream(answering: { try $1.respond("never seen") })
        let worker = try RunningWorker(
            upstreamPort: upstream.port, filters: [PatientFilter(waitsForRequest: waitsForRequest)])
        let client = try RawConnection(port: worker.port)
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try waitUntil("the filter waits") {
            waitsForRequest ? worker.connectionCount == 1 : !upstream.requests.isEmpty
        }
        client.socket.reset()
        try worker.expectCleanEnd()
    }
}
