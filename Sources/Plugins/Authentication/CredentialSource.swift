import Bytes
package import Config
import HTTP

/// Where a client may put a credential, and how it is taken out again before the request is forwarded.
package struct CredentialSource: Sendable {
    private let place: CredentialSourceConfig.Place
    private let name: [UInt8]
    /// `Authorization` and the like hold a scheme before the credential.
    private let scheme: [UInt8]

    /// - Parameter scheme: what must precede the credential in a header called `authorization` or
    ///   `proxy-authorization`, in any case, with a space behind it; other headers hold the bare credential, or that.
    package init(_ config: CredentialSourceConfig, scheme: String) {
        place = config.place
        name = Array(config.name.utf8)
        self.scheme = Array(scheme.utf8)
    }

    /// Calls `body` with the credential if there is one, as it came; several of the same name count as none, since
    /// two readers could take two of them.
    ///
    /// - Returns: false where there is none.
    package func withCredential(
        of exchange: any FilterExchange, _ body: (Span<UInt8>) -> Void
    ) -> Bool {
        let head = exchange.requestHead
        let buffer = exchange.requestBytes
        let bytes = buffer.written
        switch place {
        case .header:
            guard let index = onlyIndex(named: name, in: head, bytes) else { return false }
            guard let range = credential(in: bytes, head.fields[index].valueRange) else { return false }
            body(bytes.extracting(range))
            return true
        case .cookie:
            var found: Range<Int>?
            for index in head.fields.indices where head.fields[index].knownHeader == .cookie {
                let start = head.fields[index].valueRange
                let list = bytes.extracting(start)
                guard let range = Parameters.value(of: name.span, in: list, separator: 0x3B) else { continue }
                guard found == nil else { return false }
                found = start.lowerBound + range.lowerBound..<start.lowerBound + range.upperBound
            }
            guard let found, !found.isEmpty else { return false }
            body(bytes.extracting(found))
            return true
        case .query:
            guard let query = head.queryRange else { return false }
            let list = bytes.extracting(query)
            guard let range = Parameters.value(of: name.span, in: list, separator: 0x26), !range.isEmpty else {
                return false
            }
            body(list.extracting(range))
            return true
        }
    }

    private func onlyIndex(named name: [UInt8], in head: RequestHead, _ bytes: Span<UInt8>) -> Int? {
        guard let first = head.firstIndex(named: name.span, in: bytes) else { return nil }
        for index in head.fields.indices where index > first {
            if ASCII.equalIgnoringCase(bytes.extracting(head.fields[index].nameRange), name.span) { return nil }
        }
        return first
    }

    /// The part of a field value behind the scheme; nil when the scheme is another one or nothing follows.
    private func credential(in bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        let value = bytes.extracting(range)
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

    private var takesSchemes: Bool {
        name.elementsEqual("authorization".utf8) || name.elementsEqual("proxy-authorization".utf8)
    }

    /// Takes the credential out of the request that goes upstream; a request that has none stays as it is.
    package func strip(from exchange: any FilterExchange) {
        switch place {
        case .header: exchange.requestEdits.remove(name)
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
