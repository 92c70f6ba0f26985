/// What a route's path pattern bound: one range into the request path per parameter, and the rest of a prefix.
///
/// Owned by the caller and reused from request to request, so that filling it allocates nothing once it has grown.
package struct PathCaptures: Sendable {
    /// Ranges of the `{name}` segments in order of appearance; `RouteTable.parameterNames(_:)` has the names.
    package var parameters: [Range<Int>] = []
    /// What `/*` matched, without the slash before it; empty for other patterns, and when nothing was left over.
    package var rest = 0..<0

    package init() {}

    /// Forgets everything and keeps the memory.
    package mutating func clear() {
        parameters.removeAll(keepingCapacity: true)
        rest = 0..<0
    }
}
