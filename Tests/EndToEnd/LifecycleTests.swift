import Foundation
import Glibc
import TestSupport
import Testing

/// Starting, refusing to start, reloading, stopping: what an operator and systemd see.
@Suite(.ownThread) struct LifecycleTests {
    @Test func systemdIsToldOfEveryStep() throws {
        let daemon = try RunningDaemon(environment: ["WATCHDOG_USEC": "1000000"])
        _ = try daemon.notify.wait(for: "WATCHDOG=1")
        #expect(try daemon.notify.wait(for: "STATUS=").contains("records/s"))
        daemon.signal(SIGHUP)
        #expect(try daemon.notify.wait(for: "RELOADING=1").contains("MONOTONIC_USEC="))
        #expect(try daemon.notify.wait(for: "READY=1").contains("STATUS=reloaded"))
        daemon.signal(SIGTERM)
        _ = try daemon.notify.wait(for: "STOPPING=1")
        daemon.process.waitUntilExit()
        #expect(daemon.process.terminationStatus == 0)
    }

    @Test func sigtermAnswersWhatWasReadAndChecksTheLogIn() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        let client = try LineClient(daemon.ingestSocket)
        for number in 0..<500 {
            try client.send(#"{"id":"r\#(number)","org":"acme","model":"gpt-5","usage":{"prompt_tokens":8}}"#)
        }
        // The first answer shows that the daemon reads this connection.
        var replies = [try client.receive()]
        daemon.signal(SIGTERM)
        while let reply = try client.receive() { replies.append(reply) }
        daemon.process.waitUntilExit()
        #expect(daemon.process.terminationStatus == 0)
        let accepted = replies.count { $0?.contains("\"ok\":true") == true }
        let refused = replies.count { $0?.contains("shutting_down") == true }
        #expect(accepted + refused == 500)
        let log = try? FileManager.default.attributesOfItem(atPath: daemon.stateDirectory + "/meterd.db-wal")
        #expect((log?[.size] as? Int ?? 0) == 0)
        #expect(!FileManager.default.fileExists(atPath: daemon.ingestSocket))

        // Those that were refused are taken by the next instance; the others are known to it.
        try daemon.start()
        let next = try LineClient(daemon.ingestSocket)
        for number in 0..<500 {
            let reply = try next.ask(#"{"id":"r\#(number)","org":"acme","model":"gpt-5","usage":{"prompt_tokens":8}}"#)
            #expect(reply.contains("\"duplicate\":true") == (number < accepted))
        }
        #expect(try daemon.json("ledger", "verify")["records"] as? Int == 500)
    }

    /// Runs a shell script beside a daemon that systemd's own tool passes sockets to: `0.sock` and so on, of those names. The first
    /// connection starts it.
    private func withPassed(_ names: [String], _ script: String) throws -> Binaries.Result {
        let directory = try TemporaryDirectory()
        let sockets = names.indices.map { "-l \(directory.path)/\($0).sock" }.joined(separator: " ")
        let whole = """
            cd \(directory.path)
            meterd=\(Binaries.folder)/meterd meterctl=\(Binaries.folder)/meterctl
            $meterd init --state-dir state >out
            systemd-socket-activate \(sockets) --fdname \(names.joined(separator: ":")) $meterd run \
                --state-dir state --ingest-socket i --control-socket c --rates \(Binaries.rates) 2>log &
            until [ -S \(names.count - 1).sock ]; do :; done
            \(script)
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", whole]
        process.environment = Binaries.clean
        for file in ["out", "err"] {
            _ = FileManager.default.createFile(atPath: directory.path + "/" + file, contents: nil)
        }
        process.standardOutput = FileHandle(forWritingAtPath: directory.path + "/out")
        process.standardError = FileHandle(forWritingAtPath: directory.path + "/err")
        try process.run()
        process.waitUntilExit()
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: directory.path + "/" + name, encoding: .utf8)
        }
        return Binaries.Result(
            status: process.terminationStatus, output: try text("out"), errors: try text("err") + text("log"))
    }

    @Test func everySocketThatSystemdPassesIsServed() throws {
        let (ingest, control) = ("meterd-ingest", "meterd-control")
        let line = #"{"org":"acme","model":"gpt-5","usage":{"prompt_tokens":8},"id":"$n"}"#.replacing(
            "\"", with: "\\\"")
        let result = try withPassed(
            [ingest, control, ingest, control],
            """
            METERD_CONTROL_SOCKET=1.sock $meterctl org create acme
            for n in 0 2; do echo "\(line)" | METERD_INGEST_SOCKET=$n.sock $meterctl send; done
            METERD_CONTROL_SOCKET=3.sock $meterctl usage list acme
            kill -TERM $!; wait $!
            """)
        #expect(result.status == 0, "\(result)")
        #expect(result.output.split(separator: "\n").count { $0.contains("gpt-5") } == 2, "\(result)")
    }

    @Test(arguments: ["other", "meterd-ingest.socket", "unknown"])
    func aSocketThatNobodyServesStopsTheStart(_ name: String) throws {
        let result = try withPassed(
            ["meterd-ingest", "meterd-control", name],
            "METERD_CONTROL_SOCKET=1.sock timeout 20 $meterctl status; wait $!")
        #expect(result.status == 78, "\(result)")
        #expect(
            result.errors.contains("a socket named '\(name)'") && result.errors.contains("FileDescriptorName="),
            "\(result)")
    }

    @Test func aReloadTakesNewRatesWithoutDroppingAConnection() throws {
        let directory = try TemporaryDirectory()
        let rates = directory.path + "/rates.yaml"
        func write(_ price: String) throws {
            let document = """
                format: meterd/1
                effective: 2026-01-01T00:00:00Z
                rates: [{model: m, provider: p, price: {input: \(price), output: 1}}]
                """
            try document.write(toFile: rates, atomically: true, encoding: .utf8)
        }
        try write("1000")
        let daemon = try RunningDaemon(rates: rates)
        _ = try daemon.json("org", "create", "acme")
        let client = try LineClient(daemon.ingestSocket)
        func charge(_ id: String) throws -> String {
            try client.ask(#"{"id":"\#(id)","org":"acme","model":"m","usage":{"prompt_tokens":1}}"#)
        }
        #expect(try charge("a").contains("\"cost\":\"0.001000000\""))
        try write("7000")
        daemon.signal(SIGHUP)
        #expect(try daemon.notify.wait(for: "READY=1").contains("STATUS=reloaded"))
        #expect(try charge("b").contains("\"cost\":\"0.007000000\""))
        try write("not a price")
        daemon.signal(SIGHUP)
        let refused = try daemon.notify.wait(for: "READY=1")
        #expect(refused.contains("reload refused") && refused.contains("line 3"))
        #expect(try charge("c").contains("\"cost\":\"0.007000000\""))
        #expect(try charge("a").contains("\"cost\":\"0.001000000\""))
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.contains("reload refused"))
    }

    @Test func aStaleSocketFileIsReplaced() throws {
        let daemon = try RunningDaemon()
        daemon.kill9()
        #expect(FileManager.default.fileExists(atPath: daemon.ingestSocket))
        try daemon.start()
        #expect(try LineClient(daemon.ingestSocket).ask(#"{"op":"ping"}"#).contains("true"))
    }

    @Test func socketsAndTheLedgerAreNotForEverybody() throws {
        let daemon = try RunningDaemon()
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(daemon.ingestSocket) == 0o660)
        #expect(try mode(daemon.controlSocket) == 0o600)
        #expect(try mode(daemon.stateDirectory) == 0o700)
        #expect(try mode(daemon.stateDirectory + "/meterd.db") == 0o600)
    }

    // MARK: Refusing to start

    private func refusal(_ arguments: [String], status: Int32, _ words: String...) throws {
        let result = try Binaries.run("meterd", arguments)
        #expect(result.status == status, "\(result.errors)")
        #expect(result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 1, "\(result.errors)")
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
    }

    private func run(_ directory: TemporaryDirectory, _ more: String...) -> [String] {
        let path = directory.path
        return [
            "run", "--state-dir", path + "/state", "--ingest-socket", path + "/i.sock", "--control-socket",
            path + "/c.sock", "--rates", Binaries.rates,
        ] + more
    }

    @Test func aMissingOrBadConfigurationIsNamed() throws {
        let directory = try TemporaryDirectory()
        try refusal(
            run(directory, "--config", "/nowhere/meterd.yaml"), status: 78, "/nowhere/meterd.yaml", "can't be read")
        let file = directory.path + "/meterd.yaml"
        try "ingest:\n  sockt: /x\n".write(toFile: file, atomically: true, encoding: .utf8)
        try refusal(run(directory, "--config", file), status: 78, "line 2: ingest.sockt: there is no such key")
        try "log:\n  level: loud\ningest:\n  open_max: -1\n".write(toFile: file, atomically: true, encoding: .utf8)
        try refusal(
            run(directory, "--config", file), status: 78, "log.level: is 'loud'", "ingest.open_max: is '-1'")
        try "a: [".write(toFile: file, atomically: true, encoding: .utf8)
        try refusal(run(directory, "--config", file), status: 78, "is not valid")
        try refusal(run(directory, "--rates", "/nowhere/rates.yaml"), status: 78, "rates.file: /nowhere/rates.yaml")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/state"))
    }

    @Test func aStateDirectoryThatCannotBeHadIsNamed() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/file"
        try "".write(toFile: file, atomically: true, encoding: .utf8)
        try refusal(run(directory, "--state-dir", file + "/state"), status: 73, "Not a directory")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/i.sock"))
    }

    @Test func aSocketPathThatCannotBeHadIsNamed() throws {
        let directory = try TemporaryDirectory()
        let long = directory.path + "/" + String(repeating: "x", count: 100)
        try refusal(run(directory, "--ingest-socket", long), status: 78, "at most 107 fit")
        let file = directory.path + "/file"
        try "mine".write(toFile: file, atomically: true, encoding: .utf8)
        try refusal(run(directory, "--ingest-socket", file), status: 73, "is not a socket")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
        try refusal(run(directory, "--control-socket", "/nowhere/c.sock"), status: 73, "/nowhere/c.sock can't be bound")
        try refusal(
            run(directory, "--control-socket", directory.path + "/i.sock"), status: 78, "must differ")
    }

    @Test func aSecondDaemonIsKeptOutAndTheFirstDoesNotNotice() throws {
        let daemon = try RunningDaemon()
        let other = try TemporaryDirectory()
        try refusal(
            run(other, "--state-dir", daemon.stateDirectory), status: 73, "is in use by another meterd")
        #expect(!FileManager.default.fileExists(atPath: other.path + "/i.sock"))
        try refusal(run(other, "--ingest-socket", daemon.ingestSocket), status: 73, "another process listens on it")
        #expect(!FileManager.default.fileExists(atPath: other.path + "/state"))
        #expect(try LineClient(daemon.ingestSocket).ask(#"{"op":"ping"}"#).contains("true"))
        let verification = try daemon.meterctl("ledger", "verify", "--database", daemon.stateDirectory + "/meterd.db")
        #expect(verification.status == 1)
        #expect(verification.errors.contains("in use by meterd"))
        #expect(daemon.terminate() == 0)
        let copy = try daemon.meterctl("ledger", "verify", "--database", daemon.stateDirectory + "/meterd.db")
        #expect(copy.status == 0, "\(copy.errors)")
    }

    @Test func flagsBeatTheEnvironmentWhichBeatsTheFile() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/meterd.yaml"
        try "state_dir: /from/file\ningest: {socket: /file.sock}\nrates: {file: \(Binaries.rates)}\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        func state(_ arguments: [String], _ environment: [String: String]) throws -> String {
            let result = try Binaries.run("meterd", ["check-config"] + arguments, environment: environment)
            #expect(result.status == 0, "\(result.errors)")
            return result.output
        }
        #expect(try state(["--config", file], [:]).contains("/from/file"))
        #expect(try state(["--config", file], ["METERD_STATE_DIR": "/from/env"]).contains("/from/env"))
        let all = try state(
            ["--state-dir", "/from/flag"],
            ["METERD_STATE_DIR": "/from/env", "METERD_CONFIG": file, "METERD_INGEST_SOCKET": "/env.sock"])
        #expect(all.contains("/from/flag") && all.contains("/env.sock"))
        #expect(
            try state(["--config", Binaries.root + "/config/meterd.yaml", "--rates", Binaries.rates], [:]).contains(
                "good"))
    }
}
