import ArgumentParser

/// The pages on which teams manage themselves and their bill.
@main
struct MeterdDashboard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterd-dashboard",
        abstract: "Serves the pages on which teams manage themselves and their bill.",
        discussion:
            "It speaks to meterd's control socket only, always on behalf of the member who is signed in. TLS is a reverse proxy's.",
        version: "0.1.0", subcommands: [RunCommand.self, CheckConfigCommand.self])
}
