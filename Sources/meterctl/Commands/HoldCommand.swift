import ArgumentParser
import Control
import Ledger

struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "What requests under way reserve.", subcommands: [List.self, Release.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists an org's open holds, newest first.",
            discussion: """
                Examples: meterctl hold list acme
                          meterctl hold list acme --expired

                A hold that expired unsettled means usage that got lost, or a request that nobody released.
                """)

        @Argument(help: "The org.") var org: String
        @Flag(help: "List the holds that expired unsettled.") var expired = false
        @Option(help: "Holds at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    HoldView.self, ["v1", "orgs", org, "holds"], ["state": expired ? "expired" : "open"], limit: limit)
                try common.show(page: page) { page in
                    var columns: [(String, Table.Alignment)] = [
                        ("ID", .left), ("USER", .left), ("MODEL", .left), ("AMOUNT", .right), ("CREATED", .left),
                        (expired ? "EXPIRED" : "EXPIRES", .left),
                    ]
                    if expired { columns.append(("CHARGED AS", .left)) }
                    var table = Table(columns: columns)
                    table.rows = page.items.map { hold in
                        [hold.id, hold.user ?? "", hold.model ?? "", dollars(hold.amount), hold.created, hold.expires]
                            + (expired ? [hold.estimate ?? ""] : [])
                    }
                    return table.text
                }
            }
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Frees what a hold reserves; one that is closed stays as it is.",
            discussion: "Example: meterctl hold release acme hold_7")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The hold's id.") var hold: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    ReleaseView.self, ["v1", "orgs", org, "holds", hold, "release"], body: [String: String](), key: nil)
                try common.show(view) { view in
                    definitions([
                        ("hold", view.id), ("status", view.status), ("held", "USD " + dollars(view.held)),
                        ("available", "USD " + dollars(view.available)),
                    ])
                }
            }
        }
    }
}
