import Bytes
import ControlPlane
import Testing

@Suite("names by the system's resolver") struct SystemResolverTests {
    @Test func localhostIsOneLoopbackAddress() throws {
        let addresses = try SystemResolver.addresses(of: "localhost")
        #expect(addresses.count == 1)
        #expect(addresses.allSatisfy { $0.isLoopback })
    }

    @Test func whatIsNoNameFails() {
        // Longer than DNS allows (RFC 1035 §2.3.4), so no server is asked.
        let error = #expect(throws: SystemResolver.Failure.self) {
            try SystemResolver.addresses(of: String(repeating: "a", count: 300))
        }
        #expect(error?.description.isEmpty == false)
    }
}
