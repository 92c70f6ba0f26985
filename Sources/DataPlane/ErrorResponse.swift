import Bytes
import HTTP
import Plugins
import Telemetry

// The one table from what went wrong to what is recorded; the status of each reason stands with the reason itself.

extension RequestError {
    var endReason: EndReason {
        switch kind {
        case .badRequest: .badRequest
        case .uriTooLong: .uriTooLong
        case .headersTooLarge: .headersTooLarge
        case .versionNotSupported: .versionNotSupported
        case .notImplemented: .notImplemented
        }
    }
}

extension ResponseError {
    /// The head was too large rather than wrong.
    var endsInLimit: Bool {
        switch self {
        case .field(let error): error.isLimit
        case .lineTooLong: true
        default: false
        }
    }
}

extension UpstreamFailure {
    var endReason: EndReason {
        switch self {
        case .noEndpoint: .noHealthyUpstream
        case .unresolved: .upstreamUnresolved
        case .connect: .upstreamConnect
        case .connectTimeout: .upstreamConnectTimeout
        case .tls: .upstreamTLS
        case .exhausted: .overloaded
        case .resetBeforeResponse, .resetInHead: .upstreamReset
        case .responseTimeout: .upstreamTimeout
        case .invalid: .upstreamProtocol
        case .headersTooLarge: .upstreamHeadersTooLarge
        case .truncated: .upstreamTruncated
        }
    }
}

/// Problem documents (RFC 9457): what a client is told, and nothing of the inside.
enum ProblemDocument {
    static let contentType: StaticString = "application/problem+json"
    static let byteCountMax = 512

    /// Appends the document of `reason` to `out`, which has `byteCountMax` bytes of room.
    static func write(_ reason: EndReason, status: Int, requestID: Span<UInt8>, into out: ByteBuffer) {
        out.append("{\"type\":\"urn:gateway:error:")
        out.append(reason.code)
        out.append("\",\"title\":\"")
        out.append(reason.title)
        out.append("\",\"status\":")
        out.append(decimal: status)
        out.append(",\"request_id\":\"")
        // Token characters only, whoever chose it: see `Exchange.takeRequestID`.
        out.append(requestID)
        out.append("\"}\n")
    }
}
