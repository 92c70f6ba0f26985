/// The descriptions of TLS: towards clients, and towards upstreams.
enum TLSSchema {
    private static let path = ValueSchema<String>.text("path", ["type": "string"])
        .checked { text, node, context in
            if text.isEmpty || text.utf8.contains(0) || text.utf8.count > 4096 {
                context.report(.invalidValue, "\(node.summary) is not the path of a file", at: node.position)
                return nil
            }
            return text
        }

    static let file = path.map { text, node, _ in FileReference?.some(FileReference(text, at: node.position)) }

    static let certificate = ObjectSchema(
        "certificate", "A certificate and its private key; both are watched, and exchanged without a restart.",
        empty: CertificateConfig(), position: { $0.position = $1 },
        fields: [
            .required("cert", \.cert, file, "A PEM file: the certificate, and behind it the chain."),
            .required("key", \.key, file, "A PEM file with its private key, without a passphrase."),
        ])

    static let minVersion = ValueSchema<TLSVersion>.choice(of: TLSVersion.allCases)

    // MARK: Listeners

    static let listener = ObjectSchema(
        "listener-tls", "TLS on a listener.", empty: ListenerTLSConfig(), position: { $0.position = $1 },
        fields: [
            .required(
                "certificates", \.certificates,
                .list(of: certificate.value, emptyMessage: "a listener with TLS needs at least one certificate"),
                "Chosen by the name that a client asks for; the first one serves all others."),
            .field("min_version", \.minVersion, minVersion, "The lowest version of TLS."),
            .field("client_auth", \.clientAuth, clientAuth, "Whether clients show certificates."),
            .field(
                "handshake_timeout", \.handshakeTimeout, TimeoutsSchema.any,
                "From the connection to the end of the handshake; closed past it."),
        ])

    private static let clientAuth = ObjectSchema(
        "client-auth", "Certificates of clients.", empty: ListenerTLSConfig.ClientAuthConfig(),
        position: { $0.position = $1 },
        fields: [
            .field(
                "mode", \.mode, .choice(of: ListenerTLSConfig.ClientAuth.allCases),
                "`request`: one that is shown must be good; `require`: one must be shown."),
            .optional("ca", \.ca, file, "A PEM file with the authorities that may sign them."),
            .field("forward", \.forward, fields.value, "Fields that tell the upstream; clients' own are dropped."),
        ]
    ).value.checked { auth, node, context in
        if auth.mode != .off, auth.ca == nil {
            context.report(
                .missingKey, "client_auth needs the key \"ca\"", at: node.position,
                hint: "a PEM file with the authorities that sign certificates of clients")
            return nil
        }
        return auth
    }

    private static let fields = ObjectSchema(
        "client-certificate-fields", "What the upstream is told of a client's certificate, by field.",
        empty: ListenerTLSConfig.ClientFields(),
        fields: [
            .optional("subject", \.subject, .editableFieldName, "Its subject, in the form of RFC 4514."),
            .optional("names", \.names, .editableFieldName, "Its alternative names, as `DNS:a.example, URI:…`."),
            .optional("fingerprint", \.fingerprint, .editableFieldName, "SHA-256 of its DER form."),
            .optional("serial", \.serial, .editableFieldName, "Its serial number in hexadecimal digits."),
        ])

    // MARK: Upstreams

    private static let serverName = ValueSchema<String?>.orWord("auto", hostName)

    private static let hostName = ValueSchema<String>.text("host name or address", ["type": "string"])
        .checked { text, node, context in
            if NetworkText.isHostName(text) || NetworkText.isIPv4(text) || NetworkText.isIPv6(text) { return text }
            context.report(.invalidHost, "\(node.summary) is not a host name or address", at: node.position)
            return nil
        }

    private static let authorities = ValueSchema<FileReference?>.orWord("system", file)

    static let upstream = ObjectSchema(
        "upstream-tls", "TLS to the servers of an upstream.", empty: UpstreamTLSConfig(),
        position: { $0.position = $1 },
        fields: [
            .field("verify", \.verify, .bool, "Whether certificates are checked. Anybody can listen in without."),
            .field("ca", \.ca, authorities, "A PEM file with the authorities that may sign them; `system`: Debian's."),
            .field(
                "server_name", \.serverName, serverName,
                "The name that is asked for and that certificates must be for; `auto`: the host of each target."),
            .optional("client_cert", \.clientCert, certificate.value, "What is shown to a server that asks."),
            .field("min_version", \.minVersion, minVersion, "The lowest version of TLS."),
        ])
}
