package import Config
package import HTTP

/// One worker's compiled routes. Built once per worker so that no reference count or array buffer is shared.
///
/// Read `match` first; what the order of search means to an operator is in `Precedence` and `docs/routing.md`.
/// The search is in `RouteIndex`, built by `RouteTable+Config.swift`. A look-up allocates nothing.
package final class RouteTable {
    package enum Outcome: Equatable, Sendable {
        /// Index into the array given to `init`.
        case route(Int)
        /// Host, path and conditions fit some route, the method none; `allowValue(_:)` tells which would.
        case methodNotAllowed(allow: Int)
        case notFound
    }

    /// Routes that can never match, each naming what shadows it.
    package let warnings: [ConfigDiagnostic]
    let shapes: [RouteShape]
    let index: RouteIndex
    let methods: MethodTable
    private let names: [[String]]
    private let actions: [RouteAction]
    /// Locations of redirects that people are shown in place of the real ones.
    private let shownLocations: [Int: String]
    private var allowValues: [Int: [UInt8]] = [:]

    /// Compiles routes, or throws everything that is wrong with them at once.
    package init(compiling routes: [RouteConfig]) throws(ConfigFailure) {
        var compiler = RouteCompiler()
        index = try compiler.compile(routes)
        warnings = compiler.warnings
        shapes = compiler.shapes
        methods = compiler.methods
        names = compiler.shapes.map { shape in
            if case .pattern(let pattern) = shape.path { pattern.parameterNames } else { [] }
        }
        actions = routes.map(\.action)
        var shown: [Int: String] = [:]
        for (index, route) in routes.enumerated() { shown[index] = route.shownLocation }
        shownLocations = shown
    }

    /// Finds the route of a request.
    ///
    /// - Parameters:
    ///   - methodToken: the method as sent; read only when `method` is `.other`.
    ///   - authority: `host[:port]` as the client sent it, in any case; the port does not count.
    ///   - path: normalised. What is no path (`*`, the authority form) fits no route.
    ///   - query: without its question mark; empty when there is none.
    ///   - bytes: what `fields` are offsets into.
    ///   - knownHeaders: of the same head.
    ///   - captures: overwritten; of the route found.
    package func match(
        method: Method, methodToken: Span<UInt8>, authority: Span<UInt8>, path: Span<UInt8>, query: Span<UInt8>,
        fields: Span<HeaderField>, knownHeaders: UInt64, bytes: Span<UInt8>,
        captures: inout PathCaptures
    ) -> Outcome {
        captures.clear()
        guard path.count > 0, path[0] == UInt8(ascii: "/") else { return .notFound }
        var request = RouteRequest(
            path: path, query: query, bytes: bytes, fields: fields, knownHeaders: knownHeaders,
            methodBit: methods.bit(of: method, token: methodToken))
        let found = Int(index.find(authority, &request))
        if found >= 0 {
            index.bind(found, path, &captures)
            return .route(found)
        }
        if request.allowed == 0 { return .notFound }
        return .methodNotAllowed(allow: Int(truncatingIfNeeded: request.allowed & ~MethodTable.unnamed))
    }

    /// The value of `Allow` for `Outcome.methodNotAllowed`: sorted, as `GET, HEAD, POST`.
    package func allowValue(_ index: Int) -> [UInt8] {
        if let value = allowValues[index] { return value }
        let value = Array(methods.names(in: UInt64(truncatingIfNeeded: index)).joined(separator: ", ").utf8)
        // One entry for each set of methods that shares a path: few, but a client must not decide how many.
        if allowValues.count < 256 { allowValues[index] = value }
        return value
    }

    /// Names of the `{name}` segments of a route, in the order of `PathCaptures.parameters`.
    package func parameterNames(_ route: Int) -> [String] { names[route] }

    /// What a route does, in a few words for people.
    func summary(ofActionOf route: Int) -> String { actions[route].summary(showing: shownLocations[route]) }
}
