import ArgumentParser

/// Where the program begins.
@main
enum Program {
    static func main() async {
        // Before anything needs a thread: what waits for one that can't be made waits forever, and says nothing.
        ThreadBudget.check()
        await Meterd.main()
    }
}

/// The metering and billing daemon.
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
