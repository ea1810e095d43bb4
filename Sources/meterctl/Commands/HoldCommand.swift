import ArgumentParser
import Control
import Ledger

struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "What requests under way reserve.", subcommands: [List.self, Release.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists an org's open holds, newest first.", discussion: "Example: meterctl hold list acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Holds at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(HoldView.self, ["v1", "orgs", org, "holds"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("ID", .left), ("USER", .left), ("MODEL", .left), ("AMOUNT", .right), ("CREATED", .left),
                        ("EXPIRES", .left))
                    table.rows = page.items.map {
                        [$0.id, $0.user ?? "", $0.model ?? "", dollars($0.amount), $0.created, $0.expires]
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
