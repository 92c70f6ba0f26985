import HTTP

/// What routing looks at of a request: views of bytes that the caller owns, and what the search found on its way.
struct RouteRequest: ~Escapable {
    let path: Span<UInt8>
    let query: Span<UInt8>
    /// The bytes that `fields` has offsets into.
    let bytes: Span<UInt8>
    let fields: Span<HeaderField>
    /// Bit n: a field whose `KnownHeader` has raw value n is present.
    let knownHeaders: UInt64
    let methodBit: UInt64
    /// Methods of the routes that fitted in all but the method.
    var allowed: UInt64 = 0

    @_lifetime(copy path, copy query, copy bytes, copy fields)
    init(
        path: Span<UInt8>, query: Span<UInt8>, bytes: Span<UInt8>, fields: Span<HeaderField>, knownHeaders: UInt64,
        methodBit: UInt64
    ) {
        self.path = path
        self.query = query
        self.bytes = bytes
        self.fields = fields
        self.knownHeaders = knownHeaders
        self.methodBit = methodBit
    }
}
