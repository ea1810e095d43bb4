import Foundation
import Glibc
import TestSupport
import Testing

/// What an operator relies on: a reload that is in force when it returns, names that are checked, words while the daemon is down,
/// backups that are seen to fail.
@Suite(.serialized)
struct OperatorTests {
    @Test func aReloadReturnsWhenItIsInForce() throws {
        let folder = try TemporaryDirectory()
        let file = folder.path + "/meterd.yaml"
        func write(_ text: String) throws { try text.write(toFile: file, atomically: true, encoding: .utf8) }
        try write("log: {level: info}\n")
        let daemon = try RunningDaemon(arguments: ["--config", file])
        // Each in turn, at once after it: a reload that isn't waited for would be met in one of them.
        for round in 0..<20 {
            try write("quarantine: {mib_max: \(100 + round)}\nlog: {level: info, records: \(round % 2 == 0)}\n")
            let result = try daemon.meterctl("reload")
            #expect(result.status == 0 && result.output.contains("reloaded"), "\(result)")
        }
        try write("log: {level: loud}\n")
        let refused = try daemon.meterctl("reload")
        #expect(refused.status == 1 && refused.errors.contains("log.level: is 'loud'"), "\(refused)")
        #expect(refused.errors.contains("the old configuration stays"), "\(refused)")
        // What it logs is written by the time it has ended.
        #expect(daemon.terminate() == 0)
        let words = "these settings changed and need a restart: quarantine"
        #expect(daemon.log.components(separatedBy: words).count - 1 == 20, "\(daemon.log)")
    }

    @Test func aVariableThatIsMisspeltStopsTheStart() throws {
        for (name, nearest) in [
            ("METERD_STATEDIR", "METERD_STATE_DIR"), ("METERD_LOG_LEVLE", "METERD_LOG_LEVEL"),
        ] {
            for command in [["run"], ["check-config"], ["init"]] {
                let result = try Binaries.run("meterd", command, environment: [name: "x"])
                #expect(result.status == 78, "\(result)")
                #expect(
                    result.errors.contains("\(name): there is no such setting; the nearest is \(nearest)"), "\(result)")
            }
        }
        // Kubernetes makes variables of Services.
        for (name, value) in [
            ("METERD_PORT", "tcp://10.0.0.7:80"), ("METERD_SERVICE_HOST", "10.0.0.7"),
            ("METERD_WEB_SERVICE_PORT_HTTP", "80"),
            ("METERD_PORT_8080_TCP_ADDR", "10.0.0.7"), ("METERD_WEB_PORT_8080_TCP", "tcp://10.0.0.7:8080"),
        ] {
            let passed = try Binaries.run(
                "meterd", ["check-config", "--config", "/dev/null"], environment: [name: value])
            #expect(passed.status == 0, "\(passed)")
        }
        let port = try Binaries.run("meterd", ["check-config"], environment: ["METERD_PORT": "8080"])
        #expect(port.status == 78, "\(port)")
        let peers = try Binaries.run("meterd", ["check-config"], environment: ["METERD_PEERS": "x"])
        #expect(peers.status == 78 && peers.errors.contains("only the configuration file"), "\(peers)")
    }

    @Test func linesOnStandardErrorHaveATimeAndMayBeObjects() throws {
        let plain = try RunningDaemon()
        #expect(plain.terminate() == 0)
        #expect(plain.log.contains(/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ notice ready/), "\(plain.log)")
        let daemon = try RunningDaemon(environment: ["METERD_LOG_FORMAT": "json"])
        #expect(daemon.terminate() == 0)
        let line = try #require(daemon.log.split(separator: "\n").first { $0.contains("\"ready\"") })
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
        #expect(object?["level"] == "notice" && object?["ingest"] == daemon.ingestSocket)
        #expect(object?["message_id"] == "8927e9c45ce541ea94e430680f3a7104")
    }

    @Test func doctorSaysWhatItKnowsOfADaemonThatIsDown() throws {
        let daemon = try RunningDaemon()
        #expect(try daemon.meterctl("status", "--ready").status == 0)
        #expect(try daemon.meterctl("status", "--ready").output.isEmpty)
        #expect(daemon.terminate() == 0)
        #expect(try daemon.meterctl("status", "--ready").status == 69)
        let found = try daemon.meterctl("doctor", "--state-dir", daemon.stateDirectory)
        #expect(found.status == 1, "\(found)")
        for words in ["can't be reached", "\(daemon.stateDirectory)/meterd.db, ", "MiB free"] {
            #expect(found.output.contains(words), "\(words): \(found)")
        }
        let lost = try daemon.meterctl("doctor", "--state-dir", daemon.directory.path + "/nowhere")
        #expect(
            lost.output.contains("/nowhere/meterd.db is not there") && lost.output.contains("meterd init"), "\(lost)")
    }

    @Test func backupsAreSeenInMetrics() throws {
        let folder = try TemporaryDirectory()
        let daemon = try RunningDaemon(environment: ["METERD_BACKUP_FOLDER": folder.path])
        func metrics() throws -> String {
            try daemon.ask("GET", "/metrics", nil)
        }
        #expect(try metrics().contains("meterd_backup_newest_timestamp_seconds 0\n"))
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("backup", "--into", folder.path)
        var text = try metrics()
        for words in [
            "meterd_backup_last_ok 1", "meterd_backup_failures_total 0", "meterd_backup_newest_timestamp_seconds",
        ] {
            #expect(text.contains(words), "\(words)")
        }
        // One that can't be proven says so: whoever makes it finds its copy cut off.
        let report = #"{"ok":false,"bytes":7,"seconds":0.5,"error":"the copy's books don't balance"}"#
        _ = try daemon.ask("POST", "/v1/ledger/backup-reports", report)
        text = try metrics()
        #expect(text.contains("meterd_backup_last_ok 0") && text.contains("meterd_backup_failures_total 1"))
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.contains("a backup of the ledger failed: the copy's books don't balance"))
        #expect(daemon.log.contains("a copy of the ledger was made"))
    }

    @Test func backupsGoIntoTheDaemonsFolderAndAreRestoredInATest() throws {
        let folder = try TemporaryDirectory()
        let scratch = try TemporaryDirectory()
        let daemon = try RunningDaemon(environment: ["METERD_BACKUP_FOLDER": folder.path])
        let none = try daemon.meterctl("backup", "verify")
        #expect(none.status == 1 && none.errors.contains("there is no backup in \(folder.path)"), "\(none)")
        _ = try daemon.json("org", "create", "acme")
        let made = try daemon.json("backup", "--keep", "2")
        let path = try #require(made["path"] as? String)
        #expect(path.hasPrefix(folder.path + "/meterd-"))
        #expect(try daemon.json("backup", "verify")["is_restored"] as? Bool == false)
        let tested = try daemon.json("backup", "verify", "--restore", "--scratch", scratch.path)
        #expect(tested["path"] as? String == path && tested["is_restored"] as? Bool == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
        #expect(try daemon.ask("GET", "/metrics", nil).contains("meterd_restore_test_last_ok 1"))

        // A test that was cut off leaves its folder; the next one removes it, and no other's.
        let left = scratch.path + "/meterd-restore-test.abc123"
        let elsewhere = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path + "/meterd-restore-test.link", withDestinationPath: elsewhere.path)
        _ = try daemon.json("backup", "verify", "--restore", "--scratch", scratch.path)
        #expect(!FileManager.default.fileExists(atPath: left))
        #expect(FileManager.default.fileExists(atPath: elsewhere.path))
        try FileManager.default.removeItem(atPath: scratch.path + "/meterd-restore-test.link")

        // The head of a page is overwritten: that is found by both, and told.
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: 4096 * 3)
        try file.write(contentsOf: Data(repeating: 0xa5, count: 64))
        try file.close()
        for arguments in [["backup", "verify"], ["backup", "verify", "--restore", "--scratch", scratch.path]] {
            let result = try Binaries.run(
                "meterctl", arguments, environment: ["METERD_CONTROL_SOCKET": daemon.controlSocket])
            #expect(result.status == 1, "\(result)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
        let metrics = try daemon.ask("GET", "/metrics", nil)
        #expect(metrics.contains("meterd_restore_test_last_ok 0"))
        #expect(metrics.contains("meterd_restore_test_failures_total 1"))
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.contains("a test restore of a backup failed: "), "\(daemon.log)")

        // Without a folder of its own the daemon says so.
        let other = try RunningDaemon()
        #expect(try other.meterctl("doctor").output.contains("no folder is named for them"))
        let nowhere = try other.meterctl("backup")
        #expect(nowhere.status == 1 && nowhere.errors.contains("the daemon has no backup.folder"), "\(nowhere)")
    }

    @Test func probesAreAnsweredOverTCPAndNothingElseIs() throws {
        // A port that nobody has at this moment.
        let port = try Self.freePort()
        let daemon = try RunningDaemon(arguments: ["--health-listen", "0.0.0.0:\(port)", "--log-format", "json"])
        func answer(_ path: String) throws -> String { try Self.get(path, port) }
        #expect(try answer("/healthz").hasPrefix("HTTP/1.1 200"))
        #expect(try answer("/readyz").hasPrefix("HTTP/1.1 200"))
        for path in ["/metrics", "/v1/status", "/v1/orgs"] {
            #expect(try answer(path).hasPrefix("HTTP/1.1 404"), "\(path)")
        }
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.hasPrefix("{"), "\(daemon.log)")
        for (key, value, expected) in [
            ("health.listen", "8080", "an address and a port"),
            ("health.listen", "example.com:80", "an address and a port"),
            ("metrics.listen", "0.0.0.0:9464", "a loopback address"),
            ("metrics.listen", "[::]:9464", "a loopback address"),
        ] {
            let name = "METERD_" + key.replacing(".", with: "_").uppercased()
            let refused = try Binaries.run("meterd", ["check-config"], environment: [name: value])
            #expect(refused.status == 78 && refused.errors.contains(expected), "\(refused)")
        }
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        return UInt16(bigEndian: address.sin_port)
    }

    /// What a probe gets, head and body.
    private static func get(_ path: String, _ port: UInt16) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        try file.write(contentsOf: Data("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8))
        return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    }
}
