package import Bytes
import CTLS
package import EventLoop

/// TLS on one connection; the socket stays its owner's.
///
/// - Threads: one worker's own.
@safe
package final class TLSSession {
    package enum Handshake: Equatable, Sendable {
        case done, wantsRead, wantsWrite, failed
        /// The client speaks plain HTTP.
        case plainHTTP
    }

    private let session: OpaquePointer
    /// Outlives the session, which writes to it.
    private let memory: TLSMemory?

    init(_ session: OpaquePointer, memory: TLSMemory? = nil) {
        unsafe self.session = session
        self.memory = memory
    }

    deinit { unsafe gwtls_free(session) }

    package func handshake() -> Handshake {
        switch unsafe gwtls_handshake(session) {
        case Int32(GWTLS_DONE): .done
        case Int32(GWTLS_WANTS_READ): .wantsRead
        case Int32(GWTLS_WANTS_WRITE): .wantsWrite
        case Int32(GWTLS_PLAIN_HTTP): .plainHTTP
        default: .failed
        }
    }

    /// Reads into the free room of `buffer`; less than the room means that nothing more is there now.
    package func receive(into buffer: ByteBuffer, atMost limit: Int) -> IOOutcome {
        precondition(buffer.writableCount > 0 && limit > 0, "a read of nothing would look like the peer's end")
        var result: Int64 = 0
        unsafe buffer.withFreeSpace { space in
            // Sound: at most `space.count` bytes are written.
            result = unsafe gwtls_read(session, space.baseAddress, min(space.count, limit))
            return result > 0 ? Int(result) : 0
        }
        return IOOutcome(ofReceive: result)
    }

    /// Sends what the socket takes of `bytes`. What it does not take must be offered again, with more behind it if any.
    package func send(_ bytes: Span<UInt8>) -> IOOutcome {
        let result = unsafe bytes.withUnsafeBufferPointer {
            // Sound: the pointer is used within the closure only.
            unsafe gwtls_write(session, $0.baseAddress, $0.count)
        }
        return IOOutcome(ofSend: result)
    }

    /// Tells the peer that nothing more comes (RFC 8446 §6.1).
    package func closeNotify() { unsafe gwtls_close_notify(session) }

    /// Why the last call failed, in OpenSSL's words.
    package var reason: String {
        var error = gwtls_error()
        unsafe gwtls_reason(session, &error)
        return CText.string(error.text)
    }

    /// `TLSv1.3`, and the like.
    package var version: String { unsafe String(cString: gwtls_version(session)) }
    package var cipher: String { unsafe String(cString: gwtls_cipher(session)) }
    /// The name that the client asked for.
    package var askedName: String? { unsafe gwtls_asked_name(session).map { unsafe String(cString: $0) } }
    package var isResumed: Bool { unsafe gwtls_is_resumed(session) }

    /// The client's certificate, which has been checked; nil without one.
    package var peerCertificate: TLSCertificate? {
        var raw = gwtls_certificate()
        return unsafe gwtls_peer(session, &raw) ? TLSCertificate(raw) : nil
    }
}
