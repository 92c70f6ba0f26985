import Config
import Telemetry
import Testing

@Suite struct AccessLogFormatTests {
    /// The literals of a format, with what stands between them in braces.
    private func outline(_ change: (inout AccessLogConfig) -> Void) -> String {
        var config = AccessLogConfig()
        change(&config)
        let format = AccessLogFormat(config)
        return format.segments.map { segment in
            let literal = String(decoding: format.literals[segment.literal], as: UTF8.self)
            return switch segment.value {
            case .none: literal
            case .variable(let variable): literal + "<\(variable.rawValue) \(segment.style)>"
            case .header(let index):
                literal + "<header \(String(decoding: format.headerNames[index], as: UTF8.self)) \(segment.style)>"
            case .filterVariable(let index):
                literal + "<var \(String(decoding: format.headerNames[index], as: UTF8.self)) \(segment.style)>"
            case .combinedTime: literal + "<combined time>"
            case .requestLine: literal + "<request line>"
            }
        }.joined()
    }

    private func template(_ text: String) -> AccessLogTemplate {
        (try? AccessLogTemplate(parsing: text)) ?? AccessLogTemplate(pieces: [])
    }

    @Test func jsonHasEveryMemberInItsOrder() {
        let line = outline { _ in }
        #expect(line.hasPrefix("{\"time\":<time json>,\"request_id\":<request_id json>,"))
        #expect(
            line.hasSuffix(
                ",\"user_agent\":<user_agent json>,\"consumer\":<consumer json>,\"filters\":<filters json>}\n"))
        let names = line.split(separator: "\"").enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { $0.element }
        #expect(
            names == [
                "time", "request_id", "client_ip", "listener", "protocol", "method", "host", "path", "query", "status",
                "route", "upstream", "target", "attempts", "bytes_in", "bytes_out", "duration_ms", "upstream_ms",
                "overhead_us", "end_reason", "user_agent", "consumer", "filters",
            ])
    }

    @Test func fieldsAreAddedReplacedAndLeftOut() {
        let line = outline { config in
            config.fields = [
                .init(name: "te\"nant", template: template("$header{x-tenant}")),
                .init(name: "path", template: template("$host$path")), .init(name: "user_agent", template: nil),
                .init(name: "const", template: template("a\"b")),
            ]
        }
        #expect(line.contains(",\"path\":\"<host jsonPart><path jsonPart>\","))
        #expect(line.contains(",\"te\\\"nant\":<header x-tenant json>,\"const\":\"a\\\"b\"}\n"))
        #expect(!line.contains("user_agent"))
    }

    @Test func templatesAndCombined() {
        let line = outline { $0.format = .template(template("$$1 $status \"$path\" $header{a}!")) }
        #expect(line == "$1 <status text> \"<path text>\" <header a text>!\n")
        #expect(
            outline { $0.format = .combined }
                == "<client_ip text> - - [<combined time>] \"<request line>\" <status text> <bytes_out text> "
                + "\"<referer text>\" \"<user_agent text>\"\n")
    }

    @Test(arguments: AccessLogVariable.allCases) func everyVariableIsExplained(_ variable: AccessLogVariable) throws {
        #expect(!variable.explanation.isEmpty)
        let parsed = try AccessLogTemplate(parsing: "$\(variable.rawValue)")
        #expect(parsed.pieces == [.variable(variable)])
    }
}
