package import Bytes
import Glibc

/// Names to addresses as the machine's own configuration says: `/etc/hosts`, DNS, and whatever else nsswitch lists.
package enum SystemResolver {
    /// Why a name has no addresses.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package var description: String

        package init(_ description: String) {
            self.description = description
        }
    }

    /// All A and AAAA records of `host`, without duplicates, in a stable order. Blocks for as long as DNS takes:
    /// never call it on a worker or on the cooperative pool.
    ///
    /// Addresses of a family that this machine has no address of are left out (`AI_ADDRCONFIG`). `localhost` is its
    /// IPv4 address if it has one: what serves there seldom listens on both, and balancing over both would lose half.
    package static func addresses(of host: String) throws(Failure) -> [IPAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        // Sound: `host` and `hints` live through the call, `list` is freed below and read only before that.
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { throw Failure(message(of: code)) }
        defer { unsafe freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe address(in: entry.pointee), !found.contains(address) { found.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        guard !found.isEmpty else { throw Failure("the name has no address") }
        if host.lowercased() == "localhost", let ipv4 = found.first(where: \.isIPv4) { return [ipv4] }
        return found.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
    }

    private static func address(in entry: addrinfo) -> IPAddress? {
        guard let raw = unsafe UnsafeRawPointer(entry.ai_addr) else { return nil }
        // Sound: the family says which structure the resolver wrote; both are plain integers. Where the address stands
        // in it is part of Linux's interface; the fields' names belong to whichever module was built first.
        switch unsafe entry.ai_family {
        case AF_INET:
            let bits = unsafe raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
            return IPAddress(ipv4: UInt32(bigEndian: bits))
        case AF_INET6:
            let high = unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let low = unsafe raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            return IPAddress(ipv6High: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
        default: return nil
        }
    }

    private static func message(of code: Int32) -> String {
        if code == EAI_SYSTEM { return unsafe String(cString: strerror(errno)) }
        return unsafe String(cString: gai_strerror(code))
    }
}
