package import Bytes

/// Times as logs write them, with all but the milliseconds kept from line to line of a second.
package struct LogTimestamp {
    private var second = Int64.min
    private var rfc3339 = [UInt8](repeating: 0, count: 20)
    private var combined = [UInt8](repeating: 0, count: 26)

    package init() {}

    /// RFC 3339 in UTC with milliseconds: `2026-11-25T02:15:28.123Z`.
    package mutating func appendRFC3339(wallNanoseconds: Int64, to out: ByteBuffer) {
        let milliseconds = Int(floor(wallNanoseconds, 1_000_000) % 1000)
        renew(floor(wallNanoseconds, 1_000_000_000))
        out.append(rfc3339)
        out.append(UInt8(0x30 + milliseconds / 100))
        out.append(UInt8(0x30 + milliseconds / 10 % 10))
        out.append(UInt8(0x30 + milliseconds % 10))
        out.append(UInt8(ascii: "Z"))
    }

    /// Apache's form: `25/Nov/2026:02:15:28 +0000`.
    package mutating func appendCombined(wallNanoseconds: Int64, to out: ByteBuffer) {
        renew(floor(wallNanoseconds, 1_000_000_000))
        out.append(combined)
    }

    private func floor(_ value: Int64, _ unit: Int64) -> Int64 { max(value, 0) / unit }

    private mutating func renew(_ newSecond: Int64) {
        guard newSecond != second else { return }
        second = newSecond
        let date = HTTPDate.civil(day: Int(second / 86_400))
        let rest = Int(second % 86_400)
        let (hour, minute, seconds) = (rest / 3600, rest / 60 % 60, rest % 60)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time = "\(two(hour)):\(two(minute)):\(two(seconds))"
        let year = String(repeating: "0", count: max(0, 4 - "\(date.year)".count)) + "\(date.year)"
        rfc3339 = Array("\(year)-\(two(date.month))-\(two(date.day))T\(time).".utf8)
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec"
        let month = months.dropFirst(date.month * 3 - 3).prefix(3)
        combined = Array("\(two(date.day))/\(month)/\(year):\(time) +0000".utf8)
    }
}
