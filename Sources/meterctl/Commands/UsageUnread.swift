import ArgumentParser
import Ledger

extension UsageCommand {
    struct Unread: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists members of usage objects that meterd does not know.",
            discussion: """
                Examples: meterctl usage unread
                          meterctl usage unread --provider xai

                Each is a number above zero that nothing was charged for. If the provider bills it, report it: until a
                version of meterd reads it, those records are charged without it. meterctl usage show ORG ID has the object.
                """)

        @Option(help: "Only this provider's.") var provider: String?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.get(
                    Page<UnreadMemberView>.self, ["v1", "usage", "unread"], ["provider": provider])
                try common.show(page: page) { page in
                    var table = Table(
                        ("PROVIDER", .left), ("MEMBER", .left), ("MODEL", .left), ("RECORDS", .right),
                        ("TOTAL", .right), ("LAST", .left), ("SAMPLE", .left))
                    table.rows = page.items.map {
                        [
                            $0.provider, $0.member, $0.model, "\($0.records)", "\($0.total)", $0.last,
                            [$0.org, $0.id].compactMap { $0 }.joined(separator: " "),
                        ]
                    }
                    return table.rows.isEmpty ? "every number of every usage object was read" : table.text
                }
            }
        }
    }
}
