import Bytes
import HTTP
import Testing

@Suite struct LogTimestampTests {
    private func text(_ write: (ByteBuffer) -> Void) -> String {
        let out = ByteBuffer(capacity: 64)
        write(out)
        var bytes: [UInt8] = []
        bytes.append(copying: out.readable)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z", "01/Jan/1970:00:00:00 +0000"),
        (951_782_399_999_000_000, "2000-02-28T23:59:59.999Z", "28/Feb/2000:23:59:59 +0000"),
        (951_782_400_001_999_999, "2000-02-29T00:00:00.001Z", "29/Feb/2000:00:00:00 +0000"),
        (1_795_658_128_136_000_000, "2026-11-26T01:55:28.136Z", "26/Nov/2026:01:55:28 +0000"),
        (4_102_444_800_000_000_000, "2100-01-01T00:00:00.000Z", "01/Jan/2100:00:00:00 +0000"),
    ])
    func bothForms(_ wall: Int, _ rfc3339: String, _ combined: String) {
        var timestamp = LogTimestamp()
        #expect(text { timestamp.appendRFC3339(wallNanoseconds: Int64(wall), to: $0) } == rfc3339)
        #expect(text { timestamp.appendCombined(wallNanoseconds: Int64(wall), to: $0) } == combined)
    }

    @Test func oneOfManySeconds() {
        var timestamp = LogTimestamp()
        for second in stride(from: 0, to: 200_000, by: 977) {
            let once = text { timestamp.appendRFC3339(wallNanoseconds: Int64(second) * 1_000_000_000, to: $0) }
            var fresh = LogTimestamp()
            #expect(once == text { fresh.appendRFC3339(wallNanoseconds: Int64(second) * 1_000_000_000, to: $0) })
        }
    }
}
