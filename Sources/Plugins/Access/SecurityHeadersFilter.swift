import Bytes
package import Config
import HTTP

/// `security-headers`: sets fields that tell browsers to be careful, in place of the upstream's own.
package final class SecurityHeadersFilter: Filter {
    package let name: String
    package var phases: FilterPhases { .response }
    private let edits: HeadersFilter.CheckedEdits
    private let hsts: [UInt8]?

    private static let hstsField = FieldName("strict-transport-security")

    package init(name: String, _ config: SecurityHeadersFilterConfig) {
        self.name = name
        hsts = config.hsts.map { duration in
            var text = "max-age=\(duration.components.seconds)"
            if config.hstsSubdomains { text += "; includeSubDomains" }
            if config.hstsPreload { text += "; preload" }
            return Array(text.utf8)
        }
        let fields: [(String, String?)] = [
            ("x-content-type-options", config.contentTypeOptions ? "nosniff" : nil),
            ("x-frame-options", config.frameOptions), ("referrer-policy", config.referrerPolicy),
            ("content-security-policy", config.contentSecurityPolicy),
            ("permissions-policy", config.permissionsPolicy), ("cross-origin-opener-policy", config.openerPolicy),
            ("cross-origin-embedder-policy", config.embedderPolicy),
            ("cross-origin-resource-policy", config.resourcePolicy),
        ]
        var edits = HeadersFilter.Edits()
        edits.remove = config.remove.map { Array($0.utf8) }
        edits.set = fields.compactMap { name, value in
            value.map { HeaderPair(name: Array(name.utf8), value: Array($0.utf8)) }
        }
        self.edits = HeadersFilter.CheckedEdits(edits)
    }

    package func onResponse(_ exchange: any FilterExchange) -> FilterVerdict {
        edits.apply(to: exchange.responseEdits)
        if let hsts {
            // RFC 6797 §7.2: never over plain HTTP.
            var isSecure = false
            exchange.withText(.scheme) { isSecure = $0.count == 5 }
            if isSecure { exchange.responseEdits.set(Self.hstsField, hsts) }
        }
        return .proceed
    }
}
