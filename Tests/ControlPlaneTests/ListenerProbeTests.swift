import Bytes
import Config
import ControlPlane
import EventLoop
import GatewayTesting
import Testing

@Suite("whether a listener's address is free") struct ListenerProbeTests {
    private func listener(_ address: String) -> ListenerConfig {
        var config = ListenerConfig()
        config.name = "edge"
        config.address = address
        return config
    }

    /// A process that another test starts holds copies of this one's sockets until it has become its program, and so
    /// keeps a port in use for a moment after it was closed here.
    private func checkSoon(_ listeners: [ListenerConfig]) async throws {
        for _ in 0..<100 {
            if (try? await ListenerProbe.check(listeners)) != nil { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await ListenerProbe.check(listeners)
    }

    @Test func freeAddressesPass() async throws {
        let port = try FreePort.take()
        try await checkSoon([
            listener("127.0.0.1:\(port)"), listener("127.0.0.1:0"), listener("unix:/nonexistent/gateway.sock"),
        ])
        // The probe leaves the address free.
        try await checkSoon([listener("127.0.0.1:\(port)")])
    }

    @Test func anAddressThatIsSharedIsTaken() async throws {
        // As a second gateway would hold it: with SO_REUSEPORT, so that another bind like it succeeds.
        let other = try Listener.bind(.ip(.loopback, port: 0))
        let error = await #expect(throws: StartFailure.self) {
            try await ListenerProbe.check([listener("127.0.0.1:\(other.localPort)")])
        }
        #expect(error?.message.contains("listener \"edge\" cannot listen on 127.0.0.1:\(other.localPort)") == true)
        other.close()
    }
}
