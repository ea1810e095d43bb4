/// The hashes of the records that no sealed segment holds yet, in memory: hash → sequence number, several a hash.
///
/// An open-addressing table that is half full when it is sealed. The batch that fills it goes past that: there is room for half as
/// many again before the table has to grow, which takes 15 ms. What a batch put in is taken out again, last first, when the batch is
/// rolled back.
struct IdTail {
    private struct Slot {
        var hash: UInt64
        var sequence: Int64
    }

    private static let empty = Slot(hash: 0, sequence: 0)
    private var slots: [Slot]
    private var order: [Int] = []

    /// Entries that fit.
    let capacity: Int

    /// A table for so many entries.
    init(capacity: Int) {
        self.capacity = capacity
        var size = 64
        while size < capacity * 2 { size *= 2 }
        slots = Array(repeating: Self.empty, count: size)
        order.reserveCapacity(capacity)
    }

    var count: Int { order.count }

    /// Puts an entry in. Sequence numbers are positive.
    mutating func insert(_ hash: UInt64, _ sequence: Int64) {
        if order.count * 4 >= slots.count * 3 { grow() }
        place(hash, sequence)
    }

    /// Doubles the table, for a batch that is larger than half a table.
    private mutating func grow() {
        let entries = order.map { slots[$0] }
        slots = Array(repeating: Self.empty, count: slots.count * 2)
        order.removeAll(keepingCapacity: true)
        for entry in entries { place(entry.hash, entry.sequence) }
    }

    private mutating func place(_ hash: UInt64, _ sequence: Int64) {
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: hash) & mask
        while slots[position].sequence != 0 { position = (position + 1) & mask }
        slots[position] = Slot(hash: hash, sequence: sequence)
        order.append(position)
    }

    /// Calls `body` with each sequence number of a hash until it returns true.
    func first(_ hash: UInt64, where body: (Int64) throws(SQLiteError) -> Bool) throws(SQLiteError) -> Int64? {
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: hash) & mask
        while slots[position].sequence != 0 {
            if slots[position].hash == hash, try body(slots[position].sequence) { return slots[position].sequence }
            position = (position + 1) & mask
        }
        return nil
    }

    /// Takes out what was put in after there were `count` entries. Linear probing allows it in reverse order.
    mutating func truncate(to count: Int) {
        while order.count > count {
            slots[order.removeLast()] = Self.empty
        }
    }

    /// The entry that was put in as number `index`, from 0.
    func entry(_ index: Int) -> (hash: UInt64, sequence: Int64) {
        let slot = slots[order[index]]
        return (slot.hash, slot.sequence)
    }
}
