import Hummingbird
import Testing

@testable import ControlPlane

@Suite("addresses of the admin API") struct BindAddressTests {
    @Test(arguments: [
        ("127.0.0.1:9901", BindAddress.hostname("127.0.0.1", port: 9901)),
        ("localhost:0", .hostname("localhost", port: 0)),
        ("[::1]:9901", .hostname("::1", port: 9901)),
        ("unix:/run/gateway.sock", .unixDomainSocket(path: "/run/gateway.sock")),
    ])
    func reads(_ text: String, _ expected: BindAddress) {
        #expect(BindAddress(admin: text) == expected)
    }

    @Test(arguments: [
        "", ":", "9901", ":9901", "host:", "host:x", "host:65536", "::1:9901", "[]:1", "unix:relative", "unix:",
    ])
    func refuses(_ text: String) {
        #expect(BindAddress(admin: text) == nil)
    }
}
