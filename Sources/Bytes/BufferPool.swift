/// The buffers of one worker, by size class, last in first out so that the warmest memory is used first.
///
/// - Limits: at most `idleBytesMax` stay pooled; a buffer returned past it is freed.
/// - Threads: one worker's own.
package final class BufferPool {
    /// Capacities of the pooled classes in bytes; a larger request is served unpooled.
    package static let classes = [4 << 10, 16 << 10, 64 << 10, 256 << 10]

    // Lists through the buffers themselves: an array would be checked for uniqueness, room and exclusive access.
    private var small: ByteBuffer?
    private var medium: ByteBuffer?
    private var large: ByteBuffer?
    private var huge: ByteBuffer?
    private var idleBytes = 0
    private let idleBytesMax: Int
    private var lent = 0
    /// Buffers handed out and not yet given back, for leak tests and `/debug/memory`.
    package var lentCount: Int { lent }

    package init(idleBytesMax: Int = 4 << 20) {
        self.idleBytesMax = idleBytesMax
    }

    deinit {
        // One by one: a long list that is released at its head would recurse.
        for first in [small, medium, large, huge] {
            var next = first
            while let buffer = next { next = buffer.takeNext() }
        }
    }

    /// An empty buffer with room for at least `minimum` bytes.
    package func take(atLeast minimum: Int = 1) -> ByteBuffer {
        lent += 1
        let pooled: ByteBuffer?
        let capacity: Int
        if minimum <= 4 << 10 {
            pooled = small
            if let pooled { small = pooled.takeNext() }
            capacity = 4 << 10
        } else if minimum <= 16 << 10 {
            pooled = medium
            if let pooled { medium = pooled.takeNext() }
            capacity = 16 << 10
        } else if minimum <= 64 << 10 {
            pooled = large
            if let pooled { large = pooled.takeNext() }
            capacity = 64 << 10
        } else if minimum <= 256 << 10 {
            pooled = huge
            if let pooled { huge = pooled.takeNext() }
            capacity = 256 << 10
        } else {
            return ByteBuffer(capacity: minimum)
        }
        guard let pooled else { return ByteBuffer(capacity: capacity) }
        idleBytes -= capacity
        return pooled
    }

    /// Takes `buffer` back; the caller must not touch it again.
    package func give(_ buffer: ByteBuffer) {
        lent -= 1
        let capacity = buffer.capacity
        guard idleBytes + capacity <= idleBytesMax else { return }
        buffer.clear()
        switch capacity {
        case 4 << 10:
            buffer.pool(before: small)
            small = buffer
        case 16 << 10:
            buffer.pool(before: medium)
            medium = buffer
        case 64 << 10:
            buffer.pool(before: large)
            large = buffer
        case 256 << 10:
            buffer.pool(before: huge)
            huge = buffer
        default: return
        }
        idleBytes += capacity
    }

    /// Replaces `buffer` by one with room for at least `minimum` bytes; written bytes keep their offsets.
    package func grow(_ buffer: ByteBuffer, atLeast minimum: Int) -> ByteBuffer {
        let larger = take(atLeast: max(minimum, buffer.capacity * 2))
        larger.append(buffer.written)
        larger.consume(buffer.readIndex)
        give(buffer)
        return larger
    }
}
