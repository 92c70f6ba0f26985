package import Bytes

/// The hash of what the `hash` policy balances by: FNV-1a, then a finaliser so that all 64 bits are fit for use.
///
/// The same in every process and release, so that gateways in a row agree on the endpoint of a key.
package func hashKey(_ bytes: Span<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3 }
    return hashMixed(hash)
}

/// The hash of an address, without writing out its text.
package func hashKey(_ address: IPAddress) -> UInt64 {
    hashMixed(address.high ^ hashMixed(address.low))
}

/// A bijection that spreads every input bit over all output bits (the finaliser of SplitMix64).
@inlinable
func hashMixed(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
}
