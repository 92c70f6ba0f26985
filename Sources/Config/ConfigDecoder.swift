/// Turns the tree of a configuration into `GatewayConfig`, and says everything that is wrong with it at once.
package enum ConfigDecoder {
    package struct Outcome: Sendable {
        /// nil if there is any error among `diagnostics`.
        package var config: GatewayConfig?
        package var diagnostics: [ConfigDiagnostic]
    }

    /// - Parameter tree: after expansion of variables; null stands for an empty file.
    package static func decode(_ tree: ConfigNode) -> Outcome {
        let context = DecodingContext()
        // Keys `x-…` at the top are a place for anchors that aliases elsewhere refer to.
        var config = GatewaySchema.root.decode(tree, context, ignoring: { $0.hasPrefix("x-") })
        resolveUpstreams(&config, tree, context)
        resolveMiddleware(&config, context)
        if let config {
            checkAddresses(config, context)
            if config.routes.isEmpty {
                context.report(
                    .noRoutes, "there are no routes: every request will be answered 404",
                    at: tree["routes"]?.position ?? tree.position, path: "routes")
            }
        }
        return Outcome(config: context.errorCount == 0 ? config : nil, diagnostics: context.finish())
    }

    /// Checks every name of an upstream, and gives each URL an entry of its own.
    private static func resolveUpstreams(
        _ config: inout GatewayConfig?, _ tree: ConfigNode, _ context: DecodingContext
    ) {
        var unused = context.definedNames(.upstream)
        let defined = unused
        var isAdded: Set<String> = []
        for reference in context.upstreamReferences {
            if UpstreamURL.looksLikeURL(reference.name) {
                guard isAdded.insert(reference.name).inserted, let (word, authority) = reference.name.splitOnce("://"),
                    let scheme = UpstreamConfig.Target.Scheme(rawValue: word),
                    case .success(let address) = NetworkText.hostPort(authority)
                else { continue }
                var upstream = UpstreamConfig(name: reference.name)
                var target = UpstreamConfig.Target(
                    scheme: scheme, host: address.host, port: address.port ?? (scheme == .https ? 443 : 80))
                target.position = reference.position
                upstream.targets = [target]
                upstream.position = reference.position
                config?.upstreams.append(upstream)
            } else if defined[reference.name] != nil {
                unused[reference.name] = nil
            } else {
                context.report(
                    .unknownUpstream, "there is no upstream \(reference.shown)", at: reference.position,
                    hint: Suggestion.hint(for: reference.name, among: defined.keys)
                        ?? "define it under upstreams, or write a URL such as http://10.0.0.1:8080",
                    path: reference.path)
            }
        }
        reportUnused(unused, .upstream, .unusedUpstream, section: "upstreams", context)
    }

    /// Checks every name of a middleware, and gives built-in types that are used without definition their defaults.
    private static func resolveMiddleware(_ config: inout GatewayConfig?, _ context: DecodingContext) {
        var unused = context.definedNames(.middleware)
        let defined = unused
        var isAdded: Set<String> = []
        for reference in context.middlewareReferences {
            if defined[reference.name] != nil {
                unused[reference.name] = nil
            } else if let type = MiddlewareSchema.type(named: reference.name) {
                if let filter = type.filterOnDefaults {
                    guard isAdded.insert(reference.name).inserted else { continue }
                    var middleware = MiddlewareConfig(name: reference.name, filter: filter)
                    middleware.position = reference.position
                    config?.middleware.append(middleware)
                } else {
                    context.report(
                        .unknownMiddleware, "\(reference.shown) does nothing without a definition",
                        at: reference.position, hint: "define it under middleware", path: reference.path)
                }
            } else if MiddlewareSchema.laterTypes.contains(reference.name) {
                context.report(
                    .unsupportedMiddleware,
                    "the middleware type \(reference.shown) is not supported by this version yet",
                    at: reference.position, path: reference.path)
            } else {
                let known = Array(defined.keys) + MiddlewareSchema.types.map(\.name)
                context.report(
                    .unknownMiddleware, "there is no middleware \(reference.shown)", at: reference.position,
                    hint: Suggestion.hint(for: reference.name, among: known) ?? "define it under middleware",
                    path: reference.path)
            }
        }
        reportUnused(unused, .middleware, .unusedMiddleware, section: "middleware", context)
    }

    private static func reportUnused(
        _ unused: [String: SourcePosition], _ kind: DecodingContext.NameKind, _ code: DiagnosticCode, section: String,
        _ context: DecodingContext
    ) {
        // Beside errors it may only seem so: what uses the name may not have been read.
        if context.errorCount > 0 { return }
        let inOrder = unused.sorted { ($0.value.file, $0.value.line, $0.key) < ($1.value.file, $1.value.line, $1.key) }
        for (name, position) in inOrder {
            context.inKey(section) {
                context.inKey(name) {
                    context.report(code, "no route uses the \(kind.rawValue) \(quoted(name))", at: position)
                }
            }
        }
    }

    /// Two sockets cannot share an address, so that the second one would fail only when the gateway starts.
    private static func checkAddresses(_ config: GatewayConfig, _ context: DecodingContext) {
        var bound: [String: String] = [:]
        for listener in config.listeners {
            if let other = bound.updateValue("listener \(quoted(listener.name))", forKey: listener.address) {
                context.report(
                    .duplicateValue, "\(listener.address) is already the address of \(other)", at: listener.position,
                    path: "listeners")
            }
        }
        if let address = config.admin.address, let other = bound[address] {
            context.report(
                .duplicateValue, "the admin address \(address) is already the address of \(other)",
                at: config.admin.position, path: "admin.address")
        }
    }
}
