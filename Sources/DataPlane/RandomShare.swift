import Upstream

/// A share of all requests, chosen at random.
struct RandomShare {
    /// Out of 2^32: a request is chosen when a random word is below it.
    private let threshold: UInt64

    private static let all: UInt64 = 1 << 32

    /// - Parameter share: 0...1.
    init(_ share: Double) {
        threshold = UInt64(share * Double(Self.all))
    }

    func chooses(_ random: inout SplitMix) -> Bool {
        threshold >= Self.all || random.next() & (Self.all - 1) < threshold
    }
}
