import Plugins
import Telemetry

/// A request that ends here, without an upstream's answer, and what its client is told.
struct Refusal: Error {
    let reason: EndReason
    /// Value of `Allow` for 405 (RFC 9110 §15.5.6) and for answers to `OPTIONS *`.
    let allow: [UInt8]

    init(_ reason: EndReason, allow: [UInt8] = []) {
        self.reason = reason
        self.allow = allow
    }

    /// The answer to `OPTIONS *`, which asks about the server and no resource (RFC 9110 §9.3.7).
    static let serverOptions = Refusal(.ok, allow: Array("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".utf8))
}
