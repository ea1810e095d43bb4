import CAllocator

/// How glibc's allocator keeps memory that was given back: mallopt(3), malloc_trim(3).
enum Allocator {
    /// Blocks from this size on are mapped by themselves, and go back to the system when they are freed. Left alone, glibc raises the
    /// limit to 32 MiB with what it sees freed, and the filters of ids, copied when ids are sealed, leave holes that nothing fits.
    private static let mappedFrom: Int32 = 1 << 20
    /// Heaps that threads share: each keeps its own holes. Enough for every thread to have one: a thread of low priority that is
    /// stopped while it holds a heap's lock would hold up everybody who shares it, for tens of milliseconds.
    private static let arenasMax: Int32 = 24
    /// What may lie about unused: what the next burst takes is soon asked for again.
    private static let unusedMax = 16 << 20

    /// Sets it up, before there is any load.
    static func setUp() {
        _ = mallopt(M_MMAP_THRESHOLD, mappedFrom)
        _ = mallopt(M_ARENA_MAX, arenasMax)
    }

    /// Gives the pages back that a burst has left, where they are many: a record that waited is long gone, and what was freed around
    /// it lies between what is still there.
    static func giveBack() {
        guard mallinfo2().fordblks > unusedMax else { return }
        _ = malloc_trim(0)
    }
}
