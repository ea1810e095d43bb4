/// A full tail that is being written as a segment, a few steps per commit: all at once would hold up replies for 50 ms.
///
/// First its entries are put into buckets by their hashes' highest bits, then each bucket is sorted and written. The tail answers
/// look-ups until the segment is committed. After a crash the pages that were written are there, and no segment names them: the tail
/// is rebuilt from the rows, and its pages replace them.
struct SegmentSealing {
    typealias Entry = (hash: UInt64, sequence: Int64)

    /// Buckets of a segment: one is sorted and written per step.
    static let buckets = 64
    /// Steps that put entries into buckets.
    static let distributions = 32
    /// Steps in all; the last writes the segment's row.
    static let steps = distributions + buckets + 1

    /// Answers look-ups meanwhile.
    let tail: IdTail
    private(set) var filter: SplitBlockFilter
    private(set) var firstSequence = Int64.max
    private(set) var lastSequence: Int64 = 0
    private var sorted: [[Entry]] = Array(repeating: [], count: Self.buckets)
    /// The next step; the first ones only work in memory.
    private(set) var step = 0
    private var written = Written()

    /// What lies in the database, which a batch that is rolled back takes back.
    private struct Written {
        /// The first hash of each page.
        var fences: [UInt64] = []
        /// Entries that filled no page yet.
        var rest: [Entry] = []
    }

    init(_ tail: IdTail) {
        self.tail = tail
        filter = SplitBlockFilter(capacity: tail.count)
        let each = tail.count / Self.buckets + tail.count / Self.buckets / 4 + 1
        for bucket in sorted.indices { sorted[bucket].reserveCapacity(each) }
    }

    /// What comes next.
    enum Step {
        /// It only worked in memory: those hashes went into buckets.
        case distributed([UInt64])
        /// These pages have to be written, from that number on.
        case pages(from: Int, [[Entry]])
        /// Everything is written but the segment's row.
        case segment(fences: [UInt64])
    }

    /// Takes the next step.
    ///
    /// - Parameter entriesPerPage: how many a page holds.
    mutating func advance(entriesPerPage: Int) -> Step {
        defer { step += 1 }
        if step < Self.distributions {
            let (from, to) = (tail.count * step / Self.distributions, tail.count * (step + 1) / Self.distributions)
            var hashes: [UInt64] = []
            hashes.reserveCapacity(to - from)
            for index in from..<to {
                let entry = tail.entry(index)
                sorted[Int(entry.hash >> 58)].append(entry)
                filter.insert(entry.hash)
                firstSequence = min(firstSequence, entry.sequence)
                lastSequence = max(lastSequence, entry.sequence)
                hashes.append(entry.hash)
            }
            return .distributed(hashes)
        }
        let bucket = step - Self.distributions
        guard bucket < Self.buckets else { return .segment(fences: written.fences) }
        sorted[bucket].sort { ($0.hash, $0.sequence) < ($1.hash, $1.sequence) }
        var rest = written.rest + sorted[bucket]
        let whole = bucket == Self.buckets - 1 ? rest.count : rest.count / entriesPerPage * entriesPerPage
        let pages = stride(from: 0, to: whole, by: entriesPerPage).map {
            Array(rest[$0..<min($0 + entriesPerPage, whole)])
        }
        rest.removeFirst(whole)
        written.rest = rest
        let first = written.fences.count
        written.fences += pages.map { $0[0].hash }
        return .pages(from: first, pages)
    }

    /// The first hash of each page that is written.
    var fences: [UInt64] { written.fences }

    /// Whether all is written.
    var isWritten: Bool { step >= Self.steps }

    /// What was written was rolled back, or may have been: it is written again from the first page.
    mutating func rollBack() {
        guard step > Self.distributions else { return }
        step = Self.distributions
        written = Written()
    }
}
