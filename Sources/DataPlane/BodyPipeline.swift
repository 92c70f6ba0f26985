import Plugins

/// The filters that a body passes through in chunks, one chunk at a time. While one of them waits, nothing more is read
/// of the side that the chunks come from.
final class BodyPipeline {
    private let side: MessageSide
    private let filters: [any Filter]
    private unowned let exchange: Exchange
    private(set) var isBusy = false
    /// The filter that waits, and the chunk that it waits with.
    private var stage = 0
    private var current = Chunk(bytes: [], isLast: false)
    /// Chunks that came in the same read as the one that waits.
    private var queue: [Chunk] = []

    private struct Chunk {
        var bytes: [UInt8]
        var isLast: Bool
    }

    init(_ side: MessageSide, _ filters: [any Filter], of exchange: Exchange) {
        self.side = side
        self.filters = filters
        self.exchange = exchange
    }

    func push(_ bytes: [UInt8], isLast: Bool) {
        let chunk = Chunk(bytes: bytes, isLast: isLast)
        if isBusy || !queue.isEmpty { queue.append(chunk) } else { pass(chunk, from: 0) }
    }

    /// The filter that waited has decided.
    func resume(with verdict: BodyVerdict) {
        guard isBusy else { return }
        isBusy = false
        guard let chunk = apply(verdict, to: current, at: stage) else { return }
        pass(chunk, from: stage + 1)
        while !isBusy, !queue.isEmpty, exchange.holds(self, side) { pass(queue.removeFirst(), from: 0) }
        if !isBusy, exchange.holds(self, side) { exchange.bodyMayGoOn(side) }
    }

    private func pass(_ first: Chunk, from start: Int) {
        var chunk = first
        for index in start..<filters.count {
            // One that was dropped is not shown to the next filter, unless it is the end.
            if chunk.bytes.isEmpty, !chunk.isLast { return }
            let verdict = filters[index].onBody(side, chunk.bytes, isLast: chunk.isLast, of: exchange)
            guard let next = apply(verdict, to: chunk, at: index) else { return }
            chunk = next
        }
        exchange.emit(side, chunk.bytes, isLast: chunk.isLast)
    }

    private func apply(_ verdict: BodyVerdict, to chunk: Chunk, at index: Int) -> Chunk? {
        switch verdict {
        case .pass: return chunk
        case .replace(let bytes): return Chunk(bytes: bytes, isLast: chunk.isLast)
        case .suspend:
            isBusy = true
            stage = index
            current = chunk
            return nil
        case .fail(let reason):
            exchange.failBody(reason)
            return nil
        }
    }
}
