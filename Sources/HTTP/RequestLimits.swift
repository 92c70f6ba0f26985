/// What happens to field names with an underscore: `x_user` and `x-user` are one name to CGI-like upstreams, so a
/// client could speak with the voice of a header that the gateway vouches for.
package enum UnderscorePolicy: Sendable { case drop, allow, reject }

/// Bounds on what a peer may make the codec hold or scan; the defaults are those of `limits` in the configuration.
package struct RequestLimits: Sendable, Equatable {
    /// Request or status line with its CRLF; RFC 9112 §3 asks for at least 8000.
    package var lineBytesMax: Int
    /// All field lines of a head together with their CRLFs, without the empty line.
    package var headBytesMax: Int
    package var headerCountMax: Int
    /// Chunk extensions of one body together: they carry nothing, so a peer that sends many only wastes our time.
    package var chunkExtensionBytesMax: Int
    /// The trailer section of one body with its CRLFs.
    package var trailerBytesMax: Int
    package var underscores: UnderscorePolicy

    /// More than any configuration allows, for heads that the gateway wrote itself.
    package static var largest: RequestLimits {
        RequestLimits(lineBytesMax: 4 << 20, headBytesMax: 8 << 20, headerCountMax: 20_000)
    }

    package init(
        lineBytesMax: Int = 8 << 10, headBytesMax: Int = 32 << 10, headerCountMax: Int = 100,
        chunkExtensionBytesMax: Int = 4096, trailerBytesMax: Int = 8 << 10, underscores: UnderscorePolicy = .drop
    ) {
        self.lineBytesMax = lineBytesMax
        self.headBytesMax = headBytesMax
        self.headerCountMax = headerCountMax
        self.chunkExtensionBytesMax = chunkExtensionBytesMax
        self.trailerBytesMax = trailerBytesMax
        self.underscores = underscores
    }
}
