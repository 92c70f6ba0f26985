// Textual forms of addresses: RFC 4291 §2.2 on the way in, RFC 5952 on the way out.

extension IPAddress {
    /// The longest text an address can have, in bytes: a full IPv6 address with an embedded IPv4 part.
    package static let textBytesMax = 45

    /// Reads the whole of `text` as an address; nil for anything else.
    ///
    /// Strict: IPv4 is four decimal numbers without leading zeros, IPv6 has no zone and no brackets.
    package init?(parsing text: Span<UInt8>) {
        guard text.count >= 2 && text.count <= Self.textBytesMax else { return nil }
        var hasColon = false
        for index in text.indices where text[index] == ASCII.colon { hasColon = true }
        if hasColon {
            var parser = IPv6TextParser()
            guard parser.run(text) else { return nil }
            self = parser.address
        } else {
            guard let bits = Self.ipv4Bits(of: text, from: 0) else { return nil }
            self.init(ipv4: bits)
        }
    }

    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(parsing: bytes.span)
    }

    /// The dotted quad that fills `text` from `start` to its end.
    static func ipv4Bits(of text: Span<UInt8>, from start: Int) -> UInt32? {
        var bits: UInt32 = 0
        var octet: UInt32 = 0
        var digitCount = 0
        var dotCount = 0
        for index in start..<text.count {
            let byte = text[index]
            if byte == 0x2E {
                guard digitCount > 0 && dotCount < 3 else { return nil }
                bits = bits << 8 | octet
                dotCount += 1
                octet = 0
                digitCount = 0
                continue
            }
            // A leading zero is octal to some readers and decimal to others, so it is neither here.
            guard ASCII.isDigit(byte), !(digitCount > 0 && octet == 0) else { return nil }
            octet = octet * 10 + UInt32(byte - 0x30)
            digitCount += 1
            guard octet <= 255 else { return nil }
        }
        guard dotCount == 3 && digitCount > 0 else { return nil }
        return bits << 8 | octet
    }

    /// The canonical text (RFC 5952 §4); IPv4-mapped addresses are written as IPv4.
    package var description: String {
        var text = AddressText()
        text.append(self)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    /// Appends the canonical text; `buffer` must have `textBytesMax` bytes of room. Allocates nothing.
    package func append(to buffer: ByteBuffer) {
        guard !isIPv4 else {
            Self.forEachIPv4Byte(of: ipv4Bits) { buffer.append($0) }
            return
        }
        forEachIPv6Byte { buffer.append($0) }
    }

    /// Appends the canonical text to an array.
    package func append(to bytes: inout [UInt8]) {
        guard !isIPv4 else {
            Self.forEachIPv4Byte(of: ipv4Bits) { bytes.append($0) }
            return
        }
        forEachIPv6Byte { bytes.append($0) }
    }

    @inline(__always)
    private static func forEachIPv4Byte(of bits: UInt32, _ emit: (UInt8) -> Void) {
        var shift: UInt32 = 24
        while true {
            let octet = UInt8(truncatingIfNeeded: bits >> shift)
            if octet >= 100 { emit(0x30 + octet / 100) }
            if octet >= 10 { emit(0x30 + octet / 10 % 10) }
            emit(0x30 + octet % 10)
            guard shift > 0 else { return }
            emit(0x2E)
            shift -= 8
        }
    }

    private func group(_ index: Int) -> UInt16 {
        let half = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index & 3)))
    }

    /// The first longest run of at least two zero groups, which `::` stands for (RFC 5952 §4.2).
    private var longestZeroRun: Range<Int> {
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8 && group(end) == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = end + 1
        }
        return best
    }

    @inline(__always)
    private func forEachIPv6Byte(_ emit: (UInt8) -> Void) {
        let zeros = longestZeroRun
        var index = 0
        while index < 8 {
            if index == zeros.lowerBound && !zeros.isEmpty {
                emit(ASCII.colon)
                emit(ASCII.colon)
                index = zeros.upperBound
                continue
            }
            if index > 0 && index != zeros.upperBound || index > 0 && zeros.isEmpty { emit(ASCII.colon) }
            let value = group(index)
            var shift: UInt16 = 12
            while shift > 0 && value >> shift == 0 { shift -= 4 }
            while true {
                let digit = UInt8(truncatingIfNeeded: value >> shift) & 0xF
                emit(digit < 10 ? digit + 0x30 : digit + 0x57)
                guard shift > 0 else { break }
                shift -= 4
            }
            index += 1
        }
    }
}

/// Bytes of one address on their way to a `String`.
private struct AddressText {
    var bytes: [UInt8] = []

    mutating func append(_ address: IPAddress) {
        bytes.reserveCapacity(IPAddress.textBytesMax)
        address.append(to: &bytes)
    }
}

/// Reads the eight groups of an IPv6 address (RFC 4291 §2.2).
private struct IPv6TextParser {
    /// Groups before the `::`, from the front; those after it follow in `tail`.
    private var head: UInt128 = 0
    private var headCount = 0
    private var tail: UInt128 = 0
    private var tailCount = 0
    private var hasGap = false

    var address: IPAddress {
        let bits = headCount == 8 ? head : (headCount == 0 ? 0 : head << UInt128(16 * (8 - headCount))) | tail
        return IPAddress(
            ipv6High: UInt64(truncatingIfNeeded: bits >> 64), low: UInt64(truncatingIfNeeded: bits))
    }

    /// Whether `text` is an address as a whole.
    mutating func run(_ text: Span<UInt8>) -> Bool {
        var index = 0
        if text[0] == ASCII.colon {
            guard text[1] == ASCII.colon else { return false }
            hasGap = true
            index = 2
        }
        while index < text.count {
            let start = index
            var value: UInt16 = 0
            while index < text.count, let digit = ASCII.hexValue(text[index]) {
                guard index - start < 4 else { return false }
                value = value << 4 | UInt16(digit)
                index += 1
            }
            if index < text.count && text[index] == 0x2E {
                return appendIPv4(text, from: start) && isComplete
            }
            guard index > start, append(value) else { return false }
            guard index < text.count else { break }
            guard text[index] == ASCII.colon else { return false }
            index += 1
            guard index < text.count else { return false }
            if text[index] == ASCII.colon {
                guard !hasGap else { return false }
                hasGap = true
                index += 1
            }
        }
        return isComplete
    }

    /// `::` stands for at least one group of zeros.
    private var isComplete: Bool { hasGap ? headCount + tailCount < 8 : headCount == 8 }

    private mutating func append(_ group: UInt16) -> Bool {
        guard headCount + tailCount < 8 else { return false }
        if hasGap {
            tail = tail << 16 | UInt128(group)
            tailCount += 1
        } else {
            head = head << 16 | UInt128(group)
            headCount += 1
        }
        return true
    }

    private mutating func appendIPv4(_ text: Span<UInt8>, from start: Int) -> Bool {
        guard let bits = IPAddress.ipv4Bits(of: text, from: start) else { return false }
        return append(UInt16(bits >> 16)) && append(UInt16(bits & 0xFFFF))
    }
}
