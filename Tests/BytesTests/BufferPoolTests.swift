import Bytes
import Testing

@Suite struct BufferPoolTests {
    @Test(arguments: [
        (1, 4096), (4096, 4096), (4097, 16_384), (16_384, 16_384), (16_385, 65_536),
        (65_536, 65_536), (65_537, 262_144),
        (262_144, 262_144), (262_145, 262_145),
    ]) func servesByClass(_ minimum: Int, _ capacity: Int) {
        let pool = BufferPool()
        #expect(pool.take(atLeast: minimum).capacity == capacity)
        #expect(pool.lentCount == 1)
    }

    @Test func reusesTheWarmest() {
        let pool = BufferPool()
        let first = pool.take()
        let second = pool.take()
        second.append("left over" as StaticString)
        pool.give(first)
        pool.give(second)
        #expect(pool.lentCount == 0)
        let again = pool.take()
        #expect(again === second && again.isEmpty)
        #expect(pool.take() === first)
    }

    @Test func freesWhatIsTooMuch() {
        let pool = BufferPool(idleBytesMax: 8192)
        let buffers = (0..<3).map { _ in pool.take() }
        for buffer in buffers { pool.give(buffer) }
        #expect(pool.lentCount == 0)
        #expect(pool.take() === buffers[1])
        #expect(pool.take() === buffers[0])
        let fresh = pool.take()
        #expect(!buffers.contains { $0 === fresh })
    }

    @Test func doesNotPoolOddSizes() {
        let pool = BufferPool()
        let large = pool.take(atLeast: 300_000)
        pool.give(large)
        #expect(pool.lentCount == 0)
        #expect(pool.take(atLeast: 300_000) !== large)
    }

    @Test func growsKeepingOffsets() {
        let pool = BufferPool()
        let small = pool.take()
        small.append("GET / HTTP" as StaticString)
        small.consume(4)
        let large = pool.grow(small, atLeast: 5000)
        #expect(large.capacity == 16_384 && large.readIndex == 4)
        #expect(String(decoding: large.readable) == "/ HTTP" && String(decoding: large.written) == "GET / HTTP")
        #expect(pool.lentCount == 1)
        #expect(pool.take() === small)
    }
}
