import ArgumentParser
import Foundation
import Glibc

/// Says what is wrong with a configuration and its rate table, without starting anything.
struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Checks the configuration and the rate table; exits 78 if something is wrong.",
        discussion: """
            Example: sudo meterd check-config

            Run by root on the file of a unit (/etc/meterd/meterd.yaml, or /etc/meterd/NAME.yaml for meterd@NAME), it judges as that \
            service will: as its user, with its environment and credentials, and by what its sandbox allows.
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let judgement = ServiceJudgement(of: options.configurationFile)
        guard let judgement, geteuid() == 0 else {
            let settings = try await options.load()
            try describe(settings)
            if !settings.isFileThere, options.configurationFile == nil {
                print("no file at \(Settings.defaultFile): every setting has its default")
            }
            if judgement == nil, geteuid() == 0 {
                print("judged as root: no unit of meterd that is enabled or runs has this file")
            } else if let judgement {
                print(
                    "judged as you; sudo meterd check-config judges as \(judgement.units.daemon) will, by its user, sandbox and credentials"
                )
            }
            return
        }
        var source = options.source
        source.file = judgement.configurationFile ?? source.file
        let environment = judgement.environment()
        source.environment = environment.variables
        let credentials = judgement.credentials()
        do throws(JudgementImpossible) {
            try judgement.becomeUser()
        } catch {
            throw ExitStatus.configuration.ending(error.description)
        }
        let settings: Settings
        do throws(SettingsError) {
            settings = try await source.load()
        } catch {
            throw ExitStatus.configuration.ending(
                (error.problems + credentials.problems).joined(separator: "; ") + " (judged as user \(judgement.user))")
        }
        let found = judgement.findings(settings, credentials: credentials.names)
        let wrong = environment.problems + credentials.problems + found.wrong
        guard wrong.isEmpty else { throw ExitStatus.configuration.ending(wrong.joined(separator: "; ")) }
        try describe(settings)
        let shadowed = judgement.shadowed(by: environment.variables, source.file ?? Settings.defaultFile)
        for words in found.warnings + shadowed { print("warning: \(words)") }
        print(
            "judged as \(judgement.units.daemon) will: as user \(judgement.user), with its environment, credentials and sandbox"
        )
    }

    /// Reads what the settings name, and says what there is.
    private func describe(_ settings: Settings) throws {
        let rates: RatesFile?
        do throws(RatesFileError) {
            rates = try RatesFile.load(settings)
        } catch {
            throw ExitStatus.configuration.ending(error.description)
        }
        do throws(BillingFileError) {
            _ = try BillingFiles(settings)
        } catch {
            throw ExitStatus.configuration.ending(error.description)
        }
        // The credentials are there only in the service: files that are named are looked at.
        do throws(GatewayChoiceError) {
            try GatewayChoice.check(settings)
        } catch {
            throw ExitStatus.configuration.ending(error.description)
        }
        print("configuration: good; state in \(settings.stateDirectory), ingest at \(settings.ingestSocket)")
        for words in settings.unknownPeers { print("warning: \(words)") }
        if let rates {
            print("rates: \(rates.table.card.rates.count) models in \(rates.path)")
        } else if let package = settings.packageRatesFile, access(package, F_OK) == 0 {
            print(
                "rates: no file at \(settings.ratesFile); the cards on record count, and a ledger without any takes \(package)"
            )
        } else {
            print("rates: no file at \(settings.ratesFile); only cards on record count (meterctl rates import)")
        }
    }
}
