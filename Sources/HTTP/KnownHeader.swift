/// Field names that some part of the gateway acts on, found once while parsing. Raw values index a 64-bit set.
package enum KnownHeader: UInt8, Sendable, CaseIterable {
    case unknown = 0
    case host, connection, contentLength, transferEncoding, te, trailer, upgrade, keepAlive, proxyConnection
    case proxyAuthenticate, proxyAuthorization, expect
    case xForwardedFor, xForwardedProto, xForwardedHost, xRequestId, via, forwarded
    case date, server, location, authorization, cookie, setCookie, userAgent, referer, origin
    case accept, acceptEncoding, contentType, contentEncoding, cacheControl, vary, etag, range
    case traceparent, tracestate, http2Settings, xApiKey, allow, retryAfter
    case allowOrigin, allowCredentials, exposeHeaders, allowMethods, allowHeaders, accessMaxAge

    /// The header of this name in any case; `.unknown` for others, and for what is no name.
    package static func named(_ name: Span<UInt8>) -> KnownHeader {
        guard ByteSet.isToken(name) else { return .unknown }
        return find(name, at: 0, count: name.count)
    }

    /// This header's place in a 64-bit set.
    @inline(__always)
    package var bit: UInt64 { 1 &<< UInt64(rawValue) }

    /// The name in lower case.
    package var name: StaticString {
        switch self {
        case .unknown: ""
        case .host: "host"
        case .connection: "connection"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .te: "te"
        case .trailer: "trailer"
        case .upgrade: "upgrade"
        case .keepAlive: "keep-alive"
        case .proxyConnection: "proxy-connection"
        case .proxyAuthenticate: "proxy-authenticate"
        case .proxyAuthorization: "proxy-authorization"
        case .expect: "expect"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedProto: "x-forwarded-proto"
        case .xForwardedHost: "x-forwarded-host"
        case .xRequestId: "x-request-id"
        case .via: "via"
        case .forwarded: "forwarded"
        case .date: "date"
        case .server: "server"
        case .location: "location"
        case .authorization: "authorization"
        case .cookie: "cookie"
        case .setCookie: "set-cookie"
        case .userAgent: "user-agent"
        case .referer: "referer"
        case .origin: "origin"
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .contentType: "content-type"
        case .contentEncoding: "content-encoding"
        case .cacheControl: "cache-control"
        case .vary: "vary"
        case .etag: "etag"
        case .range: "range"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .http2Settings: "http2-settings"
        case .xApiKey: "x-api-key"
        case .allow: "allow"
        case .retryAfter: "retry-after"
        case .allowOrigin: "access-control-allow-origin"
        case .allowCredentials: "access-control-allow-credentials"
        case .exposeHeaders: "access-control-expose-headers"
        case .allowMethods: "access-control-allow-methods"
        case .allowHeaders: "access-control-allow-headers"
        case .accessMaxAge: "access-control-max-age"
        }
    }
}
