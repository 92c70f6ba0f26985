import Bytes
import Config
import EventLoop
import Plugins
import TLS
import Telemetry

// The start of a connection on a listener with TLS.
extension ServerConnection {
    /// Goes on with the handshake as far as it gets without waiting.
    func shakeHands() {
        guard let tls = transport.tls else { return }
        switch tls.handshake() {
        case .wantsRead: return
        case .wantsWrite: watchWrites()
        case .done:
            listener.count(tls.isResumed ? .resumed : .full)
            clientTLS = ClientTLS(tls, fields: listener.clientFields)
            state = .idle
            setDeadline(worker.now.deadline(after: worker.snapshot.timeouts.keepAlive))
            // Often the first request came along with the end of the handshake.
            readable()
        case .plainHTTP:
            listener.count(.plainHTTP)
            _ = transport.socket.send(Self.plainHTTPAnswer.span)
            close()
        case .failed:
            listener.count(HandshakeOutcome.failed)
            close()
        }
    }

    /// What a client reads that speaks HTTP to a port with TLS: nothing of it can be served.
    private static let plainHTTPAnswer = Array(
        ("HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 30\r\nconnection: close\r\n\r\n"
            + "This port speaks HTTPS alone.\n").utf8)
}

/// What TLS has told of the client of one connection.
///
/// - Threads: one worker's own.
final class ClientTLS {
    /// `ctx.client.tls` of scripts.
    let json: [UInt8]
    /// What the upstream is told of the certificate, by listener's choice.
    let fields: [HeaderPair]
    let version: [UInt8]

    init(_ session: TLSSession, fields names: [ClientCertificateField]) {
        version = Array(session.version.utf8)
        // Asked for only where somebody can have sent one.
        let certificate = session.peerCertificate
        fields =
            certificate.map { certificate in
                names.map { HeaderPair(name: $0.name, value: $0.value(of: certificate)) }.filter { !$0.value.isEmpty }
            } ?? []
        var members: [(String, String)] = [("version", session.version), ("cipher", session.cipher)]
        if let name = session.askedName { members.append(("sni", name)) }
        if let certificate {
            members += [
                ("cert_subject", certificate.subject), ("cert_names", certificate.names),
                ("cert_sha256", certificate.fingerprint), ("cert_serial", certificate.serial),
            ]
        }
        let object = JSONValue.object(members.map { JSONValue.Member(key: $0.0, value: .string($0.1)) })
        json = Array(object.compact.utf8)
    }
}

/// One thing about a client's certificate that the upstream is told, and the field that holds it.
package struct ClientCertificateField: Sendable, Equatable {
    package enum Content: String, Sendable, CaseIterable { case subject, names, fingerprint, serial }

    package var content: Content
    /// Lower-case.
    package var name: [UInt8]

    package init(_ content: Content, name: [UInt8]) {
        self.content = content
        self.name = name
    }

    /// As a field value: what could not stand in one is percent-encoded.
    func value(of certificate: TLSCertificate) -> [UInt8] {
        let text =
            switch content {
            case .subject: certificate.subject
            case .names: certificate.names
            case .fingerprint: certificate.fingerprint
            case .serial: certificate.serial
            }
        var value: [UInt8] = []
        for byte in text.utf8 {
            if byte >= 0x20 && byte < 0x7F {
                value.append(byte)
            } else {
                value += Array("%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8)
            }
        }
        return value
    }
}
