import Bytes
package import TLS

/// TLS as one listener speaks it: the same object for all workers, only read.
package final class ListenerTLS: Sendable {
    let server: TLSServer
    /// Nanoseconds.
    let handshakeTimeout: Int64
    let clientFields: [ClientCertificateField]

    package init(_ server: TLSServer, handshakeTimeout: Duration, clientFields: [ClientCertificateField] = []) {
        self.server = server
        self.handshakeTimeout = handshakeTimeout.nanoseconds
        self.clientFields = clientFields
    }
}
