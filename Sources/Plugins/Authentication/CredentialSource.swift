import Bytes
package import Config
import HTTP

/// Where a client may put a credential, and how it is taken out again before the request is forwarded.
package final class CredentialSource: Sendable {
    private let place: CredentialSourceConfig.Place
    private let name: [UInt8]
    private let known: KnownHeader
    private let takesSchemes: Bool
    /// `Authorization` and the like hold a scheme before the credential.
    private let scheme: [UInt8]

    /// - Parameter scheme: what must precede the credential in a header called `authorization` or
    ///   `proxy-authorization`, in any case, with a space behind it; other headers hold the bare credential, or that.
    package init(_ config: CredentialSourceConfig, scheme: String) {
        place = config.place
        let name = Array(config.name.utf8)
        self.name = name
        known = KnownHeader.named(name.span)
        takesSchemes = config.name == "authorization" || config.name == "proxy-authorization"
        self.scheme = Array(scheme.utf8)
    }

    package enum Finding: Sendable {
        case found, absent
        /// Several of that name: two readers could take two of them.
        case ambiguous
    }

    /// Calls `body` with the credential if there is exactly one, as it came.
    package func withCredential(
        of exchange: any FilterExchange, _ body: (Span<UInt8>) -> Void
    ) -> Finding {
        let buffer = exchange.requestBytes
        let bytes = buffer.written
        switch place {
        case .header:
            switch soleField(of: exchange) {
            case .absent: return .absent
            case .several: return .ambiguous
            case .one(let field):
                guard let range = credential(in: bytes, field.valueRange) else { return .absent }
                body(bytes.extracting(range))
                return .found
            }
        case .cookie:
            let name = name
            let head = exchange.requestHead
            var found: Range<Int>?
            for field in head.fields where field.knownHeader == .cookie {
                var rest = field.valueRange
                while let range = Parameters.value(of: name.span, in: bytes.extracting(rest), separator: 0x3B) {
                    guard found == nil else { return .ambiguous }
                    found = rest.lowerBound + range.lowerBound..<rest.lowerBound + range.upperBound
                    rest = rest.lowerBound + range.upperBound..<rest.upperBound
                }
            }
            guard let found, !found.isEmpty else { return .absent }
            body(bytes.extracting(found))
            return .found
        case .query:
            let name = name
            guard let query = exchange.requestHead.queryRange else { return .absent }
            let list = bytes.extracting(query)
            guard let range = Parameters.value(of: name.span, in: list, separator: 0x26), !range.isEmpty else {
                return .absent
            }
            let rest = list.extracting(range.upperBound..<list.count)
            if Parameters.value(of: name.span, in: rest, separator: 0x26) != nil { return .ambiguous }
            body(list.extracting(range))
            return .found
        }
    }

    private func soleField(of exchange: any FilterExchange) -> SoleField {
        if known != .unknown { return exchange.soleRequestField(known) }
        let name = name
        let buffer = exchange.requestBytes
        let bytes = buffer.written
        let head = exchange.requestHead
        guard let index = head.firstIndex(named: name.span, in: bytes) else { return .absent }
        for other in head.fields.indices where other > index {
            if ASCII.equalIgnoringCase(bytes.extracting(head.fields[other].nameRange), name.span) { return .several }
        }
        return .one(head.fields[index])
    }

    /// The part of a field value behind the scheme; nil when the scheme is another one or nothing follows.
    private func credential(in bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        let value = bytes.extracting(range)
        let scheme = scheme
        var start = 0
        let hasScheme =
            !scheme.isEmpty && value.count > scheme.count && value[scheme.count] == ASCII.space
            && ASCII.equalIgnoringCase(value.extracting(0..<scheme.count), scheme.span)
        if hasScheme {
            start = scheme.count
            while start < value.count, value[start] == ASCII.space { start += 1 }
        } else if !scheme.isEmpty, takesSchemes {
            return nil
        }
        return start < value.count ? range.lowerBound + start..<range.upperBound : nil
    }

    /// Takes the credential out of the request that goes upstream; a request that has none stays as it is.
    package func strip(from exchange: any FilterExchange) {
        switch place {
        case .header:
            if known == .unknown {
                exchange.requestEdits.remove(name)
            } else {
                exchange.requestEdits.remove(all: known.bit)
            }
        case .cookie: stripCookie(from: exchange)
        case .query: stripParameter(from: exchange)
        }
    }

    private func stripCookie(from exchange: any FilterExchange) {
        let name: [UInt8] = Array("cookie".utf8)
        var kept: [UInt8] = []
        var isFound = false
        exchange.withField(.request, name.span) { value in
            isFound = true
            kept = Self.without(self.name, in: value, separator: 0x3B, joint: [0x3B, 0x20])
        }
        guard isFound else { return }
        if kept.isEmpty { exchange.requestEdits.remove(name) } else { exchange.requestEdits.set(name, kept) }
    }

    private func stripParameter(from exchange: any FilterExchange) {
        var kept: [UInt8] = []
        var isChanged = false
        exchange.withText(.query) { query in
            kept = Self.without(name, in: query, separator: 0x26, joint: [0x26])
            isChanged = kept.count != query.count
        }
        guard isChanged else { return }
        _ = exchange.change(.query, to: kept.span)
    }

    /// A list of `name=value` without any that is called `name`.
    static func without(_ name: [UInt8], in list: Span<UInt8>, separator: UInt8, joint: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var start = 0
        while start < list.count {
            if separator == 0x3B { while start < list.count, list[start] == ASCII.space { start += 1 } }
            var end = start
            while end < list.count, list[end] != separator { end += 1 }
            let equals = start + name.count
            let isNamed =
                equals <= end && ASCII.equal(list.extracting(start..<equals), name.span)
                && (equals == end || list[equals] == 0x3D)
            if !isNamed, end > start {
                if !kept.isEmpty { kept += joint }
                for index in start..<end { kept.append(list[index]) }
            }
            start = end + 1
        }
        return kept
    }
}
