import Foundation
import TestSupport
import Testing

@testable import Dashboard
@testable import Notify
@testable import meterd

/// What operators have: backups, the way back, doctor, top, metrics, the journal's catalog, the rules of who may speak.
@Suite(.ownThread) struct OperatingTests {
    private static let usage = #"{"id":"ID","org":"acme","model":"gpt-5","usage":{"prompt_tokens":1000}}"#

    private func records(_ range: Range<Int>) -> String {
        range.map { Self.usage.replacing("ID", with: "r\($0)") + "\n" }.joined()
    }

    // MARK: Backups

    @Test func anOlderStateThatWasPutInPlaceIsSeenAndSaid() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        #expect(try daemon.meterctl("send", input: records(0..<10)).status == 0)
        let path = daemon.directory.path + "/backup.db"
        _ = try daemon.json("backup", path)
        #expect(try daemon.meterctl("send", input: records(10..<17)).status == 0)
        #expect(daemon.terminate() == 0)
        try daemon.start()
        #expect(try daemon.json("status")["gap"] == nil)
        #expect(daemon.terminate() == 0)

        try FileManager.default.removeItem(atPath: daemon.stateDirectory + "/meterd.db")
        try FileManager.default.copyItem(atPath: path, toPath: daemon.stateDirectory + "/meterd.db")
        try daemon.start()
        let gap = try #require(try daemon.json("status")["gap"] as? [String: Any])
        #expect(gap["records"] as? Int == 7)
        #expect(try daemon.meterctl("status").output.contains("7 records"))
        // Said once, and kept.
        #expect(daemon.terminate() == 0)
        try daemon.start()
        #expect(try daemon.json("status")["gap"] as? NSDictionary == gap as NSDictionary)
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.split(separator: "\n").count { $0.contains("usage records and") } == 1, "\(daemon.log)")
    }

    @Test func aBackupUnderLoadIsWholeAndRestoresToWhatItSays() async throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        _ = try daemon.meterctl("credits", "grant", "acme", "10")
        #expect(try daemon.meterctl("send", input: records(0..<100)).status == 0)
        let (ingest, control) = (daemon.ingestSocket, daemon.controlSocket)
        let load = records(100..<5000)
        let sending = Background {
            try Binaries.run(
                "meterctl", ["send"], input: load,
                environment: ["METERD_INGEST_SOCKET": ingest, "METERD_CONTROL_SOCKET": control])
        }
        let path = daemon.directory.path + "/backup.db"
        let backup = try daemon.json("backup", path)
        #expect(try await sending.value.status == 0)
        let count = try #require(backup["records"] as? Int)
        #expect(count >= 100)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try daemon.meterctl("ledger", "verify", "--database", path).output.contains("\(count) usage records"))
        let left = try FileManager.default.contentsOfDirectory(atPath: daemon.stateDirectory)
        #expect(!left.contains { $0.hasPrefix("snapshot-") }, "\(left)")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: daemon.directory.path).filter {
                $0.hasPrefix("backup.db")
            } == ["backup.db"])

        let taken = try daemon.meterctl("backup", path)
        #expect(taken.status == 1 && taken.errors.contains("is there already"))
        #expect(daemon.terminate() == 0)
        let refused = try Binaries.run("meterd", ["restore", path, "--state-dir", daemon.stateDirectory])
        #expect(refused.status == 73 && refused.errors.contains("is not overwritten"))

        let state = daemon.directory.path + "/restored"
        let restored = try Binaries.run("meterd", ["restore", path, "--state-dir", state])
        #expect(restored.status == 0, "\(restored)")
        #expect(restored.output.contains("restored: \(count) records") && restored.output.contains("the gap"))
        #expect(try daemon.meterctl("ledger", "verify", "--database", state + "/meterd.db").status == 0)
        let second = try RunningDaemon(arguments: ["--state-dir", state])
        #expect(try second.json("status")["records"] as? Int == count)
        // What came after it is sent again, all of it, and counted once.
        #expect(try second.meterctl("send", input: records(0..<5000)).status == 0)
        #expect(try second.json("status")["records"] as? Int == 5000)
        #expect(try second.meterctl("ledger", "verify").status == 0)
    }

    @Test func aBackupThatIsDamagedIsNotRestored() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        _ = try daemon.meterctl("credits", "grant", "acme", "10")
        #expect(try daemon.meterctl("send", input: records(0..<200)).status == 0)
        let path = daemon.directory.path + "/backup.db"
        #expect(try daemon.meterctl("backup", path).status == 0)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let place = try #require(bytes.range(of: Data("r150".utf8)))
        bytes.replaceSubrange(place, with: Data("r15X".utf8))
        try bytes.write(to: URL(fileURLWithPath: path))
        let result = try Binaries.run("meterd", ["restore", path, "--state-dir", daemon.directory.path + "/other"])
        #expect(result.status == 65 && result.errors.contains("usage record 151"), "\(result)")
        #expect(!FileManager.default.fileExists(atPath: daemon.directory.path + "/other/meterd.db"))
    }

    @Test func aLedgerWithItsLogIsNoBackupAndALiveOneIsNotReplaced() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        daemon.kill9()
        let old = daemon.directory.path + "/old"
        try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: true)
        for ending in ["", "-wal"] {
            try FileManager.default.moveItem(
                atPath: daemon.stateDirectory + "/meterd.db" + ending, toPath: old + "/meterd.db" + ending)
        }
        let torn = try Binaries.run("meterd", ["restore", old + "/meterd.db", "--state-dir", daemon.stateDirectory])
        #expect(torn.status == 65 && torn.errors.contains("-wal belongs to it"), "\(torn)")
        for ending in ["", "-wal"] {
            try FileManager.default.moveItem(
                atPath: old + "/meterd.db" + ending, toPath: daemon.stateDirectory + "/meterd.db" + ending)
        }
        try daemon.start()
        let path = daemon.directory.path + "/backup.db"
        #expect(try daemon.meterctl("backup", path).status == 0)
        let live = try Binaries.run("meterd", ["restore", path, "--state-dir", daemon.stateDirectory])
        #expect(live.status == 73 && live.errors.contains("in use by another meterd"), "\(live)")
        let pipe = daemon.directory.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let fifo = try Binaries.run("meterd", ["restore", pipe, "--state-dir", old + "/new"])
        #expect(fifo.status == 65 && fifo.errors.contains("not a plain file"), "\(fifo)")
    }

    @Test func whatAKilledBackupLeftIsRemovedByTheNext() throws {
        let daemon = try RunningDaemon()
        let left = daemon.directory.path + "/x.db.partial-999999999"
        try Data("x".utf8).write(to: URL(fileURLWithPath: left))
        #expect(try daemon.meterctl("backup", daemon.directory.path + "/b.db").status == 0)
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    @Test func metricsThatCantBeServedDoNotHoldUpUsage() throws {
        let first = try RunningDaemon(environment: ["METERD_METRICS_LISTEN": "127.0.0.1:9466"])
        let second = try RunningDaemon(environment: ["METERD_METRICS_LISTEN": "127.0.0.1:9466"])
        #expect(try first.meterctl("status").status == 0)
        #expect(try second.meterctl("status").status == 0)
        // What it logs is written by the time it has ended.
        #expect(second.terminate() == 0)
        #expect(second.log.contains("can't be listened on"))
    }

    @Test func aFolderOfBackupsKeepsTheNewestOfItsOwn() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        let folder = daemon.directory.path + "/backups"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["meterd-20200101T000000Z.db", "meterd-20200102T000000Z.db", "mine.db"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
        }
        let result = try daemon.json("backup", "--into", folder, "--keep", "2")
        #expect(result["removed"] as? [String] == ["meterd-20200101T000000Z.db"])
        let left = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(left.count == 3 && left.contains("mine.db") && left.contains("meterd-20200102T000000Z.db"))
    }

    @Test func aCopyThatNobodyReadsIsInNobodysWay() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        // More than a socket and a buffer hold.
        #expect(try daemon.meterctl("send", input: records(0..<40_000)).status == 0)
        var slow: LineClient? = try LineClient(daemon.controlSocket)
        try slow?.write(Array("GET /v1/ledger/backup HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        #expect(try slow?.receive()?.hasPrefix("HTTP/1.1 200") == true)
        let path = daemon.directory.path + "/b.db"
        #expect(try daemon.meterctl("backup", path).status == 0)
        #expect(try daemon.meterctl("ledger", "verify", "--database", path).status == 0)
        slow = nil
    }

    @Test func aLockThatRootTookIsTheOwnersAfterwards() throws {
        guard getuid() == 0 else { return }
        let directory = try TemporaryDirectory()
        let state = directory.path + "/state"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        #expect(chown(state, 65_534, 65_534) == 0)
        let daemon = try RunningDaemon()
        let backup = daemon.directory.path + "/b.db"
        #expect(try daemon.meterctl("backup", backup).status == 0)
        #expect(try Binaries.run("meterd", ["restore", backup, "--state-dir", state]).status == 0)
        for name in ["lock", "meterd.db"] {
            var file = stat()
            #expect(stat(state + "/" + name, &file) == 0 && file.st_uid == 65_534, "\(name)")
        }
    }

    @Test func whatACrashLeftOfACopyIsRemovedAtTheNextStart() throws {
        let daemon = try RunningDaemon()
        daemon.kill9()
        let left = daemon.stateDirectory + "/snapshot-0.db"
        try Data("x".utf8).write(to: URL(fileURLWithPath: left))
        try daemon.start()
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    // MARK: Looking

    @Test func doctorFindsWhatIsMissingAndSaysWhatToDo() throws {
        let daemon = try RunningDaemon()
        let result = try daemon.meterctl("doctor", "--backups", daemon.directory.path)
        #expect(result.output.contains("takes usage") && result.output.contains("meterctl backup --into"), "\(result)")
        chmod(daemon.controlSocket, 0o666)
        let open = try daemon.meterctl("doctor")
        #expect(open.status == 1 && open.output.contains("open to everybody"), "\(open)")
    }

    @Test func topRunsAndEndsAfterOneLook() throws {
        let daemon = try RunningDaemon()
        let result = try daemon.meterctl("top", "--once", "--interval", "0.2")
        #expect(result.status == 0 && result.output.contains("nothing was charged"), "\(result)")
    }

    @Test func aRecordSaysWhoHandedItIn() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        let client = try LineClient(daemon.ingestSocket)
        #expect(try client.ask(Self.usage).contains("\"ok\":true"))
        let record = try daemon.json("usage", "show", "acme", "ID")
        #expect(record["peer_uid"] as? Int == Int(getuid()))
        #expect(record["peer_pid"] as? Int == Int(getpid()))
        #expect(try daemon.meterctl("ledger", "verify").status == 0)
    }

    // MARK: What is installed

    @Test func theCatalogHasEveryEventAndNoOther() throws {
        let catalog = try String(contentsOfFile: Binaries.root + "/systemd/meterd.catalog", encoding: .utf8)
        let ids = catalog.split(separator: "\n").filter { $0.hasPrefix("-- ") }.map { String($0.dropFirst(3)) }
        let known =
            JournalEvent.allCases.map(\.rawValue) + SiteLog.Event.allCases.map(\.rawValue)
            + NotifyLog.Event.allCases.map(\.rawValue)
        #expect(Set(ids) == Set(known))
        #expect(ids.count == known.count)
        let page = try String(contentsOfFile: Binaries.root + "/docs/journal.md", encoding: .utf8)
        for id in known { #expect(page.contains(id), "\(id)") }
    }

    @Test func everyKeyIsInTheShippedFileAndInTheManual() throws {
        let file = try String(contentsOfFile: Binaries.root + "/config/meterd.yaml", encoding: .utf8)
        let manual = try String(contentsOfFile: Binaries.root + "/man/meterd.yaml.5", encoding: .utf8)
        for key in Settings.keys + ["peers"] {
            let last = key.split(separator: ".").last ?? ""
            #expect(file.contains("\(last):"), "\(key) is not in config/meterd.yaml")
            #expect(manual.contains(key), "\(key) is not in the manual")
        }
    }

    @Test func everyTestThatTheThreatModelNamesIsThere() throws {
        let text = try String(contentsOfFile: Binaries.root + "/docs/security.md", encoding: .utf8)
        let folder = Binaries.root + "/Tests/"
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { !$0.contains("/corpus/") }
        let sources = paths.filter { $0.hasSuffix(".swift") || $0.hasSuffix(".py") }
            .compactMap { try? String(contentsOfFile: folder + $0, encoding: .utf8) }.joined()
        var named = 0
        // Of a row of a table, its last column.
        for row in text.split(separator: "\n") where row.hasPrefix("| ") {
            for match in row.split(separator: "|").last?.matches(of: /`([^`]+)`/) ?? [] {
                let name = String(match.1)
                named += 1
                let isThere =
                    sources.contains("func \(name)(") || sources.contains("def \(name)(") || name == "make year"
                    || paths.contains { $0.contains(name) }
                #expect(isThere, "\(name)")
            }
        }
        #expect(named > 40)
    }

    @Test func aDaemonThatTakesCallsAndNeverAnswersIsGivenUpOn() throws {
        let daemon = try RunningDaemon()
        // The kernel goes on taking connections for it.
        kill(daemon.process.processIdentifier, SIGSTOP)
        defer { kill(daemon.process.processIdentifier, SIGCONT) }
        let result = try Binaries.run(
            "meterctl", ["status"],
            environment: ["METERD_CONTROL_SOCKET": daemon.controlSocket, "METERCTL_TIMEOUT": "1"])
        #expect(result.status == 69)
        #expect(result.errors.contains("has not answered for 1 s"))
    }

    @Test func everyCommandIsInTheManual() throws {
        let manual = try String(contentsOfFile: Binaries.root + "/man/meterctl.1", encoding: .utf8)
        let help = try Binaries.run("meterctl", ["--help"]).output
        let commands = help.split(separator: "\n").drop { $0 != "SUBCOMMANDS:" }.dropFirst()
            .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }.compactMap { $0.split(separator: " ").first }
            .filter { $0 != "See" }
        #expect(commands.count > 15)
        for command in commands { #expect(manual.contains("\(command)"), "\(command) is not in the manual") }
    }

    // MARK: Rules of who may speak

    @Test(arguments: [
        ("peers: everybody", "expected a list of rules"),
        ("peers: [{ingest: all}]", "is about nobody"),
        ("peers: [{user: 1}]", "allows nothing"),
        ("peers: [{user: 1, ingest: all, orgs: [ACME]}]", "'ACME' can be no org's name"),
        ("peers: [{user: 1, ingest: all, orgs: all}]", "leave orgs out"),
        ("peers: [{user: 1, ingest: [push]}]", "'push' is not one of all, usage, authorize, release, balance"),
        (
            "peers: [{user: 1, control: [root]}]",
            "'root' is not one of all, admin, viewer, webhook, dashboard, notify, metrics"
        ),
        ("peers: [{user: 1, ingest: all, orgs: []}]", "orgs: expected a list of names"),
        ("peers: [{user: 1, ingest: all, org: acme}]", "org: there is no such key"),
        ("metrics: {listen: '0.0.0.0:9464'}", "expected a loopback address"),
        ("metrics: {listen: '127.0.0.1'}", "expected a loopback address"),
        ("log: {records: perhaps}", "expected true or false"),
    ]) func aWrongRuleIsNamed(document: String, words: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.yaml"
        try document.write(toFile: path, atomically: true, encoding: .utf8)
        let result = try Binaries.run("meterd", ["check-config", "--config", path, "--rates", Binaries.rates])
        #expect(result.status == 78 && result.errors.contains(words), "\(result)")
    }

    @Test func goodRulesAreTaken() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.yaml"
        try """
        peers:
          - user: 1001
            orgs: [acme, globex]
            ingest: [usage, authorize]
          - group: root
            ingest: all
            control: admin
          - {user: nobody-of-that-name, ingest: all}
        metrics: {listen: "[::1]:9464"}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        let result = try Binaries.run("meterd", ["check-config", "--config", path, "--rates", Binaries.rates])
        #expect(result.status == 0, "\(result)")
        // Somebody who left is no reason not to start: the rule is about nobody.
        #expect(result.output.contains("this machine has no user 'nobody-of-that-name'"), "\(result)")
    }

    @Test func aConfigurationThatVanishesDoesNotOpenTheDoor() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.yaml"
        try "peers: [{user: 1, ingest: all}]".write(toFile: path, atomically: true, encoding: .utf8)
        let daemon = try RunningDaemon(arguments: ["--config", path])
        try FileManager.default.removeItem(atPath: path)
        daemon.signal(SIGHUP)
        #expect(try daemon.notify.wait(for: "reload refused").contains("can't be read"))
    }
}
