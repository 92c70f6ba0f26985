import Bytes
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("10.0.0.1:80", "10.0.0.1:80"), ("0.0.0.0:0", "0.0.0.0:0"), ("[::1]:8080", "[::1]:8080"),
        ("[2001:DB8:0::1]:65535", "[2001:db8::1]:65535"), ("[::ffff:10.0.0.1]:80", "10.0.0.1:80"),
        ("unix:/run/gateway.sock", "unix:/run/gateway.sock"), ("unix:relative", "unix:relative"),
    ]) func reads(_ text: String, _ expected: String) throws {
        #expect(try #require(SocketAddress(parsing: text)).description == expected)
    }

    @Test(arguments: [
        "", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:+1", "10.0.0.1: 80", "10.0.0.1:080000",
        "[10.0.0.1]:80", "::1:80", "[::1]", "[::1]80", "::1]:80", "[::1:80", "localhost:80", "unix:", "unix:/a\0b",
        "unix:" + String(repeating: "x", count: 108),
    ]) func refuses(_ text: String) {
        #expect(SocketAddress(parsing: text) == nil)
    }

    @Test func knowsItsAddress() throws {
        #expect(try #require(SocketAddress(parsing: "[::1]:1")).ipAddress == IPAddress("::1"))
        #expect(SocketAddress.unix("/x").ipAddress == nil)
        #expect(SocketAddress.ip(.loopback, port: 1) != SocketAddress.ip(.loopback, port: 2))
    }
}
