import ArgumentParser
import Background
import Foundation
import Glibc
import Ledger

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "The books.", subcommands: [List.self, Verify.self, Export.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the transfers of an org's credits, newest first.",
            discussion: "Example: meterctl ledger list acme --limit 20")

        @Argument(help: "The org.") var org: String
        @Option(help: "Transfers at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    TransferView.self, ["v1", "orgs", org, "transfers"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("TRANSFER", .right), ("AT", .left), ("CODE", .left), ("DEBIT", .left), ("CREDIT", .left),
                        ("AMOUNT", .right), ("REFERENCE", .right), ("GRANTS", .left))
                    table.rows = page.items.map {
                        [
                            "\($0.transfer)", $0.at, $0.code, $0.debit, $0.credit, dollars($0.amount),
                            "\($0.reference)", $0.grants.map { "\($0.grant)" }.joined(separator: ", "),
                        ]
                    }
                    return table.text
                }
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recomputes every balance from its transfers; exits 1 if one differs.",
            discussion: """
                Examples: meterctl ledger verify
                          meterctl ledger verify --database /backup/meterd.db (a copy that no daemon holds)
                """)

        @Option(help: "A copy of a database that no daemon holds, in place of the daemon's own.") var database: String?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            BackgroundThread.becomeProcess()
            try await orExit {
                let report = try await report()
                try common.show(report) { report in
                    let erased = report.erased > 0 ? " (\(report.erased) with their detail erased)" : ""
                    let counts = """
                        \(report.accounts) accounts, \(report.transfers) transfers, \(report.records) usage records\(erased), \
                        \(report.corrections) corrections, \(report.grants) grants, \(report.holds) holds, \
                        \(report.payments) payments, \(report.invoices) invoices, \(report.sums) sums by day, \
                        \(report.sealed) rows beside the books, \(report.commits) commits
                        """
                    guard !report.ok else { return "the books balance: \(counts)" }
                    return report.problems.joined(separator: "\n") + "\nthe books do NOT balance: \(counts)"
                }
                if !report.ok { throw ExitCode(Failure.Status.refused.rawValue) }
            }
        }

        private func report() async throws -> VerificationReport {
            guard let database else {
                return try await common.client.get(VerificationReport.self, ["v1", "ledger", "verification"])
            }
            try LedgerCommand.check(database)
            do {
                return try Verification.run(databaseFile: database)
            } catch {
                throw Failure(status: .refused, message: "\(database) can't be verified: \(error)")
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes every transfer as a journal that hledger reads, the balances asserted at its end.",
            discussion: """
                Examples: meterctl ledger export > meterd.journal && hledger -f meterd.journal check
                          meterctl ledger export --org acme | hledger -f - balance
                """)

        @Option(help: "Only this org's.") var org: String?
        @Option(help: "A copy of a database that no daemon holds, in place of the daemon's own.") var database: String?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            if common.json { throw ValidationError("a journal is text for hledger; there is no --json of it") }
            BackgroundThread.becomeProcess()
            try await orExit {
                var output = LongOutput()
                guard let database else {
                    return try await common.client.text(["v1", "ledger", "journal"], ["org": org]) { piece in
                        output.write(piece.readableBytesView)
                    }
                }
                try LedgerCommand.check(database)
                let isThere: Bool
                do {
                    isThere = try JournalExport.write(databaseFile: database, org: org) { text in
                        output.write(text.utf8)
                    }
                } catch {
                    throw Failure(status: .refused, message: "\(database) can't be read: \(error)")
                }
                if !isThere {
                    throw Failure(status: .refused, message: "there is no org '\(org ?? "")' in \(database)")
                }
            }
        }
    }

    /// Refuses what is no file, or a database that a daemon holds.
    private static func check(_ database: String) throws(Failure) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: database, isDirectory: &isDirectory), !isDirectory.boolValue,
            FileManager.default.isReadableFile(atPath: database)
        else {
            let reason = isDirectory.boolValue ? "is a directory; name the database file in it" : "can't be read"
            throw Failure(status: .refused, message: "\(database) \(reason)")
        }
        if isHeld(database) {
            throw Failure(
                status: .refused,
                message: "\(database) is in use by meterd; leave --database out to ask the daemon, or name a copy")
        }
    }

    /// Whether a daemon holds the state directory that the file lies in.
    private static func isHeld(_ database: String) -> Bool {
        let lock = open((database as NSString).deletingLastPathComponent + "/lock", O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        return flock(lock, LOCK_EX | LOCK_NB) != 0
    }
}
