import Bytes
package import Config
import HTTP
package import Telemetry

/// `forward-auth`: another service decides about a request, by the status of its answer: 2xx lets it pass, 401, 403 and
/// redirects go to the client, and anything else, or no answer, is 503.
package final class ForwardAuthFilter: Filter {
    package let name: String
    package var phases: FilterPhases { .log }
    private var slot = 0
    private let config: ForwardAuthFilterConfig
    private let upstream: [UInt8]
    private let requestHeaders: [[UInt8]]
    private let responseHeaders: [[UInt8]]
    private let clientHeaders: [[UInt8]]
    private let consumerHeader: [UInt8]?
    private let series: AuthenticationSeries
    private var approvals: [[UInt8]: (approval: Approval, until: Instant)] = [:]

    private static let bodyMax = 64 << 10

    private struct Approval {
        var fields: [HeaderPair]
        var identity: ClientIdentity?
    }

    private final class Pending {
        var handle: (any SubrequestHandle)?
    }

    package init(name: String, _ config: ForwardAuthFilterConfig, series: AuthenticationSeries) {
        self.name = name
        self.config = config
        self.series = series
        upstream = Array(config.upstream.name.utf8)
        requestHeaders = config.requestHeaders.map { Array($0.utf8) }
        responseHeaders = config.responseHeaders.map { Array($0.lowercased().utf8) }
        clientHeaders = config.clientHeaders.map { Array($0.utf8) }
        consumerHeader = config.consumerHeader.map { Array($0.utf8) }
    }

    package func place(at slot: Int) { self.slot = slot }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        for header in responseHeaders { exchange.removeSpellings(of: header) }
        let (path, headers) = question(exchange)
        let key = config.cacheTTL > .zero ? path + [0x0A] + headers : []
        if let found = approvals[key] {
            if exchange.now < found.until { return admit(found.approval, exchange) }
            approvals[key] = nil
        }
        let pending = Pending()
        exchange.setState(of: slot, pending)
        let request = Subrequest(
            upstream: upstream, method: Array("GET".utf8), path: path, headers: headers, body: [],
            timeoutNanoseconds: config.timeout.nanoseconds, bodyMax: Self.bodyMax, retries: 1)
        pending.handle = exchange.host.send(request, for: exchange) { [self] outcome in
            guard pending.handle != nil else { return }
            pending.handle = nil
            exchange.resume(with: decide(outcome, key, exchange))
        }
        return .suspend
    }

    package func onLog(_ exchange: any FilterExchange) {
        if let pending = exchange.state(of: slot) as? Pending {
            pending.handle?.cancel()
            pending.handle = nil
        }
        exchange.setState(of: slot, nil)
    }

    // MARK: The question

    private func question(_ exchange: any FilterExchange) -> (path: [UInt8], headers: [UInt8]) {
        var path: [UInt8] = []
        var lines: [UInt8] = []
        func line(_ name: String, _ text: ExchangeText) {
            exchange.withText(text) { value in
                lines += Array("\(name): ".utf8)
                lines.append(copying: value)
                lines += [0x0D, 0x0A]
            }
        }
        var uri: [UInt8] = []
        exchange.withText(.path) { uri.append(copying: $0) }
        exchange.withText(.query) { query in
            guard !query.isEmpty else { return }
            uri.append(UInt8(ascii: "?"))
            uri.append(copying: query)
        }
        path = config.path.map { Array($0.utf8) } ?? uri
        line("x-forwarded-method", .method)
        line("x-forwarded-proto", .scheme)
        line("x-forwarded-host", .host)
        lines += Array("x-forwarded-uri: ".utf8) + uri + [0x0D, 0x0A]
        line("x-forwarded-for", .clientAddress)
        let buffer = exchange.requestBytes
        let bytes = buffer.written
        let head = exchange.requestHead
        for name in requestHeaders {
            for field in head.fields
            where ASCII.equalIgnoringCase(bytes.extracting(field.nameRange), name.span) {
                lines += name + [0x3A, 0x20]
                lines.append(copying: bytes.extracting(field.valueRange))
                lines += [0x0D, 0x0A]
            }
        }
        return (path, lines)
    }

    // MARK: The answer

    private func decide(
        _ outcome: SubrequestOutcome, _ key: [UInt8], _ exchange: any FilterExchange
    ) -> FilterVerdict {
        guard case .success(let answer) = outcome else { return unavailable(exchange) }
        switch answer.status {
        case 200...299:
            let approval = Approval(
                fields: responseHeaders.flatMap { pairs(of: $0, in: answer.headers) },
                identity: consumerHeader.flatMap { pairs(of: $0, in: answer.headers).first }.map(Self.identity))
            if !key.isEmpty {
                if approvals.count >= config.cacheEntries { approvals.removeAll() }
                approvals[key] = (approval, exchange.now.advanced(byNanoseconds: config.cacheTTL.nanoseconds))
            }
            return admit(approval, exchange)
        case 401, 403, 300...399:
            let isKnown = answer.status == 403
            series.count(isKnown ? .forbidden : .invalid)
            exchange.authenticated(isKnown ? .forbidden : .invalid, as: nil)
            var response = LocalResponse(
                status: answer.status, reason: isKnown ? .forbidden : .unauthenticated, body: answer.body)
            response.headers = (clientHeaders + [Array("content-type".utf8)]).flatMap {
                pairs(of: $0, in: answer.headers)
            }
            return .respond(response)
        default: return unavailable(exchange)
        }
    }

    private func admit(_ approval: Approval, _ exchange: any FilterExchange) -> FilterVerdict {
        series.count(.granted)
        exchange.authenticated(.granted, as: approval.identity)
        for pair in approval.fields { exchange.requestEdits.add(pair.name, pair.value) }
        return .proceed
    }

    private func unavailable(_ exchange: any FilterExchange) -> FilterVerdict {
        series.count(.unavailable)
        exchange.authenticated(.unavailable, as: nil)
        let retry = HeaderPair(name: Array("retry-after".utf8), value: Array("1".utf8))
        return .respond(LocalResponse(status: 503, reason: .authUnavailable, headers: [retry]))
    }

    private static func identity(_ pair: HeaderPair) -> ClientIdentity {
        let name = String(decoding: pair.value, as: UTF8.self)
        let json = JSONValue.object([
            .init(key: "scheme", value: "forward"), .init(key: "subject", value: .string(name)),
            .init(key: "consumer", value: .string(name)), .init(key: "scopes", value: .array([])),
        ])
        return ClientIdentity(
            scheme: "forward", consumer: pair.value, subject: pair.value, json: Array(json.compact.utf8))
    }

    /// Every field of that name among lines that have been parsed once.
    private func pairs(of name: [UInt8], in lines: [UInt8]) -> [HeaderPair] {
        lines.split(separator: 0x0A).compactMap { line in
            guard let colon = line.firstIndex(of: 0x3A) else { return nil }
            let own = Array(line[..<colon])
            guard ASCII.equalIgnoringCase(own.span, name.span) else { return nil }
            let value = line[(colon + 1)...].filter { $0 != 0x0D }.drop { $0 == 0x20 }
            return HeaderPair(name: name, value: Array(value))
        }
    }
}
