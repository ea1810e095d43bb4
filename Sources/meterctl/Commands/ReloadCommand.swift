import ArgumentParser
import Control

/// Has the daemon take its configuration in again.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Has the daemon take its configuration in again, and returns when it is in force.",
        discussion: """
            Example: meterctl reload

            systemctl reload meterd does the same, and checks the configuration as the service's user first.
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            let answer = try await common.client.post(
                [String: String].self, ["v1", "reload"], body: [String: String](), key: nil)
            try common.show(answer) { $0["status"] ?? "" }
        }
    }
}
