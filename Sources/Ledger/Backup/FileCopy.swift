import Background
import CSQLiteSetup
import GRDBSQLite
import Glibc

/// Copies the ledger's main file while the writer goes on; see ``CopyWatch``.
struct FileCopy {
    private let source: RawFile
    private let target: RawFile
    private let watch: CopyWatch
    private let nudge: () throws -> Void
    private let isCancelled: () -> Bool

    private static let pageBytes = 4096
    /// Pages that are read and written at once: 512 KiB.
    private static let pagesAtOnce = 128
    /// Pages that may be left to copy when the file is frozen, and rounds after which it is frozen in any case.
    private static let (restMax, roundsMax) = (2048, 8)
    /// Microseconds between two looks at whether the file is frozen.
    private static let lookMicros: UInt32 = 5000
    /// Such looks after which the copy is given up: half a minute.
    private static let looksMax = 6000
    /// Where the header has the file's size in pages, and the versions of who may read and write it: 2 asks for a log beside it, 1
    /// doesn't. See <https://www.sqlite.org/fileformat2.html#the_database_header>.
    private static let (sizeOffset, versionOffset) = (28, 18)

    init(
        of path: String, to copy: String, _ watch: CopyWatch, nudge: @escaping () throws -> Void,
        isCancelled: @escaping () -> Bool
    ) throws {
        source = try RawFile(path, SQLITE_OPEN_READONLY)
        target = try RawFile(copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        try target.paceWrites()
        (self.watch, self.nudge, self.isCancelled) = (watch, nudge, isCancelled)
    }

    func run() throws {
        let number = watch.begin()
        defer { watch.end(number) }
        let pages = (Int(try source.size()) + Self.pageBytes - 1) / Self.pageBytes
        var buffer = [UInt8](repeating: 0, count: Self.pagesAtOnce * Self.pageBytes)
        try copy(1, pages, &buffer)
        for _ in 0..<Self.roundsMax {
            let written = watch.takeWritten(number)
            try copy(written, &buffer)
            if written.count <= Self.restMax { break }
        }
        repeat {
            try freeze(number)
            try copy(watch.takeWritten(number), &buffer)
            try finish(&buffer)
        } while !watch.release(number)
    }

    private func freeze(_ number: Int) throws {
        watch.wantFreeze(number)
        for _ in 0..<Self.looksMax {
            guard let isFrozen = watch.isFrozen(number), !isCancelled() else { throw Self.givenUp }
            if isFrozen { return }
            try nudge()
            if watch.isFrozen(number) == true { return }
            usleep(Self.lookMicros)
            // It may have been let go for another copy that took too long.
            watch.wantFreeze(number)
        }
        throw StorageFailure(
            description:
                "the write-ahead log could not be moved into the ledger's file for half a minute: is the disk full?")
    }

    /// Makes a file of its own of it, that needs no log.
    private func finish(_ buffer: inout [UInt8]) throws {
        try source.read(&buffer, Self.pageBytes, at: 0)
        let size = buffer[Self.sizeOffset..<Self.sizeOffset + 4].reduce(0) { $0 << 8 | Int64($1) }
        guard buffer[16] == UInt8(Self.pageBytes >> 8), buffer[17] == 0, size > 0 else {
            throw StorageFailure(description: "the copy's header can't be read")
        }
        buffer[Self.versionOffset] = 1
        buffer[Self.versionOffset + 1] = 1
        try target.write(buffer, Self.pageBytes, at: 0)
        try target.truncate(to: size * Int64(Self.pageBytes))
    }

    private func copy(_ pages: PageSet, _ buffer: inout [UInt8]) throws {
        try pages.forEachRun { first, count throws in try copy(Int(first), count, &buffer) }
    }

    private func copy(_ first: Int, _ count: Int, _ buffer: inout [UInt8]) throws {
        var (next, left) = (first, count)
        while left > 0 {
            guard !isCancelled() else { throw Self.givenUp }
            let some = min(left, Self.pagesAtOnce)
            let (bytes, offset) = (some * Self.pageBytes, Int64(next - 1) * Int64(Self.pageBytes))
            try source.read(&buffer, bytes, at: offset)
            try target.write(buffer, bytes, at: offset)
            next += some
            left -= some
        }
    }

    private static let givenUp = StorageFailure(description: "it was given up, the daemon is stopping")
}

/// A database's main file, through SQLite's interface to files, without any transaction.
private final class RawFile {
    private let path: String
    private var handle: OpaquePointer?
    private var writeBack: (descriptor: Int32, WriteBack)?
    /// SQLite's own files take fewer than 128 KiB at once, and call more a full disk.
    private static let writeBytesMax = 64 << 10

    init(_ path: String, _ flags: Int32) throws {
        self.path = path
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        try check(code, "\(path) can't be opened")
    }

    // Nobody else has the copy open, so that this close lets go of nobody's locks.
    deinit {
        if let writeBack { close(writeBack.descriptor) }
        sqlite3_close_v2(handle)
    }

    func size() throws -> Int64 {
        var size: Int64 = 0
        try check(sqlite_main_size(handle, &size), "its size")
        return size
    }

    /// Reads a piece; behind the file's end there are zeros.
    func read(_ buffer: inout [UInt8], _ count: Int, at offset: Int64) throws {
        let code = buffer.withUnsafeMutableBytes { sqlite_read_main(handle, $0.baseAddress, Int32(count), offset) }
        guard code != SQLITE_IOERR | 2 << 8 else { return }
        try check(code, "the ledger can't be read")
    }

    func write(_ buffer: [UInt8], _ count: Int, at offset: Int64) throws {
        try buffer.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: count, by: Self.writeBytesMax) {
                let some = Int32(min(Self.writeBytesMax, count - start))
                let code = sqlite_write_main(
                    handle, bytes.baseAddress?.advanced(by: start), some, offset + Int64(start))
                try check(code, "the copy can't be written")
            }
        }
        writeBack?.1.wrote(count, at: offset)
    }

    /// Has what is written from now on go to the disk little by little.
    func paceWrites() throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageFailure(description: "\(path): \(String(cString: strerror(errno)))") }
        writeBack = (descriptor, WriteBack(descriptor))
    }

    func truncate(to size: Int64) throws { try check(sqlite_truncate_main(handle, size), "the copy can't be cut off") }

    private func check(_ code: Int32, _ words: String) throws {
        guard code != SQLITE_OK else { return }
        let reason = code & 0xFF == SQLITE_FULL ? "the disk is full" : sqlite3_errstr(code).map { String(cString: $0) }
        throw StorageFailure(description: "\(words): \(reason ?? "error \(code)")")
    }
}
