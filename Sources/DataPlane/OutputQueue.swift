import Bytes
import EventLoop
import TLS

/// Bytes on their way to one socket, and the one place that decides between copying them and sending them as they lie.
///
/// - Limits: holds what one turn produced and the kernel did not take; the producer is not asked for more until it is
///   empty, so that is at most one read of the other side (`Worker.scratchByteCount`) plus a head.
///
/// A class, since the methods of a struct that is a property of a connection would be checked for exclusive access.
final class OutputQueue {
    enum Outcome: Equatable {
        case drained, blocked
        /// The peer is gone; the errno value.
        case failed(Int32)
    }

    private var buffer: ByteBuffer?

    var isEmpty: Bool { buffer == nil }
    var byteCount: Int { buffer?.readableCount ?? 0 }

    /// A buffer with room for `count` more bytes behind what is pending, for a writer to fill.
    func reserve(_ count: Int, pool: BufferPool) -> ByteBuffer {
        guard let current = buffer else {
            let fresh = pool.take(atLeast: count)
            buffer = fresh
            return fresh
        }
        if current.writableCount >= count { return current }
        current.compact()
        if current.writableCount >= count { return current }
        let larger = pool.grow(current, atLeast: current.readableCount + count)
        buffer = larger
        return larger
    }

    func append(_ bytes: Span<UInt8>, pool: BufferPool) {
        guard !bytes.isEmpty else { return }
        reserve(bytes.count, pool: pool).append(bytes)
    }

    /// Queues `bytes`, or sends them at once together with what is pending when copying would cost more. What the
    /// kernel does not take is copied, so `bytes` may be reused on return.
    func write(_ bytes: Span<UInt8>, to transport: Transport, pool: BufferPool, isBlocked: Bool) -> Outcome {
        if isBlocked || bytes.count <= transport.copyMax {
            append(bytes, pool: pool)
            return .drained
        }
        let pendingCount = buffer?.readableCount ?? 0
        let sent: IOOutcome
        if let buffer { sent = transport.send(buffer.readable, bytes) } else { sent = transport.send(bytes) }
        var taken = 0
        switch sent {
        case .transferred(let count): taken = count
        case .wouldBlock: break
        case .ended: return .failed(0)
        case .failed(let code): return .failed(code)
        }
        if taken >= pendingCount {
            if let buffer { pool.give(buffer) }
            buffer = nil
            let rest = taken - pendingCount
            guard rest < bytes.count else { return .drained }
            append(bytes.extracting(rest..<bytes.count), pool: pool)
        } else {
            buffer?.consume(taken)
            append(bytes, pool: pool)
        }
        return .blocked
    }

    /// Sends what is pending.
    func flush(to transport: Transport, pool: BufferPool) -> Outcome {
        guard let current = buffer else { return .drained }
        while !current.isEmpty {
            switch transport.send(current.readable) {
            case .transferred(let count): current.consume(count)
            case .wouldBlock: return .blocked
            case .ended: return .failed(0)
            case .failed(let code): return .failed(code)
            }
        }
        pool.give(current)
        buffer = nil
        return .drained
    }

    /// Drops what is pending.
    func discard(pool: BufferPool) {
        if let buffer { pool.give(buffer) }
        buffer = nil
    }
}
