/// A file that the configuration names; its content is put in when it has been read.
package struct FileReference: Sendable, Equatable {
    package var path: String
    package var position: SourcePosition
    package var content: [UInt8] = []

    package init(_ path: String, at position: SourcePosition = .unknown) {
        self.path = path
        self.position = position
    }
}

package enum TLSVersion: String, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// A certificate with the chain behind it, and its private key, both PEM.
package struct CertificateConfig: Sendable, Equatable {
    package var cert = FileReference("")
    package var key = FileReference("")
    package var position = SourcePosition.unknown

    package init() {}
}

/// TLS as a listener speaks it.
package struct ListenerTLSConfig: Sendable, Equatable {
    package enum ClientAuth: String, Sendable, CaseIterable { case off, request, require }

    /// Names of fields that tell the upstream of a client's certificate.
    package struct ClientFields: Sendable, Equatable {
        package var subject: String?
        package var names: String?
        package var fingerprint: String?
        package var serial: String?

        package init() {}
    }

    package struct ClientAuthConfig: Sendable, Equatable {
        package var mode = ClientAuth.off
        package var ca: FileReference?
        package var forward = ClientFields()
        package var position = SourcePosition.unknown

        package init() {}
    }

    /// The first one serves clients that ask for no name which any of them is for.
    package var certificates: [CertificateConfig] = []
    package var minVersion = TLSVersion.tls12
    package var clientAuth = ClientAuthConfig()
    package var handshakeTimeout: Duration = .seconds(10)
    package var position = SourcePosition.unknown

    package init() {}
}

/// TLS as it is spoken to an upstream.
package struct UpstreamTLSConfig: Sendable, Equatable {
    package var verify = true
    /// nil: the authorities of the system.
    package var ca: FileReference?
    /// nil is `auto`: the host of each target.
    package var serverName: String?
    package var clientCert: CertificateConfig?
    package var minVersion = TLSVersion.tls12
    package var position = SourcePosition.unknown

    package init() {}

    /// Without the places in a file.
    var unplaced: UpstreamTLSConfig {
        var copy = self
        copy.position = .unknown
        copy.ca?.position = .unknown
        copy.clientCert?.position = .unknown
        copy.clientCert?.cert.position = .unknown
        copy.clientCert?.key.position = .unknown
        return copy
    }
}
