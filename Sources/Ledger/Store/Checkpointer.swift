/// Moves the write-ahead log into the main file after commits, and has it begun anew.
///
/// A read that began before the newest commit keeps the log from being moved whole, and any read keeps it from being begun anew. Each
/// attempt syncs the main file. So the next one comes when the log has grown some more, not with each commit, and long work is asked
/// to stop reading (``ReadGate``).
struct Checkpointer {
    private let pagesMax: Int
    private let copies: CopyWatch
    private let gate: ReadGate
    /// Pages in the log at which the next attempt is due.
    private var due: Int
    /// Pages after the latest commit.
    private var pages = 0
    /// Which log was moved up to where.
    private var moved = (salt: UInt64(0), pages: 0)
    /// Pages at the latest attempt for a copy.
    private var triedForCopy: Int?

    init(_ options: StoreOptions) {
        (pagesMax, copies, gate) = (options.checkpointPages, options.copies, options.gate)
        due = pagesMax
    }

    /// Does what is due after a commit. What was committed is durable in the log, whatever becomes of this; but a sync that failed must
    /// not be passed over: the log would be overwritten while the file lacks what was in it.
    mutating func run(_ connection: SQLiteConnection) throws(StorageFailure) {
        if connection.pagesInLog < pages {
            due = pagesMax
            gate.open()
        }
        pages = connection.pagesInLog
        let isDue = connection.didWriteLog && pages >= due
        guard isDue || isDueForCopy(connection), copies.mayCheckpoint(logPages: pages) else { return }
        // The log was not begun anew since the latest attempt.
        if due > pagesMax || copies.wantsFreeze { gate.close() }
        if isDue { due = pages + max(1, pagesMax / 4) }
        do throws(SQLiteError) {
            try move(connection)
        } catch {
            throw StorageFailure(description: "\(error)")
        }
    }

    /// Whether to try to move the whole log for a copy: after a commit that wrote nothing, and each time the log has grown by an eighth.
    private mutating func isDueForCopy(_ connection: SQLiteConnection) -> Bool {
        guard copies.wantsFreeze else {
            triedForCopy = nil
            return false
        }
        if let tried = triedForCopy, connection.didWriteLog, tried <= pages, pages < tried + pagesMax / 8 {
            return false
        }
        triedForCopy = pages
        return true
    }

    private mutating func move(_ connection: SQLiteConnection) throws(SQLiteError) {
        let salt = try connection.logSalt()
        if salt != moved.salt { moved = (salt, 0) }
        var isWhole = false
        var upTo = moved.pages
        do throws(SQLiteError) {
            let result = try connection.checkpoint()
            isWhole = result.moved == result.pages
            upTo = result.moved
        } catch {
            // No room to make the file longer: the log stays, and is moved when there is some.
            guard error.isFull else { throw error }
        }
        if copies.isActive {
            copies.didCheckpoint(try connection.pageNumbersInLog(from: moved.pages), isWhole: isWhole)
        }
        moved.pages = upTo
    }
}
