import Bytes

extension KnownHeader {
    /// The header of this name, letters compared without case; `name` must consist of token characters.
    ///
    /// Two or three overlapping words identify a name without a loop or a table. Setting bit 0x20 folds letters, and
    /// it maps no two token characters that occur in these names onto each other. The words are checked against
    /// `name` by `KnownHeaderTests`.
    @inline(__always)
    static func find(_ bytes: Span<UInt8>, at start: Int, count: Int) -> KnownHeader {
        guard count >= 8 else {
            return count < 2 ? .unknown : findShort(ByteWord.partial(bytes, at: start, count: count), count)
        }
        let first = ByteScanner.load64(bytes, at: start) | ByteWord.caseBits
        let last = ByteScanner.load64(bytes, at: start &+ count &- 8) | ByteWord.caseBits
        guard count > 16 else { return findMedium(first, last, count) }
        if first == accessControl, count >= 22 { return findAccessControl(bytes, at: start, last, count) }
        let middle = ByteScanner.load64(bytes, at: start &+ 8) | ByteWord.caseBits
        return findLong(first, middle, last, count)
    }

    /// `access-c`, with which the names of the CORS protocol begin.
    private static let accessControl: UInt64 = 0x632D737365636361

    private static func findShort(_ word: UInt64, _ count: Int) -> KnownHeader {
        switch (count, word | (ByteWord.caseBits &>> UInt64(64 &- 8 &* count))) {
        case (2, 0x6574): .te
        case (3, 0x616976): .via
        case (4, 0x74736F68): .host
        case (4, 0x65746164): .date
        case (4, 0x79726176): .vary
        case (4, 0x67617465): .etag
        case (5, 0x65676E6172): .range
        case (5, 0x776F6C6C61): .allow
        case (6, 0x746365707865): .expect
        case (6, 0x726576726573): .server
        case (6, 0x65696B6F6F63): .cookie
        case (6, 0x6E696769726F): .origin
        case (6, 0x747065636361): .accept
        case (7, 0x72656C69617274): .trailer
        case (7, 0x65646172677075): .upgrade
        case (7, 0x72657265666572): .referer
        default: .unknown
        }
    }

    private static func findMedium(_ first: UInt64, _ last: UInt64, _ count: Int) -> KnownHeader {
        switch (count, first, last) {
        case (8, 0x6E6F697461636F6C, 0x6E6F697461636F6C): .location
        case (9, 0x6564726177726F66, 0x646564726177726F): .forwarded
        case (9, 0x656B2D6970612D78, 0x79656B2D6970612D): .xApiKey
        case (10, 0x697463656E6E6F63, 0x6E6F697463656E6E): .connection
        case (10, 0x696C612D7065656B, 0x6576696C612D7065): .keepAlive
        case (10, 0x6B6F6F632D746573, 0x65696B6F6F632D74): .setCookie
        case (10, 0x6567612D72657375, 0x746E6567612D7265): .userAgent
        case (10, 0x6174736563617274, 0x6574617473656361): .tracestate
        case (11, 0x7261706563617274, 0x746E657261706563): .traceparent
        case (11, 0x66612D7972746572, 0x72657466612D7972): .retryAfter
        case (12, 0x7365757165722D78, 0x64692D7473657571): .xRequestId
        case (12, 0x2D746E65746E6F63, 0x657079742D746E65): .contentType
        case (13, 0x7A69726F68747561, 0x6E6F6974617A6972): .authorization
        case (13, 0x6F632D6568636163, 0x6C6F72746E6F632D): .cacheControl
        case (14, 0x2D746E65746E6F63, 0x6874676E656C2D74): .contentLength
        case (14, 0x65732D3270747468, 0x73676E6974746573): .http2Settings
        case (15, 0x726177726F662D78, 0x726F662D64656472): .xForwardedFor
        case (15, 0x652D747065636361, 0x676E69646F636E65): .acceptEncoding
        case (16, 0x6F632D79786F7270, 0x6E6F697463656E6E): .proxyConnection
        case (16, 0x726177726F662D78, 0x74736F682D646564): .xForwardedHost
        case (16, 0x2D746E65746E6F63, 0x676E69646F636E65): .contentEncoding
        default: .unknown
        }
    }

    private static func findLong(_ first: UInt64, _ middle: UInt64, _ last: UInt64, _ count: Int) -> KnownHeader {
        switch (count, first, middle, last) {
        case (17, 0x726566736E617274, 0x6E69646F636E652D, 0x676E69646F636E65):
            .transferEncoding
        case (17, 0x726177726F662D78, 0x746F72702D646564, 0x6F746F72702D6465):
            .xForwardedProto
        case (18, 0x75612D79786F7270, 0x616369746E656874, 0x6574616369746E65):
            .proxyAuthenticate
        case (19, 0x75612D79786F7270, 0x74617A69726F6874, 0x6E6F6974617A6972):
            .proxyAuthorization
        default: .unknown
        }
    }

    /// Names of 22 to 32 characters: the words at 0 and 8, and the last two, cover all of them.
    private static func findAccessControl(
        _ bytes: Span<UInt8>, at start: Int, _ last: UInt64, _ count: Int
    ) -> KnownHeader {
        // `ontrol-` and one more letter, which the words behind it or `second` itself tell.
        let second = ByteScanner.load64(bytes, at: start &+ 8) | ByteWord.caseBits
        let third = ByteScanner.load64(bytes, at: start &+ count &- 16) | ByteWord.caseBits
        return switch (count, second, third, last) {
        case (22, 0x6D2D6C6F72746E6F, 0x6C6F72746E6F632D, 0x6567612D78616D2D): .accessMaxAge
        case (27, 0x612D6C6F72746E6F, 0x6F6C6C612D6C6F72, 0x6E696769726F2D77): .allowOrigin
        case (28, 0x612D6C6F72746E6F, 0x776F6C6C612D6C6F, 0x73646F6874656D2D): .allowMethods
        case (28, 0x612D6C6F72746E6F, 0x776F6C6C612D6C6F, 0x737265646165682D): .allowHeaders
        case (29, 0x652D6C6F72746E6F, 0x65736F7078652D6C, 0x737265646165682D): .exposeHeaders
        case (32, 0x612D6C6F72746E6F, 0x6572632D776F6C6C, 0x736C6169746E6564): .allowCredentials
        default: .unknown
        }
    }
}
