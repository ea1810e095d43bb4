import Foundation
import TestSupport
import Testing

/// Bills, with the built programs and a clock that the test moves.
@Suite(.ownThread) struct BillingTests {
    private func daemon(_ arguments: [String] = [], at start: String = "2026-01-31T10:00:00Z") throws -> RunningDaemon {
        try RunningDaemon(arguments: ["--test-clock", start] + arguments)
    }

    private func move(_ daemon: RunningDaemon, to day: String) throws {
        #expect(try daemon.meterctl("clock", "\(day)T00:00:00Z").status == 0)
    }

    /// An org with three seats and a member.
    private func begin(_ daemon: RunningDaemon) throws {
        _ = try daemon.json("org", "create", "acme", "--country", "DE")
        let order = try daemon.json("seats", "add", "acme", "3", "--id", "first")
        #expect(order["state"] as? String == "pending")
        _ = try daemon.json("payments", "record", "acme", "1", "--reference", "W1")
        _ = try daemon.json("member", "add", "acme", "ana")
    }

    @Test func aBillsLifeSurvivesKillsBetweenAllItsSteps() throws {
        let daemon = try daemon()
        func again() throws {
            daemon.kill9()
            try daemon.start()
        }
        try begin(daemon)
        try again()
        #expect(try daemon.json("subscription", "show", "acme")["seats"] as? Int == 3)
        // The same order again is the same payment.
        #expect(try daemon.json("seats", "add", "acme", "3", "--id", "first")["payment"] as? Int == 1)
        try move(daemon, to: "2026-02-28")
        try again()
        let invoice = try daemon.json("invoice", "show", "acme", "INV-000001")
        #expect((invoice["due"] as? String, invoice["state"] as? String) == ("87.00", "open"))
        for day in ["2026-03-14", "2026-03-17"] {
            try move(daemon, to: day)
            try again()
        }
        let client = try LineClient(daemon.ingestSocket)
        #expect(
            try client.ask(#"{"op":"authorize","id":"h1","org":"acme","amount":"1"}"#).contains("org_suspended"))
        // What was spent is charged all the same.
        #expect(
            try client.ask(#"{"id":"r1","org":"acme","model":"gpt-5","usage":{"prompt_tokens":1000}}"#)
                .contains(#""status":"overdrawn""#))
        #expect(try client.ask(#"{"op":"balance","org":"acme"}"#).contains(#""state":"suspended""#))
        let retry = try daemon.json("payments", "retry", "acme")
        _ = try daemon.json("payments", "record", "acme", "\(retry["payment"] as? Int ?? 0)")
        #expect(try daemon.json("subscription", "show", "acme")["standing"] as? String == "current")
        try again()
        let report = try daemon.json("ledger", "verify")
        #expect((report["payments"] as? Int, report["invoices"] as? Int) == (2, 1))
        #expect(try daemon.meterctl("ledger", "verify").status == 0)
        let shown = try daemon.meterctl("invoice", "show", "acme", "INV-000001").output
        #expect(shown.contains("Seats, 2026-02-28 to 2026-03-30"))
        #expect(daemon.terminate() == 0)
        for id in ["efe513de332b4cab976f3efece8c94b7", "7a36f5f6fba441168d999e8769fceb64"] {
            #expect(daemon.log.contains(id), "\(id) is not in the log")
        }
    }

    @Test func whatIsRefusedSaysWhatToDo() throws {
        let daemon = try daemon()
        try begin(daemon)
        func refused(_ arguments: String..., with words: String) throws {
            let result = try Binaries.run(
                "meterctl", arguments, environment: ["METERD_CONTROL_SOCKET": daemon.controlSocket])
            #expect(result.status == 1)
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        for user in ["bo", "cy"] { _ = try daemon.json("member", "add", "acme", user) }
        try refused("member", "add", "acme", "di", with: "meterctl seats add acme 1")
        try refused("seats", "remove", "acme", "1", with: "meterctl member remove")
        try refused("seats", "add", "acme", "0", with: "must be 1 or more")
        try refused("seats", "add", "globex", "1", with: "meterctl org list")
        try refused("credits", "buy", "acme", "75", with: "50.00, 100.00")
        try refused("payments", "retry", "acme", with: "owes nothing")
        try refused("payments", "record", "acme", "1", with: "succeeded already")
        try refused("payment-method", "set", "acme", "pm_1", with: "recorded by an operator")
        for number in ["4242424242424242", "4242_4242_4242_4242"] {
            try refused("payment-method", "set", "acme", number, with: "never a card's number")
        }
        try refused("invoice", "show", "acme", "INV-000009", with: "meterctl invoice list acme")
        try refused("bill-to", "set", "acme", "--vat-id", "DE1", with: "DE123456789")
        try refused("credits", "top-up", "acme", "--below", "0", "--buy", "50", with: "above zero")
    }

    @Test func aTestsClockIsNeverTakenForARealOne() throws {
        let daemon = try daemon()
        #expect(try daemon.meterctl("clock").output == "2026-01-31T10:00:00.000Z\n")
        try move(daemon, to: "2026-02-10")
        #expect(try daemon.meterctl("clock", "2026-02-09T00:00:00Z").errors.contains("does not go back"))
        // It goes on from where it stood, whatever the flag says.
        daemon.kill9()
        try daemon.start()
        #expect(try daemon.meterctl("clock").output == "2026-02-10T00:00:00.000Z\n")
        #expect(daemon.terminate() == 0)
        let arguments = [
            "run", "--state-dir", daemon.stateDirectory, "--ingest-socket", daemon.ingestSocket, "--control-socket",
            daemon.controlSocket, "--rates", Binaries.rates,
        ]
        let without = try Binaries.run("meterd", arguments)
        #expect(without.status == 78)
        #expect(without.errors.contains("--test-clock"))

        let real = try RunningDaemon()
        let shown = try real.meterctl("clock")
        #expect(shown.status == 1 && shown.errors.contains("meterctl clock confirm"), "\(shown)")
        #expect(try real.meterctl("clock", "confirm").status == 0)
        _ = try real.json("org", "create", "acme")
        #expect(real.terminate() == 0)
        let late = try Binaries.run(
            "meterd",
            [
                "run", "--state-dir", real.stateDirectory, "--ingest-socket", real.ingestSocket, "--control-socket",
                real.controlSocket, "--rates", Binaries.rates, "--test-clock", "2026-01-01T00:00:00Z",
            ])
        #expect(late.status == 78)
        #expect(late.errors.contains("begun by the system's clock"))
    }

    @Test func plansAndTaxesAreReadAtTheStartAndWithAReload() throws {
        let folder = try TemporaryDirectory()
        func write(_ name: String, _ text: String) throws -> String {
            let path = "\(folder.path)/\(name)"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
        let plans = try write("plans.yaml", "format: meterd-plans/1\nseats: {price: 10}\n")
        let configuration = try write(
            "meterd.yaml", "billing: {plans: \(plans), tax: \(Binaries.root)/config/tax.yaml}\n")
        let daemon = try daemon(["--config", configuration])
        _ = try daemon.json("org", "create", "acme", "--country", "FR")
        func total() throws -> String? { try daemon.json("seats", "add", "acme", "1", "--dry-run")["total"] as? String }
        #expect(try total() == "12.00")
        _ = try write("plans.yaml", "format: meterd-plans/1\nseats: {price: 20}\n")
        daemon.signal(SIGHUP)
        _ = try daemon.notify.wait(for: "READY=1")
        #expect(try total() == "24.00")
        // A bad one is refused, and the old one stays.
        _ = try write("plans.yaml", "format: meterd-plans/1\nseats: {price: free}\n")
        daemon.signal(SIGHUP)
        #expect(try daemon.notify.wait(for: "READY=1").contains("seats.price must be"))
        #expect(try total() == "24.00")
        let check = try Binaries.run("meterd", ["check-config", "--config", configuration])
        #expect(check.status == 78)
        #expect(check.errors.contains("billing.plans: \(plans): line 2, column 16: seats.price"))
    }
}
