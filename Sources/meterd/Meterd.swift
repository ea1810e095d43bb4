import ArgumentParser

/// The metering and billing daemon.
@main
struct Meterd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterd",
        abstract: "Meters AI usage from a Unix socket and debits prepaid credits, exactly and durably.",
        discussion: "Flags beat METERD_* environment variables, which beat the configuration file.",
        version: Version.current,
        subcommands: [RunCommand.self, InitCommand.self, CheckConfigCommand.self, RestoreCommand.self])
}

/// What this build calls itself.
enum Version {
    static let current = "0.1.0"
}
