import Bytes
import Testing

@Suite struct ByteBufferTests {
    private func text(_ buffer: ByteBuffer) -> String { String(decoding: buffer.readable) }

    @Test func appendsConsumesAndTruncates() {
        let buffer = ByteBuffer(capacity: 16)
        #expect(buffer.isEmpty && buffer.writableCount == 16)
        buffer.append("head" as StaticString)
        buffer.append(UInt8(ascii: ":"))
        buffer.append(Array("body".utf8))
        #expect(text(buffer) == "head:body")
        buffer.consume(5)
        #expect(text(buffer) == "body" && String(decoding: buffer.written) == "head:body")
        #expect(buffer.readIndex == 5 && buffer.writeIndex == 9 && buffer.readableCount == 4)
        buffer.truncate(to: 6)
        #expect(text(buffer) == "b" && buffer.writableCount == 10)
        buffer.clear()
        #expect(buffer.isEmpty && buffer.written.isEmpty && buffer.writableCount == 16)
    }

    @Test func compactsOverlappingBytes() {
        let buffer = ByteBuffer(capacity: 10)
        buffer.append(Array("0123456789".utf8))
        buffer.consume(3)
        buffer.compact()
        #expect(text(buffer) == "3456789" && buffer.readIndex == 0 && buffer.writableCount == 3)
        buffer.compact()
        #expect(text(buffer) == "3456789")
    }

    @Test(
        arguments: [0, 1, 0xF, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 0xA0A9_9A0F_F09A_0A90, .max] as [UInt64])
    func appendsAllHexadecimalDigits(_ word: UInt64) {
        let buffer = ByteBuffer(capacity: 17)
        buffer.append(UInt8(ascii: "-"))
        buffer.append(hexDigits: word)
        let plain = String(word, radix: 16)
        #expect(text(buffer) == "-" + String(repeating: "0", count: 16 - plain.count) + plain)
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 12_345, 1 << 32, .max])
    func writesNumbers(_ value: Int) {
        let buffer = ByteBuffer(capacity: 64)
        buffer.append(decimal: value)
        #expect(text(buffer) == "\(value)")
        buffer.clear()
        buffer.append(hex: value)
        #expect(text(buffer) == String(value, radix: 16))
    }

    @Test func letsOthersFillTheRoom() {
        let buffer = ByteBuffer(capacity: 8)
        buffer.append("abc" as StaticString)
        unsafe buffer.withFreeSpace { free in
            unsafe free[0] = UInt8(ascii: "d")
            unsafe free[1] = UInt8(ascii: "e")
            return free.count == 5 ? 2 : 0
        }
        #expect(text(buffer) == "abcde")
        unsafe buffer.withFreeSpace { _ in 0 }
        #expect(text(buffer) == "abcde")
    }

    @Test func appendsItsNeighbour() {
        let left = ByteBuffer(capacity: 4)
        let right = ByteBuffer(capacity: 4)
        right.append("xy" as StaticString)
        left.append(right.readable)
        left.append(right.readable)
        #expect(text(left) == "xyxy" && left.writableCount == 0)
        right.clear()
        left.append(right.readable)
        #expect(left.readableCount == 4)
    }

    @Test func trapsPastItsCapacity() async {
        await #expect(processExitsWith: .failure) { ByteBuffer(capacity: 2).append([1, 2, 3]) }
        await #expect(processExitsWith: .failure) { ByteBuffer(capacity: 2).consume(1) }
        await #expect(processExitsWith: .failure) { unsafe ByteBuffer(capacity: 2).withFreeSpace { _ in 3 } }
    }
}
