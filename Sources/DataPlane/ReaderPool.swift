import HTTP

/// The readers that no connection of a worker uses, last in first out.
///
/// A list through the readers themselves: an array in the worker would be checked for exclusive access on each request.
final class ReaderPool {
    private var first: RequestReader?
    private(set) var count = 0

    /// All of them were made under the same limits; nil while there are none.
    var limits: RequestLimits? { first?.limits }

    func take() -> RequestReader? {
        guard let reader = first else { return nil }
        first = reader.next
        reader.next = nil
        count -= 1
        return reader
    }

    func give(_ reader: RequestReader) {
        reader.next = first
        first = reader
        count += 1
    }

    /// Takes all of them, one by one: a list that is released at its head would recurse.
    func removeAll(_ body: (RequestReader) -> Void) {
        while let reader = take() { body(reader) }
    }

    func forEach(_ body: (RequestReader) -> Void) {
        var next = first
        while let reader = next {
            body(reader)
            next = reader.next
        }
    }
}
