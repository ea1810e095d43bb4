import Foundation
import TestSupport
import Testing

/// The rate table that the installed package brings: a proposal, which changes no price by itself.
@Suite(.ownThread) struct PackageRatesTests {
    private static let none = "/etc/meterd/rates.yaml"

    private func write(_ price: Int, _ path: String, more: String = "") throws {
        let text = "format: meterd/1\neffective: 2026-01-01T00:00:00Z\nrates:\n"
        try (text + "  - {model: m, provider: p, price: {input: \(price), output: 1}}\n" + more)
            .write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func cost(_ daemon: RunningDaemon) throws -> String? {
        let priced = try daemon.json("price", "--model", "m", "--usage", #"{"prompt_tokens":1000000}"#)
        return priced["cost"] as? String
    }

    @Test func anUpgradeOfThePackageChangesNoPriceUntilItIsTaken() throws {
        let folder = try TemporaryDirectory()
        let file = folder.path + "/package.yaml"
        try write(1, file, more: "  - {model: retired, provider: p, price: {input: 7, output: 7}}\n")
        let daemon = try RunningDaemon(rates: Self.none, environment: ["METERD_RATES_PACKAGE_FILE": file])
        // A ledger without any card takes it.
        #expect(try cost(daemon) == "1.000000000")
        #expect(try daemon.json("status")["rate_proposal"] == nil)
        #expect(daemon.terminate() == 0)

        try write(99, file)
        try daemon.start()
        #expect(try cost(daemon) == "1.000000000")
        #expect(try daemon.json("status")["rate_proposal"] as? String != nil)
        #expect(try daemon.meterctl("doctor").output.contains("meterctl rates upgrade --dry-run"))
        let planned = try daemon.json("rates", "upgrade", "--dry-run")
        #expect(planned["card"] == nil && planned["changed"] as? Int == 1 && planned["removed"] as? Int == 1)
        let words = try daemon.meterctl("rates", "upgrade", "--dry-run")
        #expect(words.output.contains("would be unpriced") && words.output.contains("99"), "\(words)")
        #expect(try cost(daemon) == "1.000000000")

        let taken = try daemon.json("rates", "upgrade", "--id", "once")
        #expect(taken["is_new"] as? Bool == true && taken["other_in_force"] == nil, "\(taken)")
        #expect(try cost(daemon) == "99.000000000")
        #expect(try daemon.json("status")["rate_proposal"] == nil)
        // It holds from now on, not for the past; and it is taken once.
        let past = try daemon.json(
            "price", "--model", "m", "--at", "2026-03-01T00:00:00Z", "--usage", #"{"prompt_tokens":1000000}"#)
        #expect(past["cost"] as? String == "1.000000000")
        #expect(try daemon.json("rates", "upgrade")["is_new"] as? Bool == false)
        #expect(try daemon.json("rates", "upgrade", "--id", "once")["is_new"] as? Bool == false)
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.components(separatedBy: "the package brings other rates").count == 2, "\(daemon.log)")
    }

    @Test func oneThatIsNotThereOrNotATableIsSaid() throws {
        let folder = try TemporaryDirectory()
        let file = folder.path + "/package.yaml"
        let daemon = try RunningDaemon(environment: ["METERD_RATES_PACKAGE_FILE": file])
        let missing = try daemon.meterctl("rates", "upgrade")
        #expect(missing.status == 1 && missing.errors.contains("\(file) can't be read"), "\(missing)")
        try "format: meterd/1\nrates: 7\n".write(toFile: file, atomically: true, encoding: .utf8)
        let broken = try daemon.meterctl("rates", "upgrade", "--dry-run")
        #expect(broken.status == 1 && broken.errors.contains("rates"), "\(broken)")
        // A table that can't be used is no reason not to start, if another one counts.
        #expect(daemon.terminate() == 0)
        try daemon.start()
        #expect(daemon.terminate() == 0)
    }

    @Test func aNewLedgerStartsWithoutATableThatCannotBeUsed() throws {
        let folder = try TemporaryDirectory()
        let file = folder.path + "/package.yaml"
        try "format: meterd/1\nrates: 7\n".write(toFile: file, atomically: true, encoding: .utf8)
        let daemon = try RunningDaemon(rates: Self.none, environment: ["METERD_RATES_PACKAGE_FILE": file])
        #expect(try daemon.json("status")["rate_card"] == nil)
        try write(3, file)
        #expect(try daemon.meterctl("reload").status == 0)
        #expect(try cost(daemon) == "3.000000000")
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.contains("the package's rates can't be used"), "\(daemon.log)")
        // And none at all, if that is wanted.
        let other = try RunningDaemon(rates: Self.none, environment: ["METERD_RATES_PACKAGE_FILE": ""])
        let none = try other.meterctl("rates", "upgrade")
        #expect(none.status == 1 && none.errors.contains("names no file"), "\(none)")
    }

    @Test func whoFollowsThePackageTakesItAtEachReload() throws {
        let folder = try TemporaryDirectory()
        let file = folder.path + "/package.yaml"
        try write(1, file)
        let environment = ["METERD_RATES_PACKAGE_FILE": file, "METERD_RATES_FOLLOW_PACKAGE": "true"]
        let daemon = try RunningDaemon(rates: Self.none, environment: environment)
        #expect(try cost(daemon) == "1.000000000")
        try write(99, file)
        #expect(try daemon.meterctl("reload").status == 0)
        #expect(try cost(daemon) == "99.000000000")
        try FileManager.default.removeItem(atPath: file)
        let gone = try daemon.meterctl("reload")
        #expect(gone.status == 1 && gone.errors.contains("rates.package_file"), "\(gone)")

        let both = try Binaries.run("meterd", ["check-config", "--rates", Binaries.rates], environment: environment)
        #expect(both.status == 78 && both.errors.contains("expected one of the two"), "\(both)")
    }
}
