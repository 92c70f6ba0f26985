import CHeaderTable
import Config
import HTTP

/// One compiled condition on a header field or a query parameter; texts and patterns are in the `PredicateTable`.
struct Predicate {
    enum Test: UInt8 { case exact, regex, present, absent }

    var isQuery: Bool
    var test: Test
    /// Raw value of the field's `KnownHeader`, 0 when it has none.
    var known: UInt8 = 0
    var nameStart: Int32
    var nameCount: Int32
    var valueStart: Int32 = 0
    var valueCount: Int32 = 0
    var regex: Int32 = -1
}

/// The conditions of all routes of one table.
final class PredicateTable {
    /// Per route, where its conditions stand.
    let ranges: [Range<Int>]
    private let predicates: [Predicate]
    private let text: [UInt8]
    private let regexes: [PatternRegex]
    /// A decoded query value, for patterns; reused.
    private var decoded: [UInt8] = []

    init(_ shapes: [RouteShape]) {
        var builder = Builder()
        ranges = shapes.map { shape in
            let start = builder.predicates.count
            // The header's first: they cost less than a query scan.
            for condition in shape.headers { builder.append(condition, isQuery: false) }
            for condition in shape.query { builder.append(condition, isQuery: true) }
            return start..<builder.predicates.count
        }
        predicates = builder.predicates
        text = builder.text
        regexes = builder.regexes
    }

    private struct Builder {
        var predicates: [Predicate] = []
        var text: [UInt8] = []
        var regexes: [PatternRegex] = []

        mutating func append(_ condition: RouteShape.Condition, isQuery: Bool) {
            let name = Array(condition.name.utf8)
            var predicate = Predicate(
                isQuery: isQuery, test: .present, nameStart: Int32(text.count), nameCount: Int32(name.count))
            text += name
            if !isQuery {
                let known = KnownHeader.allCases.first { "\($0.name)" == condition.name && $0 != .unknown }
                predicate.known = known?.rawValue ?? 0
            }
            switch condition.test {
            case .exact(let value):
                predicate.test = .exact
                predicate.valueStart = Int32(text.count)
                text += value.utf8
                predicate.valueCount = Int32(value.utf8.count)
            case .regex(let regex):
                predicate.test = .regex
                predicate.regex = Int32(regexes.count)
                regexes.append(regex)
            case .present: predicate.test = .present
            case .absent: predicate.test = .absent
            }
            predicates.append(predicate)
        }
    }

    /// Whether all conditions of a range hold.
    func hold(from start: Int, count: Int, for request: borrowing RouteRequest) -> Bool {
        for index in start..<start + count {
            let predicate = predicates[index]
            guard predicate.isQuery ? holdsInQuery(predicate, request) : holdsInFields(predicate, request) else {
                return false
            }
        }
        return true
    }

    /// A field line may come more than once; one that fits is enough, and for `absent` none may be there. Lines that
    /// policy drops count as not there, since the upstream never sees them.
    private func holdsInFields(_ predicate: Predicate, _ request: borrowing RouteRequest) -> Bool {
        if predicate.known != 0, request.knownHeaders & (1 << UInt64(predicate.known)) == 0 {
            return predicate.test == .absent
        }
        for index in 0..<request.fields.count {
            let field = request.fields[index]
            guard field.flags & 2 == 0, isNamed(field, predicate, request.bytes) else { continue }
            let start = Int(field.value_start)
            switch predicate.test {
            case .present: return true
            case .absent: return false
            case .exact:
                if equals(predicate, request.bytes, start, Int(field.value_count)) { return true }
            case .regex:
                let value = request.bytes.extracting(start..<start + Int(field.value_count))
                if regexes[Int(predicate.regex)].matches(value) { return true }
            }
        }
        return predicate.test == .absent
    }

    private func isNamed(_ field: HeaderField, _ predicate: Predicate, _ bytes: Span<UInt8>) -> Bool {
        if predicate.known != 0 { return field.known == predicate.known }
        guard field.known == 0, Int32(field.name_count) == predicate.nameCount else { return false }
        let start = Int(field.name_start)
        for offset in 0..<Int(field.name_count)
        where lower(bytes[start + offset]) != text[Int(predicate.nameStart) + offset] {
            return false
        }
        return true
    }

    private func equals(_ predicate: Predicate, _ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> Bool {
        guard count == Int(predicate.valueCount) else { return false }
        for offset in 0..<count where bytes[start + offset] != text[Int(predicate.valueStart) + offset] {
            return false
        }
        return true
    }

    /// The first parameter of the name counts, decoded.
    private func holdsInQuery(_ predicate: Predicate, _ request: borrowing RouteRequest) -> Bool {
        let name = Int(predicate.nameStart)..<Int(predicate.nameStart + predicate.nameCount)
        guard let range = QueryScanner.firstValue(of: name, of: text, in: request.query) else {
            return predicate.test == .absent
        }
        switch predicate.test {
        case .present: return true
        case .absent: return false
        case .exact:
            let value = Int(predicate.valueStart)..<Int(predicate.valueStart + predicate.valueCount)
            return QueryScanner.decodes(request.query, range, to: value, of: text)
        case .regex:
            // Taken out of the object meanwhile: a span of a property would hold it for exclusive access.
            var value: [UInt8] = []
            swap(&value, &decoded)
            QueryScanner.decode(request.query, range, into: &value)
            let isMatch = fits(value, regexes[Int(predicate.regex)])
            swap(&value, &decoded)
            return isMatch
        }
    }

    private func fits(_ value: borrowing [UInt8], _ regex: PatternRegex) -> Bool {
        regex.matches(value.span)
    }
}
