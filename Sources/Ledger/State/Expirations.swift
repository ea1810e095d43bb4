import HeapModule
import Metering

/// What will expire, soonest first: open holds, and grants with something left.
///
/// What was closed before its time stays in the heap as a dead entry; when half of the heap is dead it is built anew.
struct Expirations {
    enum Target {
        case hold(Org, Hold)
        case grant(Org, Grant)

        var isOpen: Bool {
            switch self {
            case .hold(_, let hold): hold.isOpen
            case .grant(_, let grant): grant.isOpen
            }
        }
    }

    private struct Entry: Comparable {
        let at: Int64
        let order: Int64
        let target: Target

        static func < (left: Entry, right: Entry) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Entry, right: Entry) -> Bool { (left.at, left.order) == (right.at, right.order) }
    }

    private static let rebuiltFrom = 4096
    private var heap = Heap<Entry>()
    private var taken: [Entry] = []
    private var closed = 0

    mutating func add(_ hold: Hold, of org: Org) {
        heap.insert(Entry(at: hold.expires.milliseconds, order: hold.number * 2, target: .hold(org, hold)))
    }

    mutating func add(_ grant: Grant, of org: Org) {
        guard let expires = grant.expires else { return }
        heap.insert(Entry(at: expires.milliseconds, order: grant.id * 2 + 1, target: .grant(org, grant)))
    }

    /// Counts an entry that is dead from now on.
    mutating func didClose() {
        closed += 1
    }

    /// When the next one is due; perhaps a dead one.
    var earliest: Timestamp? { heap.min.map { Timestamp(milliseconds: $0.at) } }

    /// Takes out the next one that is due and alive.
    mutating func takeDue(at now: Timestamp) -> Target? {
        while let first = heap.min, first.at <= now.milliseconds {
            heap.removeMin()
            taken.append(first)
            if first.target.isOpen { return first.target }
        }
        return nil
    }

    mutating func didCommit() {
        taken.removeAll(keepingCapacity: true)
        guard closed * 2 > heap.count, heap.count > Self.rebuiltFrom else { return }
        heap = Heap(heap.unordered.filter(\.target.isOpen))
        closed = 0
    }

    mutating func rollBack() {
        for entry in taken { heap.insert(entry) }
        taken.removeAll(keepingCapacity: true)
    }
}
