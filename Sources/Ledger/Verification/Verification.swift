import GRDB
import Metering

/// Proves the books from scratch, on one snapshot: every stored total against its transfers, every hold and every grant's
/// remainder, every charge against its line items, every row against the chain of commits.
public enum Verification {
    /// Verifies a copy that no daemon holds, its pages included. The file is not changed.
    ///
    /// - Parameter isWholeFile: whether pages and indexes are looked at too.
    public static func run(databaseFile path: String, isWholeFile: Bool = true) throws -> VerificationReport {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration).read {
            try verify($0, isWholeFile: isWholeFile)
        }
    }

    private static func verify(_ database: Database, isWholeFile: Bool) throws -> VerificationReport {
        guard try Int64.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID else {
            throw LedgerOpenError(kind: .unreadable, description: "this file is not a meterd database")
        }
        guard try Schema.migrator().hasCompletedMigrations(database) else {
            throw LedgerOpenError(
                kind: .unreadable,
                description:
                    "an older meterd wrote it; meterd restore puts it into a new state directory, in this version's form, and verifies it there"
            )
        }
        var verifier = try Verifier(SQLiteConnection(borrowing: database.sqliteConnection))
        verifier.connection.knowSeals()
        if isWholeFile { try verifier.checkPages() }
        try verifier.compareSchema(database)
        try verifier.compareSeals()
        try verifier.lookAtPeople()
        try verifier.addUpTransfers()
        try verifier.compareCharges()
        try verifier.compareEstimates()
        try verifier.compareGrants()
        try verifier.compareCards()
        try verifier.compareBilling()
        try verifier.compareSums()
        try verifier.compareQuarantine()
        try verifier.followChain()
        return verifier.report
    }
}
