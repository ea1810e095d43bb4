import Foundation
import Glibc
import TestSupport
import Testing

/// A ledger that is gone, moved, or another one: nobody gets an empty one in its place, and nothing is acknowledged that nobody
/// finds again.
@Suite(.serialized)
struct LostLedgerTests {
    private static let usage = #"{"id":"ID","org":"acme","model":"gpt-5","usage":{"prompt_tokens":8}}"#

    /// A daemon that stopped, with an org and a record in its ledger, and a backup of that.
    private static func used(environment: [String: String] = [:]) throws -> RunningDaemon {
        let daemon = try RunningDaemon(environment: environment)
        _ = try daemon.json("org", "create", "acme")
        #expect(try LineClient(daemon.ingestSocket).ask(usage).contains("\"ok\":true"))
        return daemon
    }

    private func start(_ daemon: RunningDaemon, _ environment: [String: String] = [:]) throws -> Binaries.Result {
        try Binaries.run(
            "meterd",
            [
                "run", "--state-dir", daemon.stateDirectory, "--ingest-socket", daemon.ingestSocket, "--control-socket",
                daemon.controlSocket, "--rates", Binaries.rates,
            ], environment: environment)
    }

    private func initialize(
        _ directory: String, _ more: String..., environment: [String: String] = [:]
    ) throws -> Binaries.Result {
        try Binaries.run("meterd", ["init", "--state-dir", directory] + more, environment: environment)
    }

    private func remove(_ daemon: RunningDaemon, also more: [String] = []) throws {
        for file in try FileManager.default.contentsOfDirectory(atPath: daemon.stateDirectory)
        where file.hasPrefix("meterd.db") || more.contains(file) {
            try FileManager.default.removeItem(atPath: daemon.stateDirectory + "/" + file)
        }
    }

    @Test func noStartMakesALedger() throws {
        let directory = try TemporaryDirectory()
        let state = directory.path + "/state"
        func run() throws -> Binaries.Result {
            try Binaries.run(
                "meterd",
                [
                    "run", "--state-dir", state, "--ingest-socket", directory.path + "/i", "--control-socket",
                    directory.path + "/c",
                ])
        }
        let refused = try run()
        #expect(refused.status == 65 && refused.errors.contains("meterd init"), "\(refused)")
        #expect(!FileManager.default.fileExists(atPath: state))
        let made = try initialize(state)
        #expect(made.status == 0 && made.output.contains("a new, empty ledger is in \(state)"), "\(made)")
        let again = try initialize(state)
        #expect(again.status == 0 && again.output.contains("stays as it is"), "\(again)")
        // Whoever was cut off before there was a ledger has made none.
        let file = state + "/meterd.db"
        try FileManager.default.removeItem(atPath: file)
        #expect(FileManager.default.createFile(atPath: file, contents: nil))
        let empty = try run()
        #expect(empty.status == 65 && empty.errors.contains("holds no ledger"), "\(empty)")
        #expect(try initialize(state).output.contains("a new, empty ledger"))
    }

    @Test func aLostLedgerIsNoEmptyOne() throws {
        let folder = try TemporaryDirectory()
        let environment = ["METERD_BACKUP_FOLDER": folder.path]
        let daemon = try Self.used(environment: environment)
        _ = try daemon.json("backup", "--into", folder.path)
        let good = try daemon.meterctl("doctor")
        #expect(good.output.contains("1 records, 1 of them in the newest backup"), "\(good)")
        let backup = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path).first)
        #expect(daemon.terminate() == 0)
        try remove(daemon)
        let lost = try start(daemon, environment)
        #expect(lost.status == 65, "\(lost)")
        for words in ["with 1 records", "meterd restore \(folder.path)/\(backup)", "mount its disk", "init --anew"] {
            #expect(lost.errors.contains(words), "\(words): \(lost)")
        }
        // Also if only one of the two says so.
        let withoutFolder = try start(daemon)
        #expect(withoutFolder.status == 65 && withoutFolder.errors.contains("with 1 records"), "\(withoutFolder)")
        let refused = try initialize(daemon.stateDirectory, environment: environment)
        #expect(refused.status == 65 && refused.errors.contains("there was a ledger before"), "\(refused)")
        // A note that can't be read is the note of some ledger.
        let note = daemon.stateDirectory + "/history.json"
        let noted = try String(contentsOfFile: note, encoding: .utf8)
        try "{".write(toFile: note, atomically: true, encoding: .utf8)
        let torn = try initialize(daemon.stateDirectory)
        #expect(torn.status == 65 && torn.errors.contains("history.json is there and can't be read"), "\(torn)")
        try noted.write(toFile: note, atomically: true, encoding: .utf8)
        // Another ledger in the folder of its backups.
        let anew = try initialize(daemon.stateDirectory, "--anew", environment: environment)
        #expect(anew.status == 0 && anew.output.contains("history.json."), "\(anew)")
        try daemon.start()
        let other = try daemon.meterctl("doctor")
        #expect(other.status == 1 && other.output.contains("the newest backup is of ledger"), "\(other)")
        #expect(daemon.terminate() == 0)
        // Put back, with what is known of the one that is there now.
        try remove(daemon)
        let restored = try Binaries.run(
            "meterd", ["restore", "\(folder.path)/\(backup)", "--state-dir", daemon.stateDirectory])
        #expect(restored.status == 0, "\(restored)")
        try daemon.start()
        #expect(try LineClient(daemon.ingestSocket).ask(Self.usage).contains("\"duplicate\":true"))
        #expect(try daemon.meterctl("doctor").output.contains("1 of them in the newest backup"))
    }

    @Test func anotherLedgerInThePlaceOfTheOneThatWasThereIsRefused() throws {
        let (daemon, other) = (try Self.used(), try Self.used())
        #expect(daemon.terminate() == 0 && other.terminate() == 0)
        try remove(daemon)
        try FileManager.default.copyItem(
            atPath: other.stateDirectory + "/meterd.db", toPath: daemon.stateDirectory + "/meterd.db")
        let refused = try start(daemon)
        #expect(refused.status == 65 && refused.errors.contains("history.json says that ledger"), "\(refused)")
        try FileManager.default.removeItem(atPath: daemon.stateDirectory + "/history.json")
        try daemon.start()
        #expect(try daemon.json("status")["records"] as? Int == 1)
    }

    @Test func aStateThatIsHeldIsWaitedFor() throws {
        let daemon = try Self.used()
        #expect(daemon.terminate() == 0)
        // Without systemd nobody waits.
        let lock = open(daemon.stateDirectory + "/lock", O_RDWR | O_CLOEXEC)
        defer { close(lock) }
        try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
        let refused = try start(daemon)
        #expect(refused.status == 73 && refused.errors.contains("in use by another meterd"), "\(refused)")
        try daemon.launch()
        let words = try daemon.notify.wait(for: "waits for its ledger")
        #expect(words.contains("in use by another meterd"))
        // Who connects meanwhile is served when it begins.
        let client = try LineClient(daemon.ingestSocket)
        #expect(flock(lock, LOCK_UN) == 0)
        #expect(try client.ask(Self.usage).contains("\"duplicate\":true"))
    }

    @Test(arguments: ["moved", "removed", "replaced"])
    func aFileThatIsNotInItsPlaceEndsTheDaemonBeforeItAnswers(how: String) throws {
        let daemon = try Self.used()
        let path = daemon.stateDirectory + "/meterd.db"
        let client = try LineClient(daemon.ingestSocket)
        #expect(try client.ask(Self.usage).contains("\"duplicate\":true"))
        switch how {
        case "removed": try remove(daemon)
        default:
            #expect(rename(path, path + ".away") == 0)
            #expect(rename(path + "-wal", path + ".away-wal") == 0)
            if how == "replaced" { try FileManager.default.copyItem(atPath: path + ".away", toPath: path) }
        }
        let line = Self.usage.replacing("ID", with: "late")
        #expect(throws: (any Error).self) { try client.ask(line) }
        daemon.waitForEnd()
        #expect(daemon.status == 74)
        #expect(daemon.log.contains("was moved, removed or replaced"), "\(daemon.log)")
        guard how == "moved" else { return }
        // Nothing is lost: what was acknowledged is in the file that was moved.
        let gone = try start(daemon)
        #expect(gone.status == 65, "\(gone)")
        #expect(rename(path + ".away", path) == 0 && rename(path + ".away-wal", path + "-wal") == 0)
        try daemon.start()
        #expect(try LineClient(daemon.ingestSocket).ask(Self.usage).contains("\"duplicate\":true"))
    }

    @Test func aNoteThatCannotBeReadIsKeptAsideAndTold() throws {
        let daemon = try Self.used()
        #expect(daemon.terminate() == 0)
        let note = daemon.stateDirectory + "/history.json"
        try "{\"mark\":".write(toFile: note, atomically: true, encoding: .utf8)
        try daemon.start()
        #expect(daemon.terminate() == 0)
        let aside = try FileManager.default.contentsOfDirectory(atPath: daemon.stateDirectory)
            .filter { $0.hasPrefix("history.json.unreadable-") }
        #expect(aside.count == 1, "\(aside)")
        #expect(daemon.log.contains("history.json can't be read and is kept as"), "\(daemon.log)")
        // The next start has a note of its own again.
        try daemon.start()
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.components(separatedBy: "can't be read and is kept").count == 2)
    }
}
