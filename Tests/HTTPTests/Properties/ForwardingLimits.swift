import Bytes
import HTTP

/// What the fuzzed properties run with: limits small enough for short inputs to reach them.
enum ForwardingLimits {
    static let limits = RequestLimits(
        lineBytesMax: 256, headBytesMax: 1024, headerCountMax: 16, chunkExtensionBytesMax: 64, trailerBytesMax: 256)

    /// For what the gateway itself has written: its own fields come on top.
    static let relaxed = RequestLimits(lineBytesMax: 4096, headBytesMax: 16384, headerCountMax: 64)

    /// Where `input` is cut in two for the second reading: somewhere, but the same place each time.
    static func split(_ input: [UInt8]) -> Int {
        var hash = UInt64(input.count)
        for byte in input.prefix(16) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return input.isEmpty ? 0 : Int((hash >> 8) % UInt64(input.count))
    }
}
