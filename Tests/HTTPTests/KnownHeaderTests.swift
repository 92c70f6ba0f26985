import HTTP
import Testing

@Suite("known field names") struct KnownHeaderTests {
    static func known(_ name: String) -> KnownHeader? {
        let bytes = Array("GET / HTTP/1.0\r\n\(name):\r\n\r\n".utf8)
        var parser = RequestParser(limits: RequestLimits(underscores: .allow))
        var head = RequestHead()
        guard (try? parser.parse(bytes.span, into: &head)) == true, head.fields.count == 1 else { return nil }
        return head.fields[0].knownHeader
    }

    static func text(_ header: KnownHeader) -> String { "\(header.name)" }

    /// Names whose empty value is an error have rows of their own.
    static let headers = KnownHeader.allCases.filter {
        $0 != .unknown && $0 != .host && $0 != .contentLength && $0 != .transferEncoding
    }

    @Test(arguments: headers) func areFoundInAnyCase(_ header: KnownHeader) {
        #expect(Self.known(Self.text(header)) == header)
        #expect(Self.known(Self.text(header).uppercased()) == header)
    }

    /// One letter changed, one more, one less: no longer known, or another known name.
    @Test(arguments: headers) func areFoundByEveryByte(_ header: KnownHeader) {
        let name = Array(Self.text(header).utf8)
        for index in name.indices {
            for replacement in Array("zq_~".utf8) where replacement != name[index] {
                var other = name
                other[index] = replacement
                #expect(Self.known(String(decoding: other, as: UTF8.self)) != header)
            }
        }
        #expect(Self.known(Self.text(header) + "x") != header)
        #expect(Self.known(String(Self.text(header).dropLast())) != header)
    }

    @Test func framingNamesAndHostAreFound() throws {
        let bytes = Array("GET / HTTP/1.1\r\nhOST: a\r\nTRANSFER-encoding: chunked\r\n\r\n".utf8)
        var parser = RequestParser(limits: RequestLimits())
        var head = RequestHead()
        #expect(try parser.parse(bytes.span, into: &head))
        #expect(head.knownHeaders == KnownHeader.host.bit | KnownHeader.transferEncoding.bit)
        #expect(head.field(.transferEncoding)?.valueRange.count == 7)
        #expect(head.field(.cookie) == nil)
    }

    @Test func setFitsAWord() {
        #expect(KnownHeader.allCases.count <= 64)
    }
}
