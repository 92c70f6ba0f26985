import Bytes
import Crypto
import Testing

@testable import Plugins

@Suite struct KeyHashTests {
    private func hash(_ text: String) -> KeyHash { KeyHash(of: Array(text.utf8).span) }

    @Test(arguments: ["", "a", "gwk_0123456789", String(repeating: "x", count: 512)])
    func isTheSHA256OfTheKey(_ key: String) {
        #expect(hash(key).isEqual(KeyHash(Array(SHA256.hash(data: Array(key.utf8))))))
    }

    @Test func everyByteCounts() {
        let bytes = Array(SHA256.hash(data: Array("a".utf8)))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(!KeyHash(other).isEqual(KeyHash(bytes)))
        }
    }

    @Test(arguments: [0, 1, 7, 8, 1000]) func findsEachOfMany(_ count: Int) {
        let places = HashPlaces((0..<count).map { hash("\($0)") })
        for index in 0..<count { #expect(places.find(hash("\(index)")) == index) }
        #expect(places.find(hash("none")) == nil)
    }

    /// Hashes with one place between them do not hide each other.
    @Test func placesMayBeShared() {
        func key(_ last: UInt8) -> KeyHash { KeyHash([UInt8](repeating: 0, count: 31) + [last]) }
        let places = HashPlaces([key(1), key(2), key(3)])
        #expect((1...3).map { places.find(key($0)) } == [0, 1, 2])
        #expect(places.find(key(4)) == nil)
    }
}
