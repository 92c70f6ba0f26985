/// What authentication found of a client: who the request is served for.
///
/// Immutable, and one worker's own: it is kept with what it was made from, such as a token, and only retained for a
/// request.
package final class ClientIdentity {
    /// How the client proved it: `jwt`, `api-key`, `basic`, `forward`.
    package let scheme: StaticString
    /// The consumer where one is known, else the subject: what limits per client count by, and what the log shows.
    package let consumer: [UInt8]
    package let subject: [UInt8]
    package let scopes: [[UInt8]]
    /// `ctx.auth` of scripts: `{ scheme, subject, consumer, scopes, claims }`.
    package let json: [UInt8]
    /// What the upstream is told of it; made once, since an identity is used for many requests.
    package let fields: [HeaderPair]
    /// Claims that are texts, numbers or booleans, as plain text; those of nested objects as `realm_access.name`.
    private let claims: [[UInt8]: [UInt8]]

    package init(
        scheme: StaticString, consumer: [UInt8], subject: [UInt8], scopes: [[UInt8]] = [], json: [UInt8],
        claims: [[UInt8]: [UInt8]] = [:], fields: [HeaderPair] = []
    ) {
        self.scheme = scheme
        self.consumer = consumer
        self.subject = subject
        self.scopes = scopes
        self.json = json
        self.claims = claims
        self.fields = fields
    }

    /// A claim as plain text; nil where there is none of that name.
    package func claim(_ name: [UInt8]) -> [UInt8]? { claims[name] }
}
