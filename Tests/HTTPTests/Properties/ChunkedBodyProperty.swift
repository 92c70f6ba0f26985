import HTTP

/// A chunked body is decoded to the same bytes, end and trailers however it is split, and the trailers that pass are
/// ones that a second decoder lets pass too.
package enum ChunkedBodyProperty {
    struct Outcome: Equatable {
        var body: [UInt8] = []
        var trailers: [UInt8] = []
        /// Where the next message begins; nil when the body did not end.
        var end: Int?
        var error: ChunkError?
    }

    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        let whole = decode(input, ends: [input.count], ForwardingLimits.limits)
        let split = ForwardingLimits.split(input)
        let pieces = decode(input, ends: [split, input.count], ForwardingLimits.limits)
        guard whole == pieces else { return "split at \(split): \(pieces), whole: \(whole)" }
        let bytewise = decode(input, ends: Array(0...input.count), ForwardingLimits.limits)
        guard whole == bytewise else { return "byte by byte: \(bytewise), whole: \(whole)" }
        guard let end = whole.end else { return nil }
        guard end <= input.count else { return "the end lies past the input" }
        let again = Array("0\r\n".utf8) + whole.trailers + Array("\r\n".utf8)
        let second = decode(again, ends: [again.count], ForwardingLimits.relaxed)
        guard second == Outcome(trailers: whole.trailers, end: again.count) else {
            return "trailers that passed once: \(second)"
        }
        return nil
    }

    private static func decode(_ input: [UInt8], ends: [Int], _ limits: RequestLimits) -> Outcome {
        var decoder = ChunkedDecoder(limits: limits)
        var outcome = Outcome()
        var offset = 0
        do throws(ChunkError) {
            for end in ends {
                let seen = input.span.extracting(first: end)
                feeding: while true {
                    switch try decoder.next(seen, from: &offset) {
                    case .data(let range): outcome.body += input[range]
                    case .needMore: break feeding
                    case .end(let consumed):
                        outcome.end = consumed
                        outcome.trailers = decoder.trailers
                        return outcome
                    }
                }
            }
        } catch {
            outcome.error = error
        }
        return outcome
    }
}
