import Bytes
package import Config
import HTTP

/// What requests are counted by, as one worker reads it from a request.
package struct LimitKey {
    private enum Part {
        case client, clientIP, global, consumer, route
        case header([UInt8]), claim([UInt8]), cookie([UInt8]), query([UInt8]), variable([UInt8])
    }

    private let parts: [Part]

    package init(_ config: [LimitKeyConfig]) {
        parts = config.map { key in
            switch key {
            case .client: .client
            case .clientIP: .clientIP
            case .global: .global
            case .consumer: .consumer
            case .route: .route
            case .header(let name): .header(Array(name.utf8))
            case .claim(let name): .claim(Array(name.utf8))
            case .cookie(let name): .cookie(Array(name.utf8))
            case .query(let name): .query(Array(name.utf8))
            case .variable(let name): .variable(Array(name.utf8))
            }
        }
    }

    /// The hash of the request's key, by a key of this process; never 0. A part that the request does not have stands
    /// for the client's address, so that leaving it out opens nothing.
    package func tag(of exchange: any FilterExchange) -> UInt64 {
        var tag: UInt64 = 0
        for part in parts { tag = KeyedHash.process.hash(tag, value(part, exchange)) }
        return tag == 0 ? 1 : tag
    }

    /// The key as text, for counters that other processes use too. Lengths stand before the parts, so that two keys are
    /// never one.
    package func text(of exchange: any FilterExchange) -> [UInt8] {
        var text: [UInt8] = []
        for part in parts {
            var own: [UInt8] = []
            append(part, exchange, to: &own)
            text += Array("\(own.count):".utf8) + own
        }
        return text
    }

    private func append(_ part: Part, _ exchange: any FilterExchange, to text: inout [UInt8]) {
        var isFound = false
        var own: [UInt8] = []
        func take(_ bytes: Span<UInt8>) {
            isFound = true
            own.append(copying: bytes)
        }
        switch part {
        case .global: return text.append(0x2A)
        case .clientIP: break
        case .client, .consumer:
            if let consumer = exchange.identity?.consumer, !consumer.isEmpty { take(consumer.span) }
        case .route: exchange.withText(.route, take)
        case .header(let name):
            let buffer = exchange.requestBytes
            let bytes = buffer.written
            if let index = exchange.requestHead.firstIndex(named: name.span, in: bytes) {
                take(bytes.extracting(exchange.requestHead.fields[index].valueRange))
            }
        case .claim(let name): if let value = exchange.identity?.claim(name) { take(value.span) }
        case .cookie(let name): withParameter(name, in: .cookie, exchange, take)
        case .query(let name): withParameter(name, in: nil, exchange, take)
        case .variable(let name): if let json = exchange.variables[name.span] { take(json.span) }
        }
        if isFound {
            text += own
        } else {
            let address = exchange.clientAddress
            text += Array((address.isIPv4 ? "4/\(address.ipv4Bits)" : "6/\(address.high)").utf8)
        }
    }

    private func withParameter(
        _ name: [UInt8], in known: KnownHeader?, _ exchange: any FilterExchange, _ take: (Span<UInt8>) -> Void
    ) {
        let buffer = exchange.requestBytes
        let bytes = buffer.written
        var range = exchange.requestHead.queryRange ?? 0..<0
        if let known {
            guard let field = exchange.requestHead.field(known) else { return }
            range = field.valueRange
        }
        let list = bytes.extracting(range)
        guard let found = Parameters.value(of: name.span, in: list, separator: known == nil ? 0x26 : 0x3B) else {
            return
        }
        take(list.extracting(found))
    }

    private func value(_ part: Part, _ exchange: any FilterExchange) -> UInt64 {
        switch part {
        case .global: return 1
        case .clientIP: return address(exchange)
        case .client, .consumer:
            guard let consumer = exchange.identity?.consumer, !consumer.isEmpty else { return address(exchange) }
            return KeyedHash.process.hash(consumer.span)
        default: return text(part, exchange) ?? address(exchange)
        }
    }

    /// The hash of a part that is a text of the request; nil where it has none.
    private func text(_ part: Part, _ exchange: any FilterExchange) -> UInt64? {
        var found: UInt64?
        func take(_ bytes: Span<UInt8>) { found = KeyedHash.process.hash(bytes) }
        switch part {
        case .global, .clientIP, .client, .consumer: return nil
        case .route: exchange.withText(.route, take)
        case .header(let name):
            let bytes = exchange.requestBytes.written
            if let index = exchange.requestHead.firstIndex(named: name.span, in: bytes) {
                take(bytes.extracting(exchange.requestHead.fields[index].valueRange))
            }
        case .claim(let name): if let value = exchange.identity?.claim(name) { take(value.span) }
        case .cookie(let name):
            let bytes = exchange.requestBytes.written
            if let field = exchange.requestHead.field(.cookie) {
                let list = bytes.extracting(field.valueRange)
                if let range = Parameters.value(of: name.span, in: list, separator: 0x3B) {
                    take(list.extracting(range))
                }
            }
        case .query(let name):
            let list = exchange.requestBytes.written.extracting(exchange.requestHead.queryRange ?? 0..<0)
            if let range = Parameters.value(of: name.span, in: list, separator: 0x26) { take(list.extracting(range)) }
        case .variable(let name): if let json = exchange.variables[name.span] { take(json.span) }
        }
        return found
    }

    /// IPv6 by /64, since a client has that many addresses at least; IPv4 whole, however it is written.
    private func address(_ exchange: any FilterExchange) -> UInt64 {
        let address = exchange.clientAddress
        if address.isIPv4 { return KeyedHash.process.hash(4, UInt64(address.ipv4Bits)) }
        return KeyedHash.process.hash(6, address.high)
    }
}
