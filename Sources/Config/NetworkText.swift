/// Checks of addresses and host names as configurations write them; nothing here resolves or connects.
enum NetworkText {
    /// A host with an optional port, taken apart.
    struct HostPort: Equatable {
        /// Without brackets.
        var host: String
        var port: Int?
    }

    enum HostPortRefusal: Error, Equatable { case brackets, host(String), port(String) }

    /// `name:80`, `10.0.0.1`, `[::1]:80`; the host is not checked beyond its brackets.
    static func hostPort(_ text: String) -> Result<HostPort, HostPortRefusal> {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return .failure(.brackets) }
            host = text[text.index(after: text.startIndex)..<close]
            rest = text[text.index(after: close)...]
            guard isIPv6(String(host)) else { return .failure(.host(String(host))) }
            guard rest.isEmpty || rest.hasPrefix(":") else { return .failure(.brackets) }
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<colon]
            rest = text[colon...]
            if rest.dropFirst().contains(":") { return .failure(.brackets) }
        }
        guard !rest.isEmpty else { return .success(HostPort(host: String(host), port: nil)) }
        let digits = rest.dropFirst()
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(digits), (1...65535).contains(port)
        else { return .failure(.port(String(digits))) }
        return .success(HostPort(host: String(host), port: port))
    }

    /// Dotted decimal with four parts and no leading zeros, which some readers take for octal.
    static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                    return false
                }
                return (part == "0" || !part.hasPrefix("0")) && (Int(part) ?? 256) <= 255
            }
    }

    /// RFC 4291 §2.2 text, without a zone.
    static func isIPv6(_ text: String) -> Bool {
        let halves = text.splitOnce("::")
        if let halves {
            if halves.tail.splitOnce("::") != nil { return false }
            guard let head = groupCount(halves.head, mayEndInIPv4: false),
                let tail = groupCount(halves.tail, mayEndInIPv4: true)
            else { return false }
            return head + tail <= 7
        }
        return groupCount(text, mayEndInIPv4: true) == 8
    }

    /// The number of 16-bit groups, or nil where one is malformed.
    private static func groupCount(_ text: String, mayEndInIPv4: Bool) -> Int? {
        if text.isEmpty { return 0 }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var count = 0
        for (index, group) in groups.enumerated() {
            if mayEndInIPv4, index == groups.count - 1, isIPv4(String(group)) {
                count += 2
            } else if (1...4).contains(group.utf8.count), group.utf8.allSatisfy(isHexDigit) {
                count += 1
            } else {
                return nil
            }
        }
        return count
    }

    /// Letters, digits, `-` and `_` in labels of 1 to 63 bytes, 253 bytes in all; nothing that looks like a failed
    /// IPv4 address.
    static func isHostName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, !last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.first != 0x2D && label.utf8.last != 0x2D
                && label.utf8.allSatisfy(isLabelByte)
        }
    }

    /// An address, or `address/prefix-length`.
    static func isNetwork(_ text: String) -> Bool {
        guard let parts = text.splitOnce("/") else { return isIPv4(text) || isIPv6(text) }
        let widthMax = isIPv4(parts.head) ? 32 : isIPv6(parts.head) ? 128 : -1
        guard (1...3).contains(parts.tail.utf8.count), parts.tail.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            parts.tail == "0" || !parts.tail.hasPrefix("0"), let width = Int(parts.tail)
        else { return false }
        return width <= widthMax
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D
            || byte == 0x5F
    }
}

extension String {
    /// What stands before and after the first `separator`; nil where there is none.
    func splitOnce(_ separator: String) -> (head: String, tail: String)? {
        let bytes = Array(utf8)
        let wanted = Array(separator.utf8)
        guard !wanted.isEmpty, bytes.count >= wanted.count else { return nil }
        for start in 0...(bytes.count - wanted.count)
        where bytes[start..<start + wanted.count].elementsEqual(wanted) {
            return (
                String(decoding: bytes[..<start], as: UTF8.self),
                String(decoding: bytes[(start + wanted.count)...], as: UTF8.self)
            )
        }
        return nil
    }
}
