import Testing

@testable import Config

@Suite("durations and sizes") struct UnitTextTests {
    @Test(arguments: [
        ("250ms", 250), ("5s", 5000), ("1m30s", 90_000), ("1h", 3_600_000), ("0s", 0), ("1h1m1s1ms", 3_661_001),
        ("90m", 5_400_000), ("007s", 7000),
    ])
    func durationIsRead(_ text: String, _ milliseconds: Int) throws {
        let duration = try DurationText.parse(text).get()
        #expect(duration == .milliseconds(milliseconds))
        #expect(try DurationText.parse(DurationText.text(of: duration)).get() == duration)
    }

    @Test(arguments: [
        "", "5", "s", "-5s", "5 s", " 5s", "5s ", "1.5s", "5S", "5sec", "1s1m", "1s1s", "5us", "1d",
        "9999999999999999999s",
        "9999999999999999h", "5s5", "٣s", "+5s",
    ])
    func durationIsRefused(_ text: String) {
        #expect(throws: TextRefusal.self) { try DurationText.parse(text).get() }
    }

    @Test(arguments: [
        ("0", 0), ("4096", 4096), ("64KiB", 65536), ("10MiB", 10_485_760), ("1GiB", 1 << 30), ("1TiB", 1 << 40),
    ])
    func sizeIsRead(_ text: String, _ bytes: Int) throws {
        #expect(try SizeText.parse(text).get() == bytes)
        #expect(try SizeText.parse(SizeText.text(of: bytes)).get() == bytes)
    }

    @Test(arguments: [
        "", "KiB", "-1", "1.5MiB", "10 MiB", "10MB", "10m", "10kib", "10MiB5", "99999999999999999999", "9999999999TiB",
        "10B", "0x10",
    ])
    func sizeIsRefused(_ text: String) {
        #expect(throws: TextRefusal.self) { try SizeText.parse(text).get() }
    }
}
