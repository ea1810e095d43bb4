import ArgumentParser
import Control

struct ClockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock",
        abstract: "Confirms the system's clock after a jump, or moves the clock of a meterd with --test-clock.",
        discussion: """
            Examples: meterctl clock confirm
                      meterctl clock
                      meterctl clock 2027-01-31T00:00:00Z

            After a jump of more than a day that no time synchronisation confirms, nothing is billed, expires or is erased until \
            meterctl clock confirm says that the time is right. Look at the time first: an invoice stays as it was issued.
            """)

    @Argument(
        help:
            "confirm; or the time to move a test's clock to (RFC 3339), never back: all that is due by then is done."
    ) var time: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            let body: TestClockBody
            do {
                body = try await answer()
            } catch let failure as Failure where failure.message.hasSuffix("(not_found)") {
                throw Failure(
                    status: .refused,
                    message: time == "confirm"
                        ? "a test moves the clock of this meterd: there is nothing to confirm"
                        : "this meterd goes by the system's clock: meterctl clock confirm says that it is right; only a clock of --test-clock can be moved"
                )
            }
            try common.show(body) { $0.now }
        }
    }

    private func answer() async throws -> TestClockBody {
        switch time {
        case "confirm":
            try await common.client.post(
                TestClockBody.self, ["v1", "clock", "confirm"], body: [String: String](), key: nil)
        case let time?:
            try await common.client.post(
                TestClockBody.self, ["v1", "test-clock"], body: TestClockBody(now: time), key: nil)
        case nil: try await common.client.get(TestClockBody.self, ["v1", "test-clock"])
        }
    }
}
