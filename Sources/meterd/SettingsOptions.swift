import ArgumentParser

/// The flags that stand for settings.
struct SettingsOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration file (default: \(Settings.defaultFile), if there).")
    var configurationFile: String?

    @Option(help: "Where the ledger lies.")
    var stateDir: String?

    @Option(help: "The path of the ingest socket.")
    var ingestSocket: String?

    @Option(help: "The path of the control socket.")
    var controlSocket: String?

    @Option(help: "Your own model rate table.")
    var rates: String?

    @Option(help: "An address and port for health probes, such as 0.0.0.0:8080.")
    var healthListen: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Option(help: "How lines on standard error look: text or json.")
    var logFormat: String?

    @Option(
        help:
            "Go by a clock that begins at this time (RFC 3339) and only meterctl clock moves: to try a year of bills, with a ledger of its own."
    )
    var testClock: String?

    var source: SettingsSource {
        var source = SettingsSource(file: configurationFile)
        source.flags["state_dir"] = stateDir
        source.flags["ingest.socket"] = ingestSocket
        source.flags["control.socket"] = controlSocket
        source.flags["rates.file"] = rates
        source.flags["health.listen"] = healthListen
        source.flags["log.level"] = logLevel
        source.flags["log.format"] = logFormat
        source.flags["test_clock"] = testClock
        return source
    }

    /// The settings, or the exit that says what is wrong with them.
    func load() async throws -> Settings {
        do throws(SettingsError) {
            return try await source.load()
        } catch {
            throw ExitStatus.configuration.ending(error.problems.joined(separator: "; "))
        }
    }
}
