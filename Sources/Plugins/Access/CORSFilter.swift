import Bytes
package import Config
import HTTP
import Routing
import Telemetry

/// `cors`: answers preflights, and tells browsers whether the page that asks may read the answer.
///
/// Stands first in its chain wherever the route lists it, so that preflights, which carry no credentials, are answered
/// before authentication, and so that a page can read that it was refused.
package final class CORSFilter: Filter {
    package let name: String
    package var phases: FilterPhases { .response }
    private let allowsAny: Bool
    private let exact: [[UInt8]]
    private let suffixes: [(scheme: [UInt8], suffix: [UInt8])]
    private let patterns: [PatternRegex]
    private let methods: [UInt8]
    private let allowsAnyHeader: Bool
    private let headers: [UInt8]
    private let expose: [UInt8]
    private let credentials: Bool
    private let maxAge: [UInt8]
    private let privateNetwork: Bool

    private static let allowOrigin = FieldName("access-control-allow-origin")
    private static let allowCredentials = FieldName("access-control-allow-credentials")
    private static let exposeHeaders = FieldName("access-control-expose-headers")
    private static let vary = FieldName("vary")
    private static let originName = Array("Origin".utf8)
    private static let trueValue = Array("true".utf8)
    private static let star = Array("*".utf8)
    private static let requestMethod = Array("access-control-request-method".utf8)
    private static let requestHeaders = Array("access-control-request-headers".utf8)
    private static let requestPrivate = Array("access-control-request-private-network".utf8)
    /// What the upstream thinks of origins is this filter's to say.
    private static let upstreamFields: UInt64 =
        KnownHeader.allowOrigin.bit | KnownHeader.allowCredentials.bit | KnownHeader.exposeHeaders.bit
        | KnownHeader.allowMethods.bit | KnownHeader.allowHeaders.bit | KnownHeader.accessMaxAge.bit

    package init(name: String, _ config: CORSFilterConfig) {
        self.name = name
        var exact: [[UInt8]] = []
        var suffixes: [(scheme: [UInt8], suffix: [UInt8])] = []
        var patterns: [PatternRegex] = []
        var allowsAny = false
        for origin in config.origins {
            switch origin.value {
            case .any: allowsAny = true
            case .exact(let text): exact.append(Array(text.utf8))
            case .below(let scheme, let suffix): suffixes.append((Array("\(scheme)://".utf8), Array(suffix.utf8)))
            case .regex(let pattern): if let regex = Self.anchored(pattern) { patterns.append(regex) }
            }
        }
        self.exact = exact
        self.suffixes = suffixes
        self.patterns = patterns
        self.allowsAny = allowsAny
        methods = Array(config.methods.joined(separator: ", ").utf8)
        allowsAnyHeader = config.headers.contains("*")
        headers = Array(config.headers.joined(separator: ", ").utf8)
        expose = Array(config.expose.joined(separator: ", ").utf8)
        credentials = config.credentials
        maxAge = Array("\(config.maxAge.components.seconds)".utf8)
        privateNetwork = config.privateNetwork
    }

    /// It must match all of the origin: `example\.com` alone would match `https://example.com.evil.org`.
    private static func anchored(_ pattern: String) -> PatternRegex? { try? PatternRegex("^(?:\(pattern))$(?!\\n)") }

    /// Why a pattern cannot be used; nil when it can.
    package static func problem(of pattern: String) -> String? {
        do throws(PatternError) {
            _ = try PatternRegex("^(?:\(pattern))$(?!\\n)")
            return nil
        } catch {
            return "\(error)"
        }
    }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        guard let field = exchange.requestField(.origin) else {
            // What another page is told may be something else, and caches must know.
            if !allowsAny { exchange.responseEdits.add(Self.vary, Self.originName) }
            return .proceed
        }
        let buffer = exchange.requestBytes
        let origin = buffer.written.extracting(field.valueRange)
        let isAllowed = allows(origin)
        if exchange.method == .options, let method = find(Self.requestMethod, exchange), !method.isEmpty {
            return .respond(preflight(origin, isAllowed, exchange))
        }
        if !allowsAny { exchange.responseEdits.add(Self.vary, Self.originName) }
        return .proceed
    }

    package func onResponse(_ exchange: any FilterExchange) -> FilterVerdict {
        let edits = exchange.responseEdits
        edits.remove(all: Self.upstreamFields)
        guard let field = exchange.requestField(.origin) else { return .proceed }
        let buffer = exchange.requestBytes
        let origin = buffer.written.extracting(field.valueRange)
        guard allows(origin) else { return .proceed }
        if allowsAny { edits.set(Self.allowOrigin, Self.star) } else { edits.set(Self.allowOrigin, origin) }
        if credentials { edits.set(Self.allowCredentials, Self.trueValue) }
        if !expose.isEmpty { edits.set(Self.exposeHeaders, expose) }
        return .proceed
    }

    // MARK: Origins

    private func allows(_ origin: Span<UInt8>) -> Bool {
        if allowsAny { return true }
        for one in exact where ASCII.equal(one.span, origin) { return true }
        for (scheme, suffix) in suffixes where isBelow(origin, scheme, suffix) { return true }
        for pattern in patterns where pattern.matches(origin) { return true }
        return false
    }

    /// One label or more before the suffix, and nothing else.
    private func isBelow(_ origin: Span<UInt8>, _ scheme: [UInt8], _ suffix: [UInt8]) -> Bool {
        let labels = origin.count - scheme.count - suffix.count
        guard labels > 0 else { return false }
        guard ASCII.equal(origin.extracting(0..<scheme.count), scheme.span) else { return false }
        guard ASCII.equal(origin.extracting(origin.count - suffix.count..<origin.count), suffix.span) else {
            return false
        }
        for index in scheme.count..<scheme.count + labels {
            let byte = origin[index]
            let isName =
                ASCII.isAlpha(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            guard isName, byte != UInt8(ascii: ".") || index > scheme.count else { return false }
        }
        return true
    }

    // MARK: Preflights

    private func find(_ name: [UInt8], _ exchange: any FilterExchange) -> [UInt8]? {
        let buffer = exchange.requestBytes
        let bytes = buffer.written
        guard let index = exchange.requestHead.firstIndex(named: name.span, in: bytes) else { return nil }
        return Array(copying: bytes.extracting(exchange.requestHead.fields[index].valueRange))
    }

    /// A page that may not is told nothing, which browsers take for no.
    private func preflight(
        _ origin: Span<UInt8>, _ isAllowed: Bool, _ exchange: any FilterExchange
    ) -> LocalResponse {
        var fields = [
            HeaderPair(
                name: Self.vary.bytes,
                value: Array("Origin, Access-Control-Request-Method, Access-Control-Request-Headers".utf8))
        ]
        if isAllowed {
            func add(_ name: String, _ value: [UInt8]) {
                fields.append(HeaderPair(name: Array(name.utf8), value: value))
            }
            add("access-control-allow-origin", allowsAny ? Self.star : Array(copying: origin))
            if credentials { add("access-control-allow-credentials", Self.trueValue) }
            if !methods.isEmpty { add("access-control-allow-methods", methods) }
            let asked = find(Self.requestHeaders, exchange)
            if allowsAnyHeader {
                // `*` does not stand for Authorization, and every browser understands the list that it sent.
                if let asked, asked.allSatisfy(Self.isOfList) { add("access-control-allow-headers", asked) }
            } else if !headers.isEmpty {
                add("access-control-allow-headers", headers)
            }
            add("access-control-max-age", maxAge)
            if privateNetwork, find(Self.requestPrivate, exchange).map({ $0 == Self.trueValue }) == true {
                add("access-control-allow-private-network", Self.trueValue)
            }
        }
        return LocalResponse(status: 204, reason: .filterResponded, headers: fields)
    }

    private static func isOfList(_ byte: UInt8) -> Bool {
        ASCII.isAlpha(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: ",") || byte == ASCII.space
    }
}
