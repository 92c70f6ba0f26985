/// A block of owned memory of fixed capacity with a read and a write index.
///
/// The memory never moves and never grows, so a span of it stays valid for as long as the buffer is referenced; a
/// head that outgrows its buffer is copied into a larger one (`BufferPool.grow`).
///
/// - Threads: owned by one worker at a time; not `Sendable` on purpose.
@safe
package final class ByteBuffer {
    @usableFromInline let storage: UnsafeMutablePointer<UInt8>
    package let capacity: Int
    // Private, with getters below: a stored property that other modules see is checked for exclusive access at run
    // time.
    private var readOffset = 0
    private var writeOffset = 0

    /// The buffer below this one in the pool that holds both.
    private var next: ByteBuffer?

    package init(capacity: Int) {
        precondition(capacity > 0)
        unsafe storage = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit {
        unsafe storage.deallocate()
    }

    /// Offset of the first byte not yet consumed.
    package var readIndex: Int { readOffset }
    /// Offset of the first byte not yet written.
    package var writeIndex: Int { writeOffset }
    /// Bytes written and not yet consumed.
    package var readableCount: Int { writeOffset - readOffset }
    /// Bytes that may still be written.
    package var writableCount: Int { capacity - writeOffset }
    package var isEmpty: Bool { readOffset == writeOffset }

    /// The bytes between the two indexes.
    package var readable: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Sound: every byte before `writeOffset` was initialised by an append or by the kernel.
            let bytes = unsafe Span<UInt8>(_unsafeStart: storage + readOffset, count: writeOffset - readOffset)
            return unsafe _overrideLifetime(bytes, borrowing: self)
        }
    }

    /// Every byte written so far, consumed or not: heads keep their offsets while the body behind them is consumed.
    package var written: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Sound: as in `readable`.
            let bytes = unsafe Span<UInt8>(_unsafeStart: storage, count: writeOffset)
            return unsafe _overrideLifetime(bytes, borrowing: self)
        }
    }

    package func append(_ bytes: Span<UInt8>) {
        let count = bytes.count
        precondition(count <= capacity - writeOffset, "append past the capacity of a buffer")
        // Sound: the precondition leaves room, and two buffers never share memory.
        unsafe bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { unsafe (storage + writeOffset).update(from: base, count: count) }
        }
        writeOffset += count
    }

    package func append(_ bytes: [UInt8]) {
        append(bytes.span)
    }

    /// Appends the UTF-8 of a literal.
    package func append(_ literal: StaticString) {
        let count = literal.utf8CodeUnitCount
        precondition(literal.hasPointerRepresentation && count <= capacity - writeOffset)
        // Sound: a literal with pointer representation is immortal memory of `count` bytes.
        unsafe (storage + writeOffset).update(from: literal.utf8Start, count: count)
        writeOffset += count
    }

    package func append(_ byte: UInt8) {
        precondition(writeOffset < capacity)
        // Sound: bounds checked above.
        unsafe storage[writeOffset] = byte
        writeOffset += 1
    }

    /// Appends `value` in decimal digits.
    package func append(decimal value: Int) {
        precondition(value >= 0 && capacity - writeOffset >= 20)
        var count = 1
        var rest = value / 10
        while rest > 0 {
            count &+= 1
            rest /= 10
        }
        rest = value
        var index = writeOffset + count
        while index > writeOffset {
            index &-= 1
            // Sound: a value has 19 digits at most, and room for 20 was checked above.
            unsafe storage[index] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
        writeOffset += count
    }

    /// Appends `value` in lower-case hexadecimal digits without leading zeros.
    package func append(hex value: Int) {
        precondition(value >= 0 && capacity - writeOffset >= 16)
        var shift = 60
        while shift > 0 && (value >> shift) & 0xF == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: (value >> shift) & 0xF)
            append(digit < 10 ? digit &+ 0x30 : digit &+ 0x57)
            shift -= 4
        }
    }

    /// Appends the sixteen lower-case hexadecimal digits of `word`.
    package func append(hexDigits word: UInt64) {
        precondition(capacity - writeOffset >= 16)
        let place = unsafe UnsafeMutableRawPointer(storage + writeOffset)
        // Sound: room for all sixteen was checked above.
        unsafe place.storeBytes(of: Self.hexDigits(word >> 32).bigEndian, as: UInt64.self)
        unsafe place.storeBytes(of: Self.hexDigits(word & 0xFFFF_FFFF).bigEndian, toByteOffset: 8, as: UInt64.self)
        writeOffset += 16
    }

    /// The eight digits of a word of 32 bits, the first in the highest byte: its nibbles are spread over the bytes,
    /// and all of them made digits at once.
    private static func hexDigits(_ word: UInt64) -> UInt64 {
        var nibbles = word
        nibbles = (nibbles & 0xFFFF_0000) << 16 | (nibbles & 0xFFFF)
        nibbles = (nibbles & 0x0000_FF00_0000_FF00) << 8 | (nibbles & 0x0000_00FF_0000_00FF)
        nibbles = (nibbles & 0x00F0_00F0_00F0_00F0) << 4 | (nibbles & 0x000F_000F_000F_000F)
        let ones: UInt64 = 0x0101_0101_0101_0101
        // 1 in every byte that is above 9.
        let letters = ((nibbles &+ ones &* 6) >> 4) & ones
        return nibbles &+ ones &* 0x30 &+ letters &* 0x27
    }

    /// Marks `count` bytes at the front as read.
    package func consume(_ count: Int) {
        precondition(count >= 0 && count <= writeOffset - readOffset)
        readOffset += count
    }

    /// Makes bytes from `index` on unread again.
    package func rewind(to index: Int) {
        precondition(index >= 0 && index <= writeOffset)
        readOffset = index
    }

    /// Forgets everything written after `index`.
    package func truncate(to index: Int) {
        precondition(index >= readOffset && index <= writeOffset)
        writeOffset = index
    }

    func pool(before other: ByteBuffer?) {
        next = other
    }

    func takeNext() -> ByteBuffer? {
        let other = next
        next = nil
        return other
    }

    /// Empties the buffer.
    package func clear() {
        readOffset = 0
        writeOffset = 0
    }

    /// Moves the readable bytes to the front, so that all free room is at the end. Invalidates offsets.
    package func compact() {
        guard readOffset > 0 else { return }
        let count = writeOffset - readOffset
        // Sound: both ranges lie in `storage`; `update` allows overlap when moving to lower addresses.
        unsafe storage.update(from: storage + readOffset, count: count)
        readOffset = 0
        writeOffset = count
    }

    /// Lets `body` fill the free room, such as by `recv`; it returns how many bytes it wrote.
    package func withFreeSpace(_ body: (UnsafeMutableRawBufferPointer) -> Int) {
        let free = unsafe UnsafeMutableRawBufferPointer(start: storage + writeOffset, count: capacity - writeOffset)
        let count = unsafe body(free)
        precondition(count >= 0 && count <= capacity - writeOffset)
        writeOffset += count
    }
}
