import Bytes
import EventLoop
import GatewayTesting
import TLS
import Testing

@testable import DataPlane

@Suite struct OutputQueueTests {
    private func fill(_ socket: Socket) {
        let bytes = [UInt8](repeating: 0, count: 1 << 20)
        while case .transferred = socket.send(bytes.span) {}
    }

    /// Reads until `count` bytes have come.
    private func receive(_ count: Int, from socket: Socket) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = receiveNow(socket, atMost: min(count - bytes.count, 64 << 10))
            if piece.isEmpty { try awaitReadiness(of: socket.descriptor, .read) }
            bytes += piece
        }
        return bytes
    }

    @Test func smallPiecesLeaveTogether() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let pool = BufferPool()
        let queue = OutputQueue()
        #expect(queue.isEmpty && queue.byteCount == 0)
        let pieces = (1...5).map { [UInt8](repeating: UInt8($0), count: 2048) }
        for piece in pieces {
            #expect(queue.write(piece.span, to: Transport(pair.near), pool: pool, isBlocked: false) == .drained)
        }
        #expect(queue.byteCount == 5 * 2048)
        #expect(receiveNow(pair.far).isEmpty)
        #expect(queue.flush(to: Transport(pair.near), pool: pool) == .drained)
        #expect(queue.isEmpty && pool.lentCount == 0)
        #expect(try receive(5 * 2048, from: pair.far) == pieces.flatMap { $0 })
    }

    @Test func aLargePieceTakesThePendingOnesAlong() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let pool = BufferPool()
        let queue = OutputQueue()
        let (head, body) = (Array("head".utf8), [UInt8](repeating: 9, count: 20_000))
        queue.append(head.span, pool: pool)
        #expect(queue.write(body.span, to: Transport(pair.near), pool: pool, isBlocked: false) == .drained)
        #expect(queue.isEmpty && pool.lentCount == 0)
        #expect(try receive(20_004, from: pair.far) == head + body)
    }

    @Test func aLargePieceAloneIsNotCopied() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let pool = BufferPool()
        let queue = OutputQueue()
        let body = [UInt8](repeating: 9, count: 2049)
        #expect(queue.write(body.span, to: Transport(pair.near), pool: pool, isBlocked: false) == .drained)
        #expect(queue.isEmpty && pool.lentCount == 0)
        #expect(try receive(2049, from: pair.far) == body)
    }

    @Test func nothingIsSentPastABlock() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let pool = BufferPool()
        let queue = OutputQueue()
        let body = [UInt8](repeating: 9, count: 100_000)
        #expect(queue.write(body.span, to: Transport(pair.near), pool: pool, isBlocked: true) == .drained)
        #expect(queue.byteCount == 100_000 && receiveNow(pair.far).isEmpty)
        queue.discard(pool: pool)
        #expect(queue.isEmpty && pool.lentCount == 0)
        #expect(queue.flush(to: Transport(pair.near), pool: pool) == .drained)
    }

    @Test func emptyPiecesTakeNoBuffer() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let pool = BufferPool()
        let queue = OutputQueue()
        #expect(queue.write(Span(), to: Transport(pair.near), pool: pool, isBlocked: false) == .drained)
        #expect(queue.isEmpty && pool.lentCount == 0)
        queue.discard(pool: pool)
        #expect(pool.lentCount == 0)
    }

    @Test func roomIsFoundBehindWhatIsPending() {
        let pool = BufferPool()
        let queue = OutputQueue()
        var expected: [UInt8] = []
        for count in [10, 3000, 2000, 9000, 60_000, 200_000] {
            let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: count / 10), count: count)
            let room = queue.reserve(count, pool: pool)
            #expect(room.writableCount >= count)
            room.append(piece)
            expected += piece
            #expect(queue.byteCount == expected.count && pool.lentCount == 1)
        }
        #expect([UInt8](copying: queue.reserve(1, pool: pool).readable) == expected)
        queue.discard(pool: pool)
        #expect(pool.lentCount == 0)
    }

    @Test func whatTheKernelLeavesStaysInOrder() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let pool = BufferPool()
        let queue = OutputQueue()
        var random = SeededRandom(seed: 1)
        let (head, body) = (random.bytes(100), random.bytes(16 << 20))
        queue.append(head.span, pool: pool)
        #expect(queue.write(body.span, to: Transport(pair.near), pool: pool, isBlocked: false) == .blocked)
        #expect(queue.byteCount > 0 && pool.lentCount == 1)
        #expect(queue.flush(to: Transport(pair.near), pool: pool) == .blocked)
        var received: [UInt8] = []
        while received.count < head.count + body.count {
            let piece = receiveNow(pair.far)
            received += piece
            if piece.isEmpty { try awaitReadiness(of: pair.far.descriptor, .read) }
            #expect(queue.flush(to: Transport(pair.near), pool: pool) != .failed(0))
        }
        #expect(received == head + body)
        #expect(queue.isEmpty && pool.lentCount == 0)
    }

    @Test func aKernelThatTakesNothingBlocks() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        fill(pair.near)
        let pool = BufferPool()
        let queue = OutputQueue()
        let body = [UInt8](repeating: 1, count: 5000)
        queue.append([1, 2, 3].span, pool: pool)
        #expect(queue.write(body.span, to: Transport(pair.near), pool: pool, isBlocked: false) == .blocked)
        #expect(queue.byteCount == 5003)
        #expect([UInt8](copying: queue.reserve(1, pool: pool).readable) == [1, 2, 3] + body)
        queue.discard(pool: pool)
    }

    @Test func aPeerThatIsGoneIsAFailure() throws {
        let pair = try LoopbackPair()
        pair.far.abort()
        try awaitReadiness(of: pair.near.descriptor, .read)
        let pool = BufferPool()
        let queue = OutputQueue()
        let body = [UInt8](repeating: 1, count: 5000)
        // The first call takes the reset itself, the next ones find a broken pipe.
        guard case .failed(let first) = queue.write(body.span, to: Transport(pair.near), pool: pool, isBlocked: false)
        else {
            Issue.record("wrote to a peer that is gone")
            return
        }
        #expect(first > 0)
        queue.append(body.span, pool: pool)
        guard case .failed(let second) = queue.flush(to: Transport(pair.near), pool: pool) else {
            Issue.record("flushed to a peer that is gone")
            return
        }
        #expect(second > 0)
        queue.discard(pool: pool)
        #expect(pool.lentCount == 0)
        pair.near.close()
    }

    /// Sizes and readers at random: whatever blocks, the stream arrives byte for byte.
    @Test(arguments: 0..<6 as Range<UInt64>) func randomWritesArriveExactly(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pair = try LoopbackPair()
        defer { pair.close() }
        let pool = BufferPool()
        let queue = OutputQueue()
        var isBlocked = false
        var expected: [UInt8] = []
        var received: [UInt8] = []
        let source = random.bytes(1 << 20)
        while expected.count < 12 << 20 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...5:
                let isLarge = Bool.random(using: &random)
                let count = Int.random(in: 0...(isLarge ? 700_000 : 4096), using: &random)
                let start = Int.random(in: 0...(source.count - count), using: &random)
                expected += source[start..<start + count]
                let piece = source.span.extracting(start..<start + count)
                if queue.write(piece, to: Transport(pair.near), pool: pool, isBlocked: isBlocked) == .blocked {
                    isBlocked = true
                }
            case 6:
                // A writer of heads fills room of its own.
                let frame = random.bytes(Int.random(in: 1...300, using: &random))
                queue.reserve(frame.count, pool: pool).append(frame)
                expected += frame
            case 7:
                isBlocked = queue.flush(to: Transport(pair.near), pool: pool) == .blocked
            default:
                received += receiveNow(pair.far, atMost: Int.random(in: 1...300_000, using: &random))
            }
        }
        while received.count < expected.count {
            _ = queue.flush(to: Transport(pair.near), pool: pool)
            let piece = receiveNow(pair.far)
            received += piece
            if piece.isEmpty { try awaitReadiness(of: pair.far.descriptor, .read) }
        }
        #expect(received == expected)
        #expect(queue.isEmpty && pool.lentCount == 0)
    }
}
