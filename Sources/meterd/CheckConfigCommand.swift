import ArgumentParser
import Foundation

/// Says what is wrong with a configuration and its rate table, without starting anything.
struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Checks the configuration and the rate table; exits 78 where something is wrong.",
        discussion: "Example: meterd check-config --config /etc/meterd/meterd.yaml")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try await options.load()
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
        } else if access(settings.packageRatesFile, F_OK) == 0 {
            print(
                "rates: no file at \(settings.ratesFile): the cards on record count, and at first \(settings.packageRatesFile)"
            )
        } else {
            print("rates: no file at \(settings.ratesFile): only cards on record count (meterctl rates import)")
        }
    }
}
