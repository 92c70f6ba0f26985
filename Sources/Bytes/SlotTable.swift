/// Objects by small dense index, with a generation per slot so that an index that outlived its object finds nothing.
///
/// The poller's event data and the timers carry `SlotKey`s: an event that was already queued for a closed descriptor
/// must not reach the connection that took its slot.
@usableFromInline
package struct SlotTable<Element: AnyObject>: ~Copyable {
    @usableFromInline var elements: [Element?] = []
    @usableFromInline var generations: [UInt32] = []
    @usableFromInline var freeSlots: [UInt32] = []

    package init() {}

    package var count: Int { elements.count - freeSlots.count }

    /// Stores what `make` builds for its own key.
    @inlinable
    package mutating func insert(_ make: (SlotKey) -> Element) -> Element {
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = UInt32(elements.count)
            elements.append(nil)
            generations.append(0)
        }
        let element = make(SlotKey(slot: slot, generation: generations[Int(slot)]))
        elements[Int(slot)] = element
        return element
    }

    /// The object under `key`, or nil when it was removed since.
    @inlinable
    package subscript(key: SlotKey) -> Element? {
        let index = Int(key.slot)
        guard index < elements.count, generations[index] == key.generation else { return nil }
        return elements[index]
    }

    @inlinable
    package mutating func remove(_ key: SlotKey) {
        let index = Int(key.slot)
        guard index < elements.count, generations[index] == key.generation, elements[index] != nil else { return }
        elements[index] = nil
        generations[index] = (generations[index] &+ 1) & SlotKey.generationMask
        freeSlots.append(key.slot)
    }

    /// All objects, for draining and for views; not for the request path.
    package var all: [Element] { elements.compactMap { $0 } }
}

/// Where an object stands in a `SlotTable`, and which of the slot's tenants it is.
@usableFromInline
package struct SlotKey: Equatable, Hashable, Sendable {
    @usableFromInline package let slot: UInt32
    @usableFromInline package let generation: UInt32

    /// 28 bits, so that a key and a four-bit kind fit the 64 bits that the kernel stores for us.
    @inlinable package static var generationMask: UInt32 { 0x0FFF_FFFF }

    @inlinable package init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}
