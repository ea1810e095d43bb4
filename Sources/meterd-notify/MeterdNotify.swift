import ArgumentParser

/// Tells people and systems what happens.
@main
struct MeterdNotify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterd-notify",
        abstract: "Sends mail about what happens to organizations and their bills.",
        discussion: "It reads meterd's event log on the control socket, and changes nothing there.",
        version: "0.1.0",
        subcommands: [
            RunCommand.self, CheckConfigCommand.self, TestMailCommand.self, DeliveriesCommand.self, RetryCommand.self,
        ])
}
