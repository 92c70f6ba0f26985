import HTTP

/// `headers`: static edits of request and response fields, in the order remove, set, add.
package final class HeadersFilter: Filter {
    /// The edits of one direction as bytes.
    package struct Edits: Sendable {
        package var remove: [[UInt8]] = []
        package var set: [HeaderPair] = []
        package var add: [HeaderPair] = []

        package init() {}
    }

    /// The same with names that are checked once; those that cannot be edited are left out.
    struct CheckedEdits: Sendable {
        private let remove: [FieldName]
        private let set: [(name: FieldName, value: [UInt8])]
        private let add: [(name: FieldName, value: [UInt8])]

        init(_ edits: Edits) {
            remove = edits.remove.compactMap { FieldName($0) }
            set = edits.set.compactMap(Self.checked)
            add = edits.add.compactMap(Self.checked)
        }

        private static func checked(_ pair: HeaderPair) -> (name: FieldName, value: [UInt8])? {
            FieldName(pair.name).map { ($0, pair.value) }
        }

        func apply(to edits: HeaderEdits) {
            for name in remove { edits.remove(name) }
            for (name, value) in set { edits.set(name, value) }
            for (name, value) in add { edits.add(name, value) }
        }
    }

    package let name: String
    package var phases: FilterPhases { .response }
    private let request: CheckedEdits
    private let response: CheckedEdits

    package init(name: String, request: Edits, response: Edits) {
        self.name = name
        self.request = CheckedEdits(request)
        self.response = CheckedEdits(response)
    }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        request.apply(to: exchange.requestEdits)
        return .proceed
    }

    package func onResponse(_ exchange: any FilterExchange) -> FilterVerdict {
        response.apply(to: exchange.responseEdits)
        return .proceed
    }
}
