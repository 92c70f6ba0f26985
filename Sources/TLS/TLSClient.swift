import CTLS

/// How connections to one upstream are made.
///
/// Read-only once made; shared by workers.
@safe
package final class TLSClient: Sendable {
    // Sound: what it points to is only read after `init`, and its users are counted atomically.
    nonisolated(unsafe) private let client: OpaquePointer

    /// - Parameters:
    ///   - authorities: PEM of those who may sign the server's certificate; nil for those of the system.
    ///   - identity: what is shown to a server that asks.
    /// - Throws: `TLSProblem`.
    package init(
        verifies: Bool, authorities: [UInt8]? = nil, identity: TLSServer.Identity? = nil,
        minVersion: TLSServer.Version = .tls12
    ) throws(TLSProblem) {
        var error = gwtls_error()
        let version = minVersion == .tls13 ? Int32(GWTLS_TLS_1_3) : Int32(GWTLS_TLS_1_2)
        let made = unsafe CText.lend(authorities ?? []) { authorities in
            unsafe CText.lend(identity?.chain ?? []) { chain in
                unsafe CText.lend(identity?.key ?? []) { key in
                    unsafe gwtls_client_new(version, verifies, authorities, chain, key, &error)
                }
            }
        }
        guard let made = unsafe made else { throw TLSProblem(error) }
        unsafe client = made
    }

    deinit { unsafe gwtls_client_release(client) }

    /// The client's side of a connection.
    ///
    /// - Parameters:
    ///   - name: what the server's certificate must be for; nil checks no name.
    ///   - memory: of that server; its last session is taken up, and replaced by the next one.
    /// - Returns: nil when memory is short.
    package func connect(
        descriptor: Int32, name: String?, isAddress: Bool, memory: TLSMemory?
    ) -> TLSSession? {
        let session: OpaquePointer? =
            if let name {
                unsafe name.withCString { unsafe gwtls_connect(client, descriptor, $0, isAddress, memory?.pointer) }
            } else {
                unsafe gwtls_connect(client, descriptor, nil, false, memory?.pointer)
            }
        return unsafe session.map { unsafe TLSSession($0, memory: memory) }
    }
}

/// What a client remembers of one server, so that the next handshake is short.
///
/// - Threads: one worker's own.
@safe
package final class TLSMemory {
    fileprivate let pointer: OpaquePointer?

    package init() { unsafe pointer = gwtls_memory_new() }

    deinit { unsafe gwtls_memory_free(pointer) }
}
