import GRDB

extension Verifier {
    /// Compares each row that stands beside the books with its seal, and each seal with its row.
    mutating func compareSeals() throws(SQLiteError) {
        for table in RowSeals.tables {
            let key = RowSeals.key(of: table, "\(table.name).")
            let conditions = [table.premise, table.condition.map { "\(table.name).\($0)" }].compactMap { $0 }
            let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
            let rows = try connection.prepare(
                """
                SELECT \(key), row_seal.digest IS \(RowSeals.digest(of: table, "\(table.name)."))
                FROM \(table.name) LEFT JOIN row_seal ON row_seal.name = '\(table.name)' AND row_seal.key = \(key)\(condition)
                """)
            while try rows.step() {
                report.sealed += 1
                if rows.int(1) == 0 { report.add("\(table.name) \(rows.text(0) ?? ""): it is not as it was written") }
            }
            let seals = try connection.prepare(
                """
                SELECT key FROM row_seal WHERE name = '\(table.name)'
                EXCEPT SELECT \(key) FROM \(table.name)\(condition)
                """)
            while try seals.step() { report.add("\(table.name) \(seals.text(0) ?? "") is missing") }
        }
        let names = RowSeals.tables.map { "'\($0.name)'" }.joined(separator: ", ")
        let others = try connection.prepare("SELECT name, key FROM row_seal WHERE name NOT IN (\(names))")
        while try others.step() {
            report.add("a seal is of no row that there can be: \(others.text(0) ?? "") \(others.text(1) ?? "")")
        }
        let windows = try connection.prepare(
            "SELECT id FROM member WHERE seal IS NOT \(RowSeals.memberWindows)")
        while try windows.step() {
            report.add("member \(windows.int(0)): what they spent of late is not as it was written")
        }
    }

    /// Compares tables, indexes and triggers with those that this version makes: without its triggers a table lets itself be
    /// changed.
    mutating func compareSchema(_ database: Database) throws {
        let made = try Self.made.get()
        let found = try Self.schema(database)
        for (name, sql) in made.sorted(by: { $0.key < $1.key }) where found[name] != sql {
            report.add("the file: \(name) is \(found[name] == nil ? "missing" : "not what this version makes")")
        }
        for name in found.keys.filter({ made[$0] == nil }).sorted() { report.add("the file: \(name) is not ours") }
        let steps = Set(try String.fetchAll(database, sql: "SELECT identifier FROM grdb_migrations"))
        for step in steps.symmetricDifference(Schema.migrator().migrations).sorted() {
            report.add("the file: whether its form is that of '\(step)' is not what is on record")
        }
    }

    /// The schema that this version makes.
    private static let made = Result { try Schema.inMemory().read { try schema($0) } }

    private static func schema(_ database: Database) throws -> [String: String] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT type || ' ' || name AS name, coalesce(sql, '') AS sql FROM sqlite_schema")
        return Dictionary(rows.map { ($0["name"], $0["sql"]) }) { first, _ in first }
    }
}
