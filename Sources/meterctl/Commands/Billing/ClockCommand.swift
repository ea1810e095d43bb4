import ArgumentParser
import Control

struct ClockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock",
        abstract: "The clock of a meterd that runs with --test-clock: to try a year of bills in minutes.",
        discussion: """
            Examples: meterctl clock
                      meterctl clock 2027-01-31T00:00:00Z
            """)

    @Argument(help: "The time to move it to (RFC 3339), never back; all that is due by then is done.") var time: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            let body: TestClockBody
            if let time {
                body = try await common.client.post(
                    TestClockBody.self, ["v1", "test-clock"], body: TestClockBody(now: time), key: nil)
            } else {
                body = try await common.client.get(TestClockBody.self, ["v1", "test-clock"])
            }
            try common.show(body) { $0.now }
        }
    }
}
