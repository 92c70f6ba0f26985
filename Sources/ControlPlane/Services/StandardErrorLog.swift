import Bytes
import EventLoop
import HTTP
package import Logging

/// The program's own log: one line a message, on standard error.
package struct StandardErrorLog: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let format: ProcessSettings.LogFormat

    package init(level: Logger.Level, format: ProcessSettings.LogFormat) {
        logLevel = level
        self.format = format
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
        if let own = event.metadata { fields.merge(own) { _, new in new } }
        let ordered = fields.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let line = Self.line(
            wallNanoseconds: EventLoop.Clock.wallNanoseconds(), level: event.level, message: event.message.description,
            fields: ordered, format: format)
        StandardError.write(line)
    }

    /// One line without its line feed. Control characters in it are escaped: what came from outside stays on its line.
    package static func line(
        wallNanoseconds: Int64, level: Logger.Level, message: String, fields: [(String, String)],
        format: ProcessSettings.LogFormat
    ) -> String {
        let time = timestamp(wallNanoseconds)
        switch format {
        case .json:
            let fixed: [(String, JSONText)] = [
                ("time", .string(time)), ("level", .string(level.rawValue)), ("message", .string(message)),
            ]
            return JSONText.object(fixed + fields.map { ($0.0, .string($0.1)) }).compact
        case .text:
            let tail = fields.map { " \($0.0)=\(quoted($0.1))" }.joined()
            return "\(time) \(level.rawValue) \(escaped(message))\(tail)"
        }
    }

    /// In quotes where it would not read as one word.
    private static func quoted(_ text: String) -> String {
        let isWord =
            !text.isEmpty && text.unicodeScalars.allSatisfy { $0 > " " && $0 != "\"" && $0 != "=" && $0 != "\u{7F}" }
        return isWord ? text : JSONText.string(text).compact
    }

    private static func escaped(_ text: String) -> String {
        String(JSONText.string(text).compact.dropFirst().dropLast()).replacing("\\\"", with: "\"")
    }

    /// RFC 3339 in UTC with milliseconds.
    static func timestamp(_ wallNanoseconds: Int64) -> String {
        let out = ByteBuffer(capacity: 32)
        var timestamp = LogTimestamp()
        timestamp.appendRFC3339(wallNanoseconds: wallNanoseconds, to: out)
        var bytes: [UInt8] = []
        bytes.append(copying: out.readable)
        return String(decoding: bytes, as: UTF8.self)
    }
}
