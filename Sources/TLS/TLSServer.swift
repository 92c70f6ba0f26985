import CTLS

/// What a listener presents to its clients, and what it asks of them.
///
/// Read-only once made; shared by the workers, whose connections keep it until they end, so that certificates can be
/// exchanged under them.
@safe
package final class TLSServer: Sendable {
    /// A certificate chain and its private key, both in PEM form.
    package struct Identity: Sendable, Equatable {
        package var chain: [UInt8]
        package var key: [UInt8]

        package init(chain: [UInt8], key: [UInt8]) {
            self.chain = chain
            self.key = key
        }
    }

    /// Whether clients have to show a certificate.
    package enum ClientCertificates: Sendable, Equatable {
        case off
        /// One that is shown must be good.
        case request(authorities: [UInt8])
        case require(authorities: [UInt8])
    }

    package enum Version: Sendable { case tls12, tls13 }

    // Sound: what it points to is only read after `init`, and its users are counted atomically.
    nonisolated(unsafe) private let server: OpaquePointer

    /// - Parameter identities: the first one serves clients that ask for no name which any of them is for.
    /// - Throws: `Problem` with the index of the identity that is no good; nil for the authorities of clients.
    package init(
        _ identities: [Identity], minVersion: Version, clients: ClientCertificates = .off
    ) throws(Failure) {
        var error = gwtls_error()
        guard
            let server = unsafe gwtls_server_new(
                minVersion == .tls13 ? Int32(GWTLS_TLS_1_3) : Int32(GWTLS_TLS_1_2), &error)
        else { throw Failure(identity: nil, problem: TLSProblem(error)) }
        unsafe self.server = server
        for (index, identity) in identities.enumerated() {
            let isFine = unsafe CText.lend(identity.chain) { chain in
                unsafe CText.lend(identity.key) { key in unsafe gwtls_server_add(server, chain, key, &error) }
            }
            guard isFine else { throw Failure(identity: index, problem: TLSProblem(error)) }
        }
        let (mode, authorities): (Int32, [UInt8]) =
            switch clients {
            case .off: (Int32(GWTLS_CLIENTS_OFF), [])
            case .request(let authorities): (Int32(GWTLS_CLIENTS_REQUEST), authorities)
            case .require(let authorities): (Int32(GWTLS_CLIENTS_REQUIRE), authorities)
            }
        let isFine = unsafe CText.lend(authorities) { unsafe gwtls_server_ask(server, mode, $0, &error) }
        guard isFine else { throw Failure(identity: nil, problem: TLSProblem(error)) }
    }

    deinit { unsafe gwtls_server_release(server) }

    package struct Failure: Error, Sendable {
        package let identity: Int?
        package let problem: TLSProblem
    }

    /// The server's side of a connection that was accepted; nil when memory is short.
    package func accept(descriptor: Int32) -> TLSSession? {
        unsafe gwtls_accept(server, descriptor).map { unsafe TLSSession($0) }
    }

    /// Replaces the key that session tickets are sealed with, for all servers of the process; the one before still
    /// opens tickets.
    package static func rotateTickets() { _ = gwtls_rotate_tickets() }
}
