import Synchronization

/// What the writer and the copies of its file that are being made have to know of each other.
///
/// Only a checkpoint writes to the main file. After one that moved the whole log, the file is the ledger at that commit, and stays so
/// until the next one. A copy reads the file while checkpoints go on, and notes which pages they wrote. In the end it has the file
/// frozen after a checkpoint, which puts off the next one, and reads the pages again that were written meanwhile. No read transaction
/// is open at any time, so that the log is emptied as ever.
public final class CopyWatch: Sendable {
    /// Log pages at which a checkpoint is made though a copy has the file frozen: the copy has to begin its end again. 128 MiB.
    static let frozenLogPagesMax = 32_768

    fileprivate struct Copy {
        var written = PageSet()
        var wantsFreeze = false
        var isFrozen = false
    }

    fileprivate struct State {
        var copies: [Int: Copy] = [:]
        var next = 0
        var isOver = false
    }

    private let state = Mutex(State())
    private let active = Atomic(0)
    private let wanted = Atomic(false)

    /// No copy yet.
    public init() {}

    // MARK: The writer

    /// Whether any copy is being made.
    var isActive: Bool { active.load(ordering: .acquiring) > 0 }

    /// Whether a copy waits for a checkpoint that moves the whole log.
    var wantsFreeze: Bool { wanted.load(ordering: .acquiring) }

    /// Whether the main file may be written to now.
    func mayCheckpoint(logPages: Int) -> Bool {
        guard isActive else { return true }
        return state.withLock { state in
            guard state.copies.values.contains(where: \.isFrozen) else { return true }
            guard logPages >= Self.frozenLogPagesMax else { return false }
            state.thaw()
            return true
        }
    }

    /// A checkpoint wrote those pages, or some of them.
    ///
    /// - Parameter isWhole: whether the main file is the ledger now.
    func didCheckpoint(_ pages: [UInt32], isWhole: Bool) {
        state.withLock { state in
            for key in state.copies.keys {
                state.copies[key]?.written.insert(pages)
                if isWhole, state.copies[key]?.wantsFreeze == true { state.copies[key]?.isFrozen = true }
            }
        }
    }

    /// The ledger is about to be closed: no copy comes to its end any more.
    func close() {
        state.withLock {
            $0.isOver = true
            $0.thaw()
        }
    }

    // MARK: Copies

    /// Begins a copy: from now on it hears of every page that is written.
    func begin() -> Int {
        defer { active.add(1, ordering: .releasing) }
        return state.withLock { state in
            state.next += 1
            state.copies[state.next] = Copy()
            return state.next
        }
    }

    /// Takes the pages that were written since the last time.
    func takeWritten(_ copy: Int) -> PageSet {
        state.withLock { state in
            let written = state.copies[copy]?.written ?? PageSet()
            state.copies[copy]?.written = PageSet()
            return written
        }
    }

    /// Has the file frozen after the next checkpoint that moves the whole log.
    func wantFreeze(_ copy: Int) {
        state.withLock { state in
            state.copies[copy]?.wantsFreeze = true
            wanted.store(true, ordering: .releasing)
        }
    }

    /// Whether the file is frozen for a copy; nil if it never will be.
    func isFrozen(_ copy: Int) -> Bool? {
        state.withLock { $0.isOver ? nil : $0.copies[copy]?.isFrozen ?? false }
    }

    /// Lets the file go.
    ///
    /// - Returns: whether it was frozen up to now.
    func release(_ copy: Int) -> Bool {
        state.withLock { state in
            let isFrozen = state.copies[copy]?.isFrozen ?? false
            state.copies[copy]?.isFrozen = false
            state.copies[copy]?.wantsFreeze = false
            wanted.store(state.copies.values.contains(where: \.wantsFreeze), ordering: .releasing)
            return isFrozen
        }
    }

    /// Ends a copy.
    func end(_ copy: Int) {
        _ = release(copy)
        state.withLock { $0.copies[copy] = nil }
        active.subtract(1, ordering: .releasing)
    }
}

extension CopyWatch.State {
    fileprivate mutating func thaw() {
        for (key, copy) in copies where copy.isFrozen {
            copies[key]?.isFrozen = false
            copies[key]?.wantsFreeze = false
        }
    }
}

/// Numbers of pages, from 1.
struct PageSet: Sendable {
    private var words: [UInt64] = []

    mutating func insert(_ pages: [UInt32]) {
        guard let last = pages.max() else { return }
        let needed = Int(last >> 6) + 1
        if words.count < needed { words += Array(repeating: 0, count: needed - words.count) }
        for page in pages { words[Int(page >> 6)] |= 1 << UInt64(page & 63) }
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Each run of neighbours.
    func forEachRun(_ body: (_ first: UInt32, _ count: Int) throws -> Void) rethrows {
        var run: (first: UInt32, count: Int)?
        for (index, word) in words.enumerated() where word != 0 {
            for bit in 0..<64 where word & 1 << UInt64(bit) != 0 {
                let page = UInt32(index * 64 + bit)
                if let known = run, known.first + UInt32(known.count) == page {
                    run?.count += 1
                } else {
                    if let known = run { try body(known.first, known.count) }
                    run = (page, 1)
                }
            }
        }
        if let run { try body(run.first, run.count) }
    }
}
