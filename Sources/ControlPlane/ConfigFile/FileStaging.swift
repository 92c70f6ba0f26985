import Bytes
import Config
import Foundation
import Plugins
import TLS

/// Reads the certificates and keys that a configuration names, and checks that they can be used.
struct FileStaging {
    private let folder: String
    private let read: (String) -> VariableExpansion.FileText
    private(set) var diagnostics: [ConfigDiagnostic] = []
    /// Every path that was read or looked for.
    private(set) var tried: [String] = []

    /// - Parameter folder: what relative paths start from; empty, or with a slash at its end.
    init(folder: String, read: @escaping (String) -> VariableExpansion.FileText) {
        self.folder = folder
        self.read = read
    }

    mutating func stage(_ config: inout GatewayConfig?) {
        guard var staged = config else { return }
        for index in staged.listeners.indices {
            guard var tls = staged.listeners[index].tls else { continue }
            stage(&tls, "listeners[\(index)].tls")
            staged.listeners[index].tls = tls
        }
        for index in staged.upstreams.indices where staged.upstreams[index].usesTLS {
            stage(&staged.upstreams[index].tls, "upstreams.\(staged.upstreams[index].name).tls")
        }
        for index in staged.middleware.indices {
            stage(&staged.middleware[index], "middleware.\(staged.middleware[index].name)")
        }
        for route in staged.routes.indices {
            for place in staged.routes[route].middleware.indices {
                guard case .inline(var own) = staged.routes[route].middleware[place] else { continue }
                stage(&own, "routes[\(route)].middleware[\(place)]")
                staged.routes[route].middleware[place] = .inline(own)
            }
        }
        for network in staged.trustedProxies { check(network, "trusted_proxies") }
        checkCombinations(staged)
        config = staged
    }

    /// What answers for itself, as another service does, cannot be asked along with others.
    private mutating func checkCombinations(_ config: GatewayConfig) {
        for case .any(let any) in config.allMiddleware.map(\.filter) {
            for member in any.members {
                switch config.middleware.first(where: { $0.name == member.value })?.filter {
                case .jwt, .apiKey, .basicAuth, nil: break
                default:
                    diagnostics.append(
                        ConfigDiagnostic(
                            .error, code: "bad-combination",
                            "\"\(member.value)\" is neither a jwt, nor an api-key, nor a basic-auth filter",
                            at: member.position, path: "middleware", hint: "list other filters in the route itself"))
                }
            }
        }
    }

    /// Keys of authentication filters.
    private mutating func stage(_ middleware: inout MiddlewareConfig, _ path: String) {
        switch middleware.filter {
        case .jwt(var jwt):
            let errorCount = diagnostics.count
            for index in jwt.issuers.indices {
                guard case .file(var file) = jwt.issuers[index].keys else { continue }
                load(&file, "\(path).jwks_file")
                jwt.issuers[index].keys = .file(file)
            }
            middleware.filter = .jwt(jwt)
            guard diagnostics.count == errorCount, let problem = jwt.keyProblem else { return }
            diagnostics.append(
                ConfigDiagnostic(
                    .error, code: "bad-key", "the key of a jwt filter: \(problem.message)",
                    at: jwt.issuers[problem.issuer].position, path: path))
        case .apiKey(var config):
            if var file = config.file {
                let errorCount = diagnostics.count
                load(&file, "\(path).file")
                config.file = file
                if diagnostics.count == errorCount { loadKeys(&config, file, path) }
                middleware.filter = .apiKey(config)
            }
            warnOfTimes(config, path)
        case .cors(let cors):
            for origin in cors.origins {
                guard case .regex(let pattern) = origin.value, let problem = CORSFilter.problem(of: pattern) else {
                    continue
                }
                diagnostics.append(
                    ConfigDiagnostic(
                        .error, code: "bad-regex", "regular expression \"\(pattern)\": \(problem)",
                        at: origin.position, path: "\(path).origins"))
            }
        case .ipFilter(var config):
            for network in config.allow { check(network, "\(path).allow") }
            for network in config.deny { check(network, "\(path).deny") }
            guard var file = config.denyFile else { return }
            let errorCount = diagnostics.count
            load(&file, "\(path).deny_file")
            config.denyFile = file
            if diagnostics.count == errorCount { config.denyFileNetworks = networks(in: file, path) }
            middleware.filter = .ipFilter(config)
        case .basicAuth(var config):
            guard var file = config.file else { return }
            let errorCount = diagnostics.count
            load(&file, "\(path).file")
            config.file = file
            if diagnostics.count == errorCount { config.fileUsers = users(in: file, path) }
            middleware.filter = .basicAuth(config)
        case .any, .forwardAuth: break
        case .headers, .requestSize, .lua, .rateLimit, .securityHeaders, .concurrencyLimit: break
        }
    }

    /// Bits behind the prefix of a network are a typing error more often than not, and workers would leave it out.
    private mutating func check(_ network: Located<String>, _ path: String) {
        guard AddressBlock(network.value) == nil else { return }
        diagnostics.append(
            ConfigDiagnostic(
                .error, code: "invalid-address", "\"\(network.value)\" has bits set behind its prefix",
                at: network.position, path: path, hint: "write the first address of the network"))
    }

    /// One a line; everything behind a `#` is a comment.
    private mutating func networks(in file: FileReference, _ path: String) -> [String] {
        let full = file.path.hasPrefix("/") ? file.path : folder + file.path
        var networks: [String] = []
        let lines = String(decoding: file.content, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            guard !text.isEmpty else { continue }
            if AddressBlock(text) != nil {
                networks.append(text)
                continue
            }
            diagnostics.append(
                ConfigDiagnostic(
                    .error, code: "invalid-address", "this line is no IP address or network",
                    at: SourcePosition(file: full, line: index + 1, column: 1), path: "\(path).deny_file",
                    hint: "write for example 10.0.0.0/8 or fd00::/8"))
            if diagnostics.count > 100 { break }
        }
        return networks
    }

    /// `name:hash`, one a line.
    private mutating func users(in file: FileReference, _ path: String) -> [BasicAuthFilterConfig.User] {
        let full = file.path.hasPrefix("/") ? file.path : folder + file.path
        var users: [BasicAuthFilterConfig.User] = []
        let lines = String(decoding: file.content, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = line.trimmingCharacters(in: .whitespaces)
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            var problem: String?
            if parts.count != 2 || parts[0].isEmpty {
                problem = "this line is not name:hash"
            } else if users.contains(where: { $0.name == parts[0] }) {
                problem = "the name is there twice"
            } else {
                problem = BasicAuthFilterConfig.problem(ofHash: parts[1])
            }
            if let problem {
                diagnostics.append(
                    ConfigDiagnostic(
                        .error, code: "bad-password-file", problem,
                        at: SourcePosition(file: full, line: index + 1, column: 1), path: "\(path).file",
                        hint: "htpasswd -B makes such files"))
            } else {
                users.append(BasicAuthFilterConfig.User(name: parts[0], hash: parts[1]))
            }
        }
        return users
    }

    private mutating func warnOfTimes(_ config: APIKeyFilterConfig, _ path: String) {
        let now = Int64(Date().timeIntervalSince1970)
        for key in config.keys + config.fileKeys {
            guard let expires = key.expires, expires <= now else { continue }
            diagnostics.append(
                ConfigDiagnostic(
                    .warning, code: "expired-key", "the key \"\(key.id)\" has expired", at: key.position, path: path,
                    hint: "take it out, or give its consumer a new one"))
        }
    }

    private mutating func loadKeys(_ config: inout APIKeyFilterConfig, _ file: FileReference, _ path: String) {
        do throws(ConfigFailure) {
            let full = file.path.hasPrefix("/") ? file.path : folder + file.path
            let tree = try YAMLReader.read(String(decoding: file.content, as: UTF8.self), file: full)
            let (keys, problems) = APIKeyFilterConfig.keys(of: tree)
            diagnostics += problems
            config.fileKeys = keys ?? []
            guard problems.isEmpty else { return }
            let ids = Set(config.keys.map(\.id))
            let hashes = Set(config.keys.map(\.hash))
            for key in config.fileKeys where ids.contains(key.id) || hashes.contains(key.hash) {
                diagnostics.append(
                    ConfigDiagnostic(
                        .error, code: "duplicate-value", "the key \"\(key.id)\" is in the configuration too",
                        at: key.position, path: "\(path).file"))
            }
        } catch {
            diagnostics += error.diagnostics
        }
    }

    private mutating func stage(_ tls: inout ListenerTLSConfig, _ path: String) {
        let errorCount = diagnostics.count
        for index in tls.certificates.indices {
            load(&tls.certificates[index], "\(path).certificates[\(index)]")
        }
        if var ca = tls.clientAuth.ca {
            load(&ca, "\(path).client_auth.ca")
            tls.clientAuth.ca = ca
        }
        guard diagnostics.count == errorCount else { return }
        do throws(TLSServer.Failure) {
            _ = try TLSServer(tls)
        } catch {
            guard let index = error.identity else {
                return report(error.problem.message, tls.clientAuth.ca, "\(path).client_auth.ca")
            }
            report(error.problem, tls.certificates[index], "\(path).certificates[\(index)]")
        }
        for (index, certificate) in tls.certificates.enumerated() where diagnostics.count == errorCount {
            warnOfTimes(certificate.cert, "\(path).certificates[\(index)].cert")
        }
    }

    private mutating func stage(_ tls: inout UpstreamTLSConfig, _ path: String) {
        let errorCount = diagnostics.count
        if var ca = tls.ca {
            load(&ca, "\(path).ca")
            tls.ca = ca
        }
        if var certificate = tls.clientCert {
            load(&certificate, "\(path).client_cert")
            tls.clientCert = certificate
        }
        guard diagnostics.count == errorCount else { return }
        do throws(TLSProblem) {
            _ = try TLSClient(tls)
        } catch {
            if let certificate = tls.clientCert, (try? TLSClient(tls.withoutIdentity)) != nil {
                return report(error, certificate, "\(path).client_cert")
            }
            report(error.message, tls.ca, "\(path).ca")
        }
        if let certificate = tls.clientCert { warnOfTimes(certificate.cert, "\(path).client_cert.cert") }
    }

    private mutating func load(_ certificate: inout CertificateConfig, _ path: String) {
        load(&certificate.cert, "\(path).cert")
        load(&certificate.key, "\(path).key")
    }

    private mutating func load(_ file: inout FileReference, _ path: String) {
        let full = file.path.hasPrefix("/") ? file.path : folder + file.path
        if !tried.contains(full) { tried.append(full) }
        switch read(full) {
        case .text(let text): file.content = Array(text.utf8)
        case .failure(let reason): report("the file \(full) \(reason)", file, path)
        }
    }

    private mutating func report(_ problem: TLSProblem, _ certificate: CertificateConfig, _ path: String) {
        if problem.isOfKey {
            report(problem.message, certificate.key, "\(path).key")
        } else {
            report(problem.message, certificate.cert, "\(path).cert")
        }
    }

    private mutating func report(_ message: String, _ file: FileReference?, _ path: String) {
        diagnostics.append(
            ConfigDiagnostic(
                .error, code: "bad-certificate", file.map { "\($0.path): \(message)" } ?? message,
                at: file?.position ?? .unknown, path: path))
    }

    /// One that has ended is served all the same: some clients do not care, and nothing at all would be worse.
    private mutating func warnOfTimes(_ file: FileReference, _ path: String) {
        guard let certificate = try? TLSCertificate(pem: file.content) else { return }
        let now = Int64(Date().timeIntervalSince1970)
        var message: String?
        if certificate.notAfter < now { message = "the certificate has expired" }
        if certificate.notBefore > now { message = "the certificate is not valid yet" }
        guard let message else { return }
        diagnostics.append(
            ConfigDiagnostic(
                .warning, code: "bad-certificate", "\(file.path): \(message)", at: file.position, path: path))
    }
}

extension UpstreamTLSConfig {
    fileprivate var withoutIdentity: UpstreamTLSConfig {
        var copy = self
        copy.clientCert = nil
        return copy
    }
}

extension TLSServer {
    /// What a listener's configuration says, with its files read.
    convenience init(_ config: ListenerTLSConfig) throws(Failure) {
        let authorities = config.clientAuth.ca?.content ?? []
        let clients: ClientCertificates =
            switch config.clientAuth.mode {
            case .off: .off
            case .request: .request(authorities: authorities)
            case .require: .require(authorities: authorities)
            }
        try self.init(
            config.certificates.map { Identity(chain: $0.cert.content, key: $0.key.content) },
            minVersion: config.minVersion == .tls13 ? .tls13 : .tls12, clients: clients)
    }
}

extension TLSClient {
    /// What an upstream's configuration says, with its files read.
    convenience init(_ config: UpstreamTLSConfig) throws(TLSProblem) {
        try self.init(
            verifies: config.verify, authorities: config.ca?.content,
            identity: config.clientCert.map { TLSServer.Identity(chain: $0.cert.content, key: $0.key.content) },
            minVersion: config.minVersion == .tls13 ? .tls13 : .tls12)
    }
}
