import Bytes
import CHeaderTable
import HTTP

/// Who the client is behind proxies that are believed.
enum ClientAddress {
    /// Walks `X-Forwarded-For` from its right end, where the nearest proxy wrote, past every trusted address; the first
    /// one that is not trusted is the client. Anything that is not an address ends the walk: what stands left of it
    /// was not written by anybody who is believed.
    static func resolve(
        peer: IPAddress?, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ snapshot: WorkerSnapshot
    ) -> IPAddress {
        var client = peer ?? .loopback
        var index = head.fields.count - 1
        while index >= 0 {
            let field = head.fields[index]
            index -= 1
            guard field.known == KnownHeader.xForwardedFor.rawValue, !field.isDropped else { continue }
            let list = bytes.extracting(field.valueRange)
            var end = list.count
            while end > 0 {
                var start = end
                while start > 0, list[start - 1] != 0x2C { start -= 1 }
                guard let address = IPAddress(parsing: trimmed(list.extracting(start..<end))) else { return client }
                client = address
                guard snapshot.trusts(address) else { return client }
                end = start - 1
            }
        }
        return client
    }

    @_lifetime(copy text)
    private static func trimmed(_ text: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        var end = text.count
        while start < end, text[start] == ASCII.space || text[start] == ASCII.tab { start += 1 }
        while end > start, text[end - 1] == ASCII.space || text[end - 1] == ASCII.tab { end -= 1 }
        return text.extracting(start..<end)
    }
}
