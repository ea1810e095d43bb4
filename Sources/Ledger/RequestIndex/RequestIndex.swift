/// Which request ids were taken before, without a growing index over random keys.
///
/// A B-tree over random ids writes a page or two for every record once it is larger than a batch. Here the ids of the
/// newest records lie in memory (``IdTail``; rebuilt from the rows at start). Each time that is full, its hashes are
/// written once, sorted, as a sealed segment: pages of hash and sequence number, with a filter and the pages' first hashes
/// kept in memory. They are written with the next commits, a few pages each (``SegmentSealing``). A look-up asks the tail,
/// the tail that is being written, then the filters, and reads a page only if a filter says "perhaps". Every hit is
/// checked against the row itself.
///
/// Segments are never merged. So that a look-up doesn't ask each one's filter, 64 of them share a further filter, a group's:
/// at 50 million ids a look-up asks six. A complete group's filter is kept in the database; that of the newest group is made
/// anew at start from its segments' pages.
struct RequestIndex {
    /// Entries a page: 336 × 12 bytes stay inside one database page of 4 KiB.
    private static let entriesPerPage = 336
    private static let entryBytes = 12
    /// Segments that share a group's filter.
    static let segmentsPerGroup = 64
    /// Page ids of a segment begin at its number times this.
    private static let pagesPerSegment: Int64 = 1 << 20

    // An object, so that a look-up passes over it without counting references to its parts.
    fileprivate final class Segment {
        let number: Int64
        let firstSequence: Int64
        let fences: [UInt64]
        let filter: SplitBlockFilter

        init(number: Int64, firstSequence: Int64, fences: [UInt64], filter: SplitBlockFilter) {
            self.number = number
            self.firstSequence = firstSequence
            self.fences = fences
            self.filter = filter
        }
    }

    /// Which rows' ids are indexed, and in which tables.
    struct Source {
        let segments: String
        let pages: String
        let groups: String
        /// Number, org and id of the rows after a number, in its order.
        let rows: String

        static let usage = Source(
            segments: "id_segment", pages: "id_page", groups: "id_group",
            rows: "SELECT sequence, org, id FROM usage WHERE sequence > ? ORDER BY sequence")
        static let holds = Source(
            segments: "hold_id_segment", pages: "hold_id_page", groups: "hold_id_group",
            rows: "SELECT number, org, id FROM hold WHERE number > ? ORDER BY number")
    }

    private let source: Source
    private let hasher: SipHash
    private let connection: SQLiteConnection
    private let readPage: SQLiteStatement
    private var tail: IdTail
    /// The full tail before it, while it is written.
    private var sealing: SegmentSealing?
    private var segments: [Segment] = []
    /// Group `n` covers the segments from `n × segmentsPerGroup` on.
    private var groups: [SplitBlockFilter] = []
    private var groupsKept = 0
    private let groupCapacity: Int

    /// Loads the sealed segments and rebuilds the tail from the rows after them.
    ///
    /// - Parameter sealAt: entries in memory at which they are sealed.
    init(_ source: Source, connection: SQLiteConnection, key: [UInt8], sealAt: Int) throws(SQLiteError) {
        self.source = source
        self.connection = connection
        hasher = SipHash(key: key)
        tail = IdTail(capacity: sealAt)
        groupCapacity = Self.segmentsPerGroup * sealAt
        readPage = try connection.prepare("SELECT entries FROM \(source.pages) WHERE id = ?")

        var sealedTo: Int64 = 0
        let stored = try connection.prepare(
            "SELECT number, first_sequence, last_sequence, fences, filter FROM \(source.segments) ORDER BY number")
        while try stored.step() {
            guard let filter = SplitBlockFilter(bytes: stored.blob(4)) else {
                throw SQLiteError(code: 11, extendedCode: 11, message: "a sealed segment's filter is damaged")
            }
            segments.append(
                Segment(
                    number: stored.int(0), firstSequence: stored.int(1), fences: Self.words(stored.blob(3)),
                    filter: filter))
            sealedTo = stored.int(2)
        }
        let filters = try connection.prepare("SELECT number, filter FROM \(source.groups) ORDER BY number")
        while try filters.step() {
            guard filters.int(0) == groups.count + 1, let filter = SplitBlockFilter(bytes: filters.blob(1)) else {
                throw SQLiteError.damaged("a filter over sealed segments is damaged")
            }
            groups.append(filter)
        }
        groupsKept = groups.count
        for index in groupsKept * Self.segmentsPerGroup..<max(segments.count, groupsKept * Self.segmentsPerGroup) {
            addToGroup(try hashes(of: segments[index]), segment: index)
        }
        let rows = try connection.prepare(source.rows)
        rows.bind(1, sealedTo)
        while try rows.step() {
            tail.insert(hasher.hash(rows.int(1), rows.text(2) ?? ""), rows.int(0))
        }
    }

    /// The hash to look a request up by.
    func hash(org: Int64, id: String) -> UInt64 {
        hasher.hash(org, id)
    }

    /// Brings the parts of the groups' filters into the processor's caches that look-ups of those hashes will ask.
    ///
    /// The filters are larger than the caches. One by one the look-ups of a batch would wait for memory again and again; here
    /// the loads don't depend on each other, and overlap.
    func warm(_ keys: [RequestKey?]) {
        var all: UInt32 = 0
        for group in groups {
            for case let key? in keys { all |= group.touch(key.hash) }
        }
        withExtendedLifetime(all) {}
    }

    /// The sequence number of the record with that hash for which `isSame` holds, newest segment first.
    func sequence(
        _ hash: UInt64, where isSame: (Int64) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) -> Int64? {
        if let found = try tail.first(hash, where: isSame) { return found }
        if let found = try sealing?.tail.first(hash, where: isSame) { return found }
        var group = groups.count - 1
        while group >= 0 {
            if groups[group].mayContain(hash), let found = try sequence(hash, inGroup: group, where: isSame) {
                return found
            }
            group -= 1
        }
        return nil
    }

    private func sequence(
        _ hash: UInt64, inGroup group: Int, where isSame: (Int64) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) -> Int64? {
        let first = group * Self.segmentsPerGroup
        for segment in segments[first..<min(first + Self.segmentsPerGroup, segments.count)].reversed()
        where segment.filter.mayContain(hash) {
            if let found = try sequence(hash, in: segment, where: isSame) { return found }
        }
        return nil
    }

    private mutating func addToGroup(_ hashes: [UInt64], segment index: Int) {
        if index / Self.segmentsPerGroup == groups.count { groups.append(SplitBlockFilter(capacity: groupCapacity)) }
        groups[index / Self.segmentsPerGroup].insert(hashes)
    }

    /// A sealed segment's hashes, from its pages.
    private func hashes(of segment: Segment) throws(SQLiteError) -> [UInt64] {
        var hashes: [UInt64] = []
        hashes.reserveCapacity(segment.fences.count * Self.entriesPerPage)
        for page in segment.fences.indices {
            readPage.bind(1, segment.number * Self.pagesPerSegment + Int64(page))
            defer { readPage.reset() }
            guard try readPage.step() else { throw SQLiteError.damaged("a page of sealed ids is missing") }
            readPage.withBlob(0) { bytes in
                for index in 0..<bytes.count / Self.entryBytes {
                    hashes.append(
                        UInt64(
                            littleEndian: bytes.loadUnaligned(
                                fromByteOffset: index * Self.entryBytes, as: UInt64.self)))
                }
            }
        }
        return hashes
    }

    /// Puts a new record in.
    mutating func insert(_ hash: UInt64, _ sequence: Int64) {
        tail.insert(hash, sequence)
    }

    /// Where a batch begins, for ``rollBack(to:)``.
    struct Mark {
        fileprivate let tailCount: Int
    }

    /// The state before a batch.
    var mark: Mark { Mark(tailCount: tail.count) }

    /// Forgets what was put in since the mark, and what was written of a segment.
    mutating func rollBack(to mark: Mark) {
        tail.truncate(to: mark.tailCount)
        sealing?.rollBack()
    }

    /// Writes some more of a full tail inside the open transaction: in good time before the next tail is full. Call
    /// ``didCommit()`` once that is committed.
    ///
    /// - Parameter mutations: how many the batch has.
    mutating func seal(beside mutations: Int) throws(SQLiteError) {
        guard sealing != nil else { return }
        // Twice as fast as the next tail fills.
        var steps = max(1, mutations * 2 * SegmentSealing.steps / max(1, tail.capacity))
        if tail.count >= tail.capacity { steps = SegmentSealing.steps }
        while steps > 0, sealing?.isWritten == false {
            steps -= 1
            switch sealing?.advance(entriesPerPage: Self.entriesPerPage) {
            // A group's filter that knows more than there is only says "perhaps" more often.
            case .distributed(let hashes): addToGroup(hashes, segment: segments.count)
            case .pages(let first, let pages): try write(pages, from: first)
            case .segment(let fences): try write(fences)
            case nil: break
            }
        }
    }

    private var nextSegment: Int64 { (segments.last?.number ?? 0) + 1 }

    private func write(_ pages: [[SegmentSealing.Entry]], from first: Int) throws(SQLiteError) {
        let first = nextSegment * Self.pagesPerSegment + Int64(first)
        let base = sealing?.firstSequence ?? 0
        let insert = try connection.prepare(
            """
            INSERT INTO \(source.pages)(id, entries) VALUES(?, ?)
            ON CONFLICT(id) DO UPDATE SET entries = excluded.entries
            """)
        for (number, page) in pages.enumerated() {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(page.count * Self.entryBytes)
            for entry in page {
                withUnsafeBytes(of: entry.hash.littleEndian) { bytes.append(contentsOf: $0) }
                let offset = UInt32(truncatingIfNeeded: entry.sequence - base)
                withUnsafeBytes(of: offset.littleEndian) { bytes.append(contentsOf: $0) }
            }
            insert.bind(1, first + Int64(number))
            insert.bind(2, blob: bytes)
            try insert.run()
        }
    }

    private func write(_ fences: [UInt64]) throws(SQLiteError) {
        guard let sealing else { return }
        let insert = try connection.prepare(
            "INSERT INTO \(source.segments)(number, first_sequence, last_sequence, fences, filter) VALUES(?, ?, ?, ?, ?)"
        )
        insert.bind(1, nextSegment)
        insert.bind(2, sealing.firstSequence)
        insert.bind(3, sealing.lastSequence)
        insert.bind(4, blob: Self.bytes(fences))
        insert.bind(5, blob: sealing.filter.bytes)
        try insert.run()
        try keepCompleteGroups()
    }

    /// Writes the filters of complete groups that the database doesn't have yet: all but the newest group's, which still
    /// grows. Inside the open transaction.
    private func keepCompleteGroups() throws(SQLiteError) {
        let complete = segments.count / Self.segmentsPerGroup
        guard complete > groupsKept else { return }
        let insert = try connection.prepare("INSERT OR REPLACE INTO \(source.groups)(number, filter) VALUES(?, ?)")
        for group in groupsKept..<complete {
            insert.bind(1, Int64(group) + 1)
            insert.bind(2, blob: groups[group].bytes)
            try insert.run()
        }
    }

    /// Takes a segment in that is committed, and begins the next one if the tail is full.
    mutating func didCommit() {
        if let sealing, sealing.isWritten {
            groupsKept = segments.count / Self.segmentsPerGroup
            segments.append(
                Segment(
                    number: nextSegment, firstSequence: sealing.firstSequence, fences: sealing.fences,
                    filter: sealing.filter))
            self.sealing = nil
        }
        guard sealing == nil, tail.count >= tail.capacity else { return }
        sealing = SegmentSealing(tail)
        tail = IdTail(capacity: tail.capacity)
    }

    private func sequence(
        _ hash: UInt64, in segment: Segment, where isSame: (Int64) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) -> Int64? {
        // The last page that begins below the hash, and those that begin with it, may hold it.
        var page = segment.fences.partitioningIndex { $0 >= hash }
        page = max(0, page - 1)
        while page < segment.fences.count, segment.fences[page] <= hash {
            readPage.bind(1, segment.number * Self.pagesPerSegment + Int64(page))
            let offsets = try readPage.step() ? readPage.withBlob(0) { Self.sequenceOffsets(of: hash, in: $0) } : []
            readPage.reset()
            for offset in offsets {
                let sequence = segment.firstSequence + Int64(offset)
                if try isSame(sequence) { return sequence }
            }
            page += 1
        }
        return nil
    }

    private static func sequenceOffsets(of hash: UInt64, in page: UnsafeRawBufferPointer) -> [UInt32] {
        func entryHash(_ index: Int) -> UInt64 {
            UInt64(littleEndian: page.loadUnaligned(fromByteOffset: index * entryBytes, as: UInt64.self))
        }
        let count = page.count / entryBytes
        var index = (0..<count).partitioningIndex { entryHash($0) >= hash }
        var found: [UInt32] = []
        while index < count, entryHash(index) == hash {
            found.append(
                UInt32(littleEndian: page.loadUnaligned(fromByteOffset: index * entryBytes + 8, as: UInt32.self)))
            index += 1
        }
        return found
    }

    private static func words(_ bytes: [UInt8]) -> [UInt64] {
        bytes.withUnsafeBytes { raw in
            (0..<raw.count / 8).map {
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
            }
        }
    }

    private static func bytes(_ words: [UInt64]) -> [UInt8] {
        words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }
}

extension RandomAccessCollection {
    /// The first index for which `belongs` holds, in a collection where it holds for all that follow.
    fileprivate func partitioningIndex(where belongs: (Element) -> Bool) -> Index {
        var low = startIndex
        var count = self.count
        while count > 0 {
            let half = count / 2
            let middle = index(low, offsetBy: half)
            if belongs(self[middle]) {
                count = half
            } else {
                low = index(after: middle)
                count -= half + 1
            }
        }
        return low
    }
}
