import Bytes
package import Plugins

/// Log lines of one worker's scripts on their way to the thread that writes them: fixed memory, what does not fit is
/// dropped and counted.
///
/// - Threads: `write` on the worker, `read` on one other.
package final class ScriptLogLane: Sendable {
    private let ring = ByteRing(capacity: 64 << 10)
    private static let headerCount = 5

    package init() {}

    package var droppedCount: Int { ring.droppedCount }
    package var isEmpty: Bool { ring.isEmpty }

    /// One entry: level, length of the message, length of the fields, both texts.
    func write(_ level: FilterLogLevel, _ message: [UInt8], fields: [UInt8]) {
        let kept = message.prefix(16 << 10)
        let rest = fields.count <= 32 << 10 ? fields : []
        var entry: [UInt8] = [level.rawValue]
        entry.reserveCapacity(Self.headerCount + kept.count + rest.count)
        entry.append(UInt8(truncatingIfNeeded: kept.count))
        entry.append(UInt8(truncatingIfNeeded: kept.count >> 8))
        entry.append(UInt8(truncatingIfNeeded: rest.count))
        entry.append(UInt8(truncatingIfNeeded: rest.count >> 8))
        entry += kept
        entry += rest
        _ = ring.write(entry.span)
    }

    /// The entries that wait.
    package func read() -> [(level: FilterLogLevel, message: [UInt8], fields: [UInt8])] {
        let ring = ring
        var bytes: [UInt8] = []
        while !ring.isEmpty {
            let part = ring.readable
            let count = part.count
            bytes.append(copying: part)
            ring.consume(count)
        }
        var entries: [(level: FilterLogLevel, message: [UInt8], fields: [UInt8])] = []
        var offset = 0
        while offset + Self.headerCount <= bytes.count {
            let level = FilterLogLevel(rawValue: bytes[offset]) ?? .info
            let messageCount = Int(bytes[offset + 1]) | Int(bytes[offset + 2]) << 8
            let fieldCount = Int(bytes[offset + 3]) | Int(bytes[offset + 4]) << 8
            let start = offset + Self.headerCount
            let middle = start + messageCount
            offset = middle + fieldCount
            guard offset <= bytes.count else { break }
            entries.append((level, Array(bytes[start..<middle]), Array(bytes[middle..<offset])))
        }
        return entries
    }
}
