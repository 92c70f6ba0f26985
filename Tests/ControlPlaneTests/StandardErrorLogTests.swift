import Logging
import Testing

@testable import ControlPlane

@Suite("the program's own log") struct StandardErrorLogTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"),
        (951_782_400_123_000_000, "2000-02-29T00:00:00.123Z"),
        (951_868_799_999_999_999, "2000-02-29T23:59:59.999Z"),
        (1_709_251_199_000_000_000, "2024-02-29T23:59:59.000Z"),
        (1_795_474_051_007_000_000, "2026-11-23T22:47:31.007Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
    ])
    func timestamps(_ nanoseconds: Int64, _ expected: String) {
        #expect(StandardErrorLog.timestamp(nanoseconds) == expected)
    }

    private func line(_ format: ProcessSettings.LogFormat, _ message: String, _ fields: [(String, String)]) -> String {
        StandardErrorLog.line(wallNanoseconds: 0, level: .warning, message: message, fields: fields, format: format)
    }

    @Test func text() {
        let text = line(.text, "a name does not resolve", [("name", "db"), ("error", "timed out")])
        #expect(text == "1970-01-01T00:00:00.000Z warning a name does not resolve name=db error=\"timed out\"")
    }

    @Test func json() {
        let text = line(.json, "serving", [("listeners", "0.0.0.0:8080")])
        #expect(
            text
                == #"{"time":"1970-01-01T00:00:00.000Z","level":"warning","#
                + #""message":"serving","listeners":"0.0.0.0:8080"}"#
        )
    }

    @Test(arguments: ProcessSettings.LogFormat.allCases)
    func nothingFromOutsideBreaksTheLine(_ format: ProcessSettings.LogFormat) {
        let text = line(format, "a\nb\u{1B}[2Jc", [("k", "x\ny"), ("empty", ""), ("q", "a\"b=c")])
        #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }
}
