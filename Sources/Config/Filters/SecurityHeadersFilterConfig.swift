/// `security-headers`: what browsers are told to be careful about.
package struct SecurityHeadersFilterConfig: Sendable, Equatable {
    package var hsts: Duration? = .seconds(31_536_000)
    package var hstsSubdomains = false
    package var hstsPreload = false
    package var contentTypeOptions = true
    /// nil: not sent.
    package var frameOptions: String? = "DENY"
    package var referrerPolicy: String? = "strict-origin-when-cross-origin"
    package var contentSecurityPolicy: String?
    package var permissionsPolicy: String?
    package var openerPolicy: String?
    package var embedderPolicy: String?
    package var resourcePolicy: String?
    /// Fields of the upstream that are left out.
    package var remove: [String] = ["server", "x-powered-by"]

    package init() {}
}

/// The description of `security-headers`.
enum SecurityHeadersFilterSchema {
    static let object = ObjectSchema(
        "security-headers-middleware", "Fields that tell browsers to be careful.",
        empty: SecurityHeadersFilterConfig(),
        fields: [
            .field(
                "hsts", \.hsts, .orWord("off", .duration(.seconds(1)...(.seconds(3 * 31_536_000)))),
                "`Strict-Transport-Security` for so long, on answers over TLS alone."),
            .field("hsts_subdomains", \.hstsSubdomains, .bool, "For all names below too."),
            .field("hsts_preload", \.hstsPreload, .bool, "Ask to be on the lists that browsers come with."),
            .field("content_type_options", \.contentTypeOptions, .bool, "`X-Content-Type-Options: nosniff`."),
            .field(
                "frame_options", \.frameOptions,
                .orWord("off", .choice([("DENY", "DENY"), ("SAMEORIGIN", "SAMEORIGIN")])),
                "`X-Frame-Options`."),
            .field("referrer_policy", \.referrerPolicy, .orWord("off", .fieldValue), "`Referrer-Policy`."),
            .optional(
                "content_security_policy", \.contentSecurityPolicy, .fieldValue, "`Content-Security-Policy`."),
            .optional("permissions_policy", \.permissionsPolicy, .fieldValue, "`Permissions-Policy`."),
            .optional("opener_policy", \.openerPolicy, .fieldValue, "`Cross-Origin-Opener-Policy`."),
            .optional("embedder_policy", \.embedderPolicy, .fieldValue, "`Cross-Origin-Embedder-Policy`."),
            .optional("resource_policy", \.resourcePolicy, .fieldValue, "`Cross-Origin-Resource-Policy`."),
            .field("remove", \.remove, .list(of: .editableFieldName), "Fields of the upstream that are left out."),
        ])
}
