package import Hummingbird

extension BindAddress {
    /// Reads `host:port`, `[v6]:port` or `unix:/path`; nil for anything else.
    package init?(admin text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            guard path.hasPrefix("/") else { return nil }
            self = .unixDomainSocket(path: String(path))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = isBracketed ? host.dropFirst().dropLast() : host
        guard !bare.isEmpty, isBracketed == bare.contains(":") else { return nil }
        self = .hostname(String(bare), port: Int(port))
    }
}
