import Synchronization

/// Label values by small id, stable for the life of the process, so that a series survives reloads.
///
/// - Limits: `idsMax` values; a further one gets `overflowID`. Id 0 is `none`.
/// - Threads: any; takes a lock, so never on the path of a request.
package final class LabelInterner: Sendable {
    /// Shown as `_overflow`. In a 16-bit field of a key it reads as 0xFFFF, which means the same.
    package static let overflowID: UInt32 = 0xFF_FFFF

    private struct Table {
        var ids: [String: UInt32] = ["none": 0]
        var names = ["none"]
    }

    private let table = Mutex(Table())
    private let idsMax: Int

    /// - Parameter idsMax: at most 65,535, for labels that travel in 16 bits, or 16,777,215.
    package init(idsMax: Int) {
        self.idsMax = min(idsMax, Int(Self.overflowID))
    }

    /// The id of `name`, given now if it had none.
    package func id(for name: String) -> UInt32 {
        table.withLock { table in
            if let known = table.ids[name] { return known }
            guard table.names.count < idsMax else { return Self.overflowID }
            let id = UInt32(table.names.count)
            table.ids[name] = id
            table.names.append(name)
            return id
        }
    }

    /// All names so far; the index is the id.
    package var names: [String] { table.withLock { $0.names } }
}
