/// Statements that are compiled when they are first used and then kept, by their text: compiling one with its triggers takes longer
/// than running it.
///
/// They are lent until ``reset()``, which a batch's end calls: none goes on reading, or holds what was bound to it, behind that.
final class KeptStatements {
    private let connection: SQLiteConnection
    private var statements: [String: SQLiteStatement] = [:]
    private var lent: [SQLiteStatement] = []

    init(_ connection: SQLiteConnection) { self.connection = connection }

    /// A statement with nothing bound to it. One that is in the middle of its rows is left there, and another is made.
    func statement(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        if let known = statements[sql], !known.isBusy {
            known.clear()
            lent.append(known)
            return known
        }
        let made = try connection.prepare(sql)
        if statements[sql] == nil {
            statements[sql] = made
            lent.append(made)
        }
        return made
    }

    /// Takes back what was lent.
    func reset() {
        for statement in lent { statement.clear() }
        lent.removeAll(keepingCapacity: true)
    }
}
