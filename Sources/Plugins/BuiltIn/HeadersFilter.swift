import HTTP

/// `headers`: static edits of request and response fields, in the order remove, set, add.
package final class HeadersFilter: Filter {
    /// The edits of one direction as bytes.
    package struct Edits: Sendable {
        package var remove: [[UInt8]] = []
        package var set: [HeaderPair] = []
        package var add: [HeaderPair] = []

        package init() {}

        func apply(to edits: HeaderEdits) {
            for name in remove { edits.remove(name) }
            for pair in set { edits.set(pair.name, pair.value) }
            for pair in add { edits.add(pair.name, pair.value) }
        }
    }

    package let name: String
    package var phases: FilterPhases { .response }
    private let request: Edits
    private let response: Edits

    package init(name: String, request: Edits, response: Edits) {
        self.name = name
        self.request = request
        self.response = response
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
