import CBackground
import Glibc

/// Has what is written to a long file go to the disk little by little, and leaves the disk to others for two thirds of the time. The
/// system would keep gigabytes of it, and then make everybody wait who syncs anything.
///
/// That is no promise of durability: see sync_file_range(2). A descriptor that is no file of a disk is left alone.
public struct WriteBack {
    private let descriptor: Int32
    private var from: Int64 = 0
    private var bytes = 0
    /// With 4 MiB at once a sync beside it took five times as long.
    private static let bytesAtOnce = 512 << 10
    /// How much longer it rests than it writes.
    private static let restPerWrite = 2

    /// - Parameter descriptor: the file's.
    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// That many bytes were written at an offset.
    public mutating func wrote(_ count: Int, at offset: Int64) {
        if bytes == 0 { from = offset }
        bytes += count
        guard bytes >= Self.bytesAtOnce else { return }
        bytes = 0
        let begun = ContinuousClock.now
        guard background_write_back(descriptor, from, max(0, offset + Int64(count) - from)) == 0 else { return }
        let took = (ContinuousClock.now - begun) * Self.restPerWrite
        usleep(UInt32(clamping: took.components.seconds * 1_000_000 + took.components.attoseconds / 1_000_000_000_000))
    }
}
