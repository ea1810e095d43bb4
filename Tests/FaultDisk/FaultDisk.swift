import CFaultDisk

/// A disk in memory under SQLite, whose power can be cut and whose operations can be made to fail. What it does to files is
/// listed in `faultdisk.h`.
///
/// `@unchecked Sendable`: the C side takes a lock in every call.
public final class FaultDisk: @unchecked Sendable {
    /// Kinds of operations.
    public struct Kinds: OptionSet, Sendable {
        /// As the C side has it.
        public let rawValue: Int32

        /// Kinds by the C side's bits.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// A file is opened or made.
        public static let open = Kinds(rawValue: Int32(FAULTDISK_OPEN))
        /// Bytes are read.
        public static let read = Kinds(rawValue: Int32(FAULTDISK_READ))
        /// Bytes are written.
        public static let write = Kinds(rawValue: Int32(FAULTDISK_WRITE))
        /// What was written is made durable.
        public static let sync = Kinds(rawValue: Int32(FAULTDISK_SYNC))
        /// A file is cut short.
        public static let truncate = Kinds(rawValue: Int32(FAULTDISK_TRUNCATE))
        /// A file is removed.
        public static let delete = Kinds(rawValue: Int32(FAULTDISK_DELETE))
        /// All of them.
        public static let all = Kinds(rawValue: Int32(FAULTDISK_ALL))
    }

    /// How an operation fails.
    public enum Fault: Int32, Sendable, CaseIterable {
        /// The device failed.
        case ioError = 1
        /// There is no room for more.
        case noSpace = 2
        /// Half of a write is stored, then there is no room.
        case shortWrite = 3
        /// The power is cut in the middle of the operation.
        case powerCut = 4
        /// The process ends in the middle of the operation; what it wrote is there.
        case processEnd = 5
    }

    /// Where its files are.
    public let folder: String
    private let disk: OpaquePointer

    /// An empty disk for a folder that exists: an absolute path without symbolic links.
    public init(folder: String, seed: UInt64) {
        self.folder = folder
        guard let disk = faultdisk_create(folder, seed) else { fatalError("no memory, or no SQLite") }
        self.disk = disk
    }

    /// A disk with what is durable on another one.
    public init(copying other: FaultDisk, folder: String, seed: UInt64) {
        self.folder = folder
        guard let disk = faultdisk_copy(other.disk, folder, seed) else { fatalError("no memory, or no SQLite") }
        self.disk = disk
    }

    deinit { faultdisk_destroy(disk) }

    /// Has the nth operation (from 1) of those kinds, counted from now, fail; where it persists, all from it on.
    public func fail(_ kinds: Kinds, at nth: UInt64, with fault: Fault, persists: Bool = false) {
        faultdisk_fail(disk, kinds.rawValue, nth, fault.rawValue, persists ? 1 : 0)
    }

    /// Counts operations of those kinds from now on, and has none fail.
    public func count(_ kinds: Kinds = .all) { faultdisk_fail(disk, kinds.rawValue, 0, 0, 0) }

    /// No operation fails any more.
    public func heal() { faultdisk_heal(disk) }

    /// Operations since the last ``fail(_:at:with:persists:)`` or ``count(_:)``.
    public var counted: UInt64 { faultdisk_counted(disk) }

    /// Whether operations are counted until one fails, or fail by now.
    public var isFailing: Bool { faultdisk_is_failing(disk) != 0 }

    /// How many of them failed.
    public var met: UInt64 { faultdisk_met(disk) }

    /// Whether nothing can be done until ``restart()``.
    public var isCut: Bool { faultdisk_is_cut(disk) != 0 }

    /// Cuts the power now.
    public func cut() { faultdisk_cut(disk) }

    /// Power again: files are what survived. All of them have to be closed.
    public func restart() {
        let open = faultdisk_restart(disk)
        precondition(open == 0, "\(open) files are still open")
    }
}
