import Bytes
import HTTP
import Testing

@Suite("dates, RFC 9110 §5.6.7") struct HTTPDateTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String)]) func formats(seconds: Int64, expected: String)
    {
        var out: [UInt8] = [1, 2, 3]
        HTTPDate.format(unixSeconds: seconds, into: &out)
        #expect(String(decoding: out, as: UTF8.self) == expected)
        #expect(out.count == HTTPDate.byteCount)
        let buffer = ByteBuffer(capacity: 64)
        HTTPDate.format(unixSeconds: seconds, into: buffer)
        #expect(String(decoding: buffer.readable) == expected)
    }
}
