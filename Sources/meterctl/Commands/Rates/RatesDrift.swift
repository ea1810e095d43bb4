import ArgumentParser
import Ledger

extension RatesCommand {
    struct Drift: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares what senders say requests cost with what was charged.",
            discussion: """
                Example: meterctl rates drift

                CHARGED and REPORTED add up the records that differ by more than cost.tolerance_percent. A difference of a
                whole model is usually a rate that is out of date, or a discount that the rate table does not know.
                """)

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.get(Page<CostDriftView>.self, ["v1", "rates", "drift"])
                try common.show(page: page) { page in
                    var table = Table(
                        ("PROVIDER", .left), ("MODEL", .left), ("RECORDS", .right), ("DIFFER", .right),
                        ("CHARGED", .right), ("REPORTED", .right), ("SAMPLE", .left))
                    table.rows = page.items.map {
                        [
                            $0.provider, $0.model, "\($0.records)", "\($0.differing)", dollars($0.charged),
                            dollars($0.reported), [$0.org, $0.id].compactMap { $0 }.joined(separator: " "),
                        ]
                    }
                    return table.rows.isEmpty ? "no record had a cost to compare with" : table.text
                }
            }
        }
    }
}
