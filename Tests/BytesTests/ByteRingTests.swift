import Bytes
import EventLoop
import GatewayTesting
import Testing

@Suite struct ByteRingTests {
    private func take(_ ring: ByteRing, atMost limit: Int = .max) -> [UInt8] {
        var taken: [UInt8] = []
        let bytes = ring.readable
        let count = min(bytes.count, limit)
        taken.append(copying: bytes.extracting(0..<count))
        ring.consume(count)
        return taken
    }

    private func write(_ text: String, to ring: ByteRing) -> Int? {
        let bytes = Array(text.utf8)
        return ring.write(bytes.span)
    }

    @Test func whatGoesInComesOut() {
        let ring = ByteRing(capacity: 16)
        #expect(ring.isEmpty && take(ring).isEmpty)
        #expect(write("hello", to: ring) == 5)
        #expect(write(" you", to: ring) == 9)
        #expect(ring.count == 9)
        #expect(String(decoding: take(ring), as: UTF8.self) == "hello you")
        #expect(ring.isEmpty)
    }

    @Test func wrapsAroundItsEnd() {
        let ring = ByteRing(capacity: 8)
        #expect(write("123456", to: ring) == 6)
        #expect(take(ring, atMost: 5).count == 5)
        #expect(write("abcdefg", to: ring) == 8)
        // The end of the memory, then its start.
        #expect(String(decoding: take(ring), as: UTF8.self) == "6ab")
        #expect(String(decoding: take(ring), as: UTF8.self) == "cdefg")
    }

    @Test func whatDoesNotFitIsRefusedWhole() {
        let ring = ByteRing(capacity: 8)
        #expect(write("12345", to: ring) == 5)
        #expect(write("6789", to: ring) == nil)
        #expect(write("678", to: ring) == 8)
        #expect(write("9", to: ring) == nil)
        #expect(ring.droppedCount == 2)
        #expect(String(decoding: take(ring), as: UTF8.self) == "12345678")
    }

    /// Two threads, pieces of every length: nothing is lost, torn or reordered.
    @Test func isSafeBetweenTwoThreads() throws {
        let ring = ByteRing(capacity: 64)
        let pieces = 20_000
        let writer = Writer(ring: ring, pieces: pieces)
        try writer.start()
        var next: UInt8 = 0
        var total = 0
        let expected = (0..<pieces).reduce(0) { $0 + $1 % 13 + 1 }
        while total < expected {
            for byte in take(ring) {
                guard byte == next else {
                    Issue.record("byte \(total) is \(byte), not \(next)")
                    return
                }
                next &+= 1
                total += 1
            }
        }
        #expect(ring.isEmpty)
    }

    private struct Writer: Sendable {
        let ring: ByteRing
        let pieces: Int

        func start() throws {
            try WorkerThread.start(name: "ring-writer") {
                var next: UInt8 = 0
                for piece in 0..<pieces {
                    var bytes: [UInt8] = []
                    for _ in 0..<(piece % 13 + 1) {
                        bytes.append(next)
                        next &+= 1
                    }
                    while ring.write(bytes.span) == nil {}
                }
            }
        }
    }
}
