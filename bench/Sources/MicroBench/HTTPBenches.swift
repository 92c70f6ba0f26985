import Bytes
import HTTP

/// The HTTP/1.1 codec.
enum HTTPBenches {
    static let smallGet = Array("GET /api/users/1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n".utf8)

    static let browserGet = Array(
        """
        GET /api/users/1?fields=name,email HTTP/1.1\r
        Host: shop.example.com\r
        User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r
        Accept-Language: en-GB,en;q=0.5\r
        Accept-Encoding: gzip, deflate, br, zstd\r
        Referer: https://shop.example.com/cart\r
        Connection: keep-alive\r
        Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1\r
        Upgrade-Insecure-Requests: 1\r
        Sec-Fetch-Dest: document\r
        Sec-Fetch-Mode: navigate\r
        \r\n
        """.utf8)

    static let response = Array(
        """
        HTTP/1.1 200 OK\r
        Server: nginx\r
        Date: Mon, 01 Jan 2024 00:00:00 GMT\r
        Content-Type: application/json\r
        Content-Length: 140\r
        Connection: keep-alive\r
        \r\n
        """.utf8)

    /// 16 chunks of 1 KiB.
    static let chunks = Array(
        (String(repeating: "400\r\n" + String(repeating: "x", count: 1024) + "\r\n", count: 16) + "0\r\n\r\n").utf8)

    static var all: [Bench] {
        [
            Bench("http-parse small GET", parse(smallGet), baseline: "one pass, byte by byte", scan(smallGet)),
            Bench("http-parse browser GET", parse(browserGet), baseline: "one pass, byte by byte", scan(browserGet)),
            Bench("http-parse response", parseResponse, baseline: "one pass, byte by byte", scan(response)),
            Bench("http-chunked 16 x 1 KiB", decode, baseline: "copy of the bytes", copy(chunks)),
            Bench("http-write small GET", write(smallGet), baseline: "copy of the bytes", copy(smallGet)),
            Bench("http-write browser GET", write(browserGet), baseline: "copy of the bytes", copy(browserGet)),
            Bench("http-write response", writeResponse, baseline: "copy of the bytes", copy(response)),
            Bench("path-is-normal", isNormal, baseline: "one pass, byte by byte", scan(path)),
        ]
    }

    private static let path = Array("/api/v1/customers/12345/orders/67890/items".utf8)

    private static func scan(_ bytes: [UInt8]) -> Bench.Work {
        { count in
            var lines = 0
            for _ in 0..<count {
                let span = bytes.span
                for index in span.indices where span[index] == 0x0A || span[index] == 0x3A { lines &+= 1 }
            }
            return lines
        }
    }

    private static func copy(_ bytes: [UInt8]) -> Bench.Work {
        { count in
            let out = ByteBuffer(capacity: bytes.count)
            var sum = 0
            for _ in 0..<count {
                out.clear()
                out.append(bytes.span)
                sum &+= out.readableCount
            }
            return sum
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Bench.Work {
        { count in
            var parser = RequestParser(limits: RequestLimits())
            var head = RequestHead()
            var sum = 0
            for _ in 0..<count {
                guard (try? parser.parse(bytes.span, into: &head)) == true else { preconditionFailure("refused") }
                sum &+= head.byteCount
            }
            return sum
        }
    }

    private static func parseResponse(_ count: Int) -> Int {
        var parser = ResponseParser(limits: RequestLimits())
        var head = ResponseHead()
        var sum = 0
        let bytes = response
        for _ in 0..<count {
            guard (try? parser.parse(bytes.span, into: &head, requestMethod: .get)) == true else {
                preconditionFailure("refused")
            }
            sum &+= head.byteCount
        }
        return sum
    }

    private static func decode(_ count: Int) -> Int {
        var decoder = ChunkedDecoder(limits: RequestLimits())
        var sum = 0
        let bytes = chunks
        for _ in 0..<count {
            decoder.reset()
            var offset = 0
            decoding: while true {
                switch try? decoder.next(bytes.span, from: &offset) {
                case .data(let range): sum &+= range.count
                case .end: break decoding
                case .needMore, nil: preconditionFailure("no end")
                }
            }
        }
        return sum
    }

    private static func write(_ bytes: [UInt8]) -> Bench.Work {
        { count in
            var parser = RequestParser(limits: RequestLimits())
            var head = RequestHead()
            guard (try? parser.parse(bytes.span, into: &head)) == true else { preconditionFailure("refused") }
            let edits = HeaderEdits()
            let forwarded = RequestWriter.Forwarded(isPeerTrusted: false, isTLS: false)
            let peer = Array("192.0.2.1".utf8)
            let id = Array("0123456789abcdef0123456789abcdef".utf8)
            let out = ByteBuffer(capacity: 4096)
            var sum = 0
            for _ in 0..<count {
                out.clear()
                let span = bytes.span
                RequestWriter.write(
                    head, bytes: span, method: span.extracting(head.methodRange), path: span.extracting(head.pathRange),
                    query: span.extracting(head.queryRange ?? 0..<0), hasQuery: head.queryRange != nil,
                    host: span.extracting(head.authorityRange), framing: head.framing, edits: edits,
                    forwarded: forwarded, peer: peer.span, requestID: id.span, into: out)
                sum &+= out.readableCount
            }
            return sum
        }
    }

    private static func writeResponse(_ count: Int) -> Int {
        var parser = ResponseParser(limits: RequestLimits())
        var head = ResponseHead()
        let bytes = response
        guard (try? parser.parse(bytes.span, into: &head, requestMethod: .get)) == true else {
            preconditionFailure("refused")
        }
        let edits = HeaderEdits()
        let date = Array("Mon, 01 Jan 2024 00:00:00 GMT".utf8)
        let out = ByteBuffer(capacity: 4096)
        var sum = 0
        for _ in 0..<count {
            out.clear()
            ResponseWriter.write(
                head, bytes: bytes.span, framing: head.framing, clientMinorVersion: 1, closes: false, date: date.span,
                edits: edits, into: out)
            sum &+= out.readableCount
        }
        return sum
    }

    private static func isNormal(_ count: Int) -> Int {
        var sum = 0
        let bytes = path
        for _ in 0..<count where PathNormalizer.isNormal(bytes.span) { sum &+= 1 }
        return sum
    }
}
