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

    /// Other tests run beside this one: a port that was free may be taken by the time it is probed, so a few are tried.
    @Test func freeAddressesPass() async throws {
        var failure: (any Error)?
        for _ in 0..<20 {
            let port = try FreePort.take()
            do {
                try await ListenerProbe.check([
                    listener("127.0.0.1:\(port)"), listener("127.0.0.1:0"), listener("unix:/nonexistent/gateway.sock"),
                ])
                // The probe leaves the address free.
                return try await ListenerProbe.check([listener("127.0.0.1:\(port)")])
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
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
