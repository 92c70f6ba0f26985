package import Bytes

/// IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
package enum HTTPDate {
    package static let byteCount = 29

    /// Replaces what `out` holds by the date.
    package static func format(unixSeconds: Int64, into out: inout [UInt8]) {
        out.removeAll(keepingCapacity: true)
        out.append(copying: text(unixSeconds: unixSeconds).span)
    }

    /// Appends the date.
    package static func format(unixSeconds: Int64, into out: ByteBuffer) {
        out.append(text(unixSeconds: unixSeconds).span)
    }

    private static func text(unixSeconds: Int64) -> [29 of UInt8] {
        let day = unixSeconds >= 0 ? unixSeconds / 86400 : (unixSeconds - 86399) / 86400
        let second = Int(unixSeconds - day * 86400)
        let date = civil(day: Int(day))
        // 1970-01-01 was a Thursday.
        let weekday = ((Int(day) + 4) % 7 + 7) % 7
        var text = [29 of UInt8](repeating: Delimiter.space)
        write(("SunMonTueWedThuFriSat" as StaticString).bytes, from: weekday * 3, to: &text, at: 0)
        text[3] = UInt8(ascii: ",")
        write(date.day, digits: 2, to: &text, at: 5)
        write(
            ("JanFebMarAprMayJunJulAugSepOctNovDec" as StaticString).bytes, from: date.month * 3 - 3, to: &text, at: 8)
        write(date.year, digits: 4, to: &text, at: 12)
        write(second / 3600, digits: 2, to: &text, at: 17)
        text[19] = Delimiter.colon
        write(second / 60 % 60, digits: 2, to: &text, at: 20)
        text[22] = Delimiter.colon
        write(second % 60, digits: 2, to: &text, at: 23)
        write(("GMT" as StaticString).bytes, from: 0, to: &text, at: 26)
        return text
    }

    /// Gregorian date of a day counted from 1970-01-01, by eras of 400 years (H. Hinnant, `civil_from_days`).
    static func civil(day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Three letters of a table.
    private static func write(_ names: Span<UInt8>, from start: Int, to text: inout [29 of UInt8], at index: Int) {
        for offset in 0..<3 { text[index + offset] = names[start + offset] }
    }

    private static func write(_ value: Int, digits: Int, to text: inout [29 of UInt8], at index: Int) {
        var remaining = value
        for offset in (0..<digits).reversed() {
            text[index + offset] = UInt8(truncatingIfNeeded: remaining % 10) &+ 0x30
            remaining /= 10
        }
    }
}
