import ArgumentParser
import Control
import Ledger

extension OrgCommand {
    struct AliasCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "alias", abstract: "Other names of orgs, as senders bear them.",
            subcommands: [Add.self, List.self, Remove.self])

        struct Add: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Lets a name stand for an org on the ingest socket.",
                discussion: """
                    Example: meterctl org alias add acme 'Acme Inc.'

                    The name counts exactly as it is given, capitals and spaces included. It can't be the name of an org, \
                    and no org can be created with it. The rights of a peer are those for the org itself.
                    """)

            @Argument(help: "The org.") var org: String
            @Argument(help: "The other name: 1 to 128 bytes.") var name: String
            @OptionGroup var actor: ActorOption
            @OptionGroup var key: KeyOption
            @OptionGroup var common: CommonOptions

            func run() async throws {
                try await orExit {
                    let body = OrgAliasBody(alias: name, org: org, actor: actor.name)
                    let view = try await common.client.post(
                        OrgAliasView.self, ["v1", "org-aliases"], body: body, key: key.key)
                    try common.show(view) { "'\($0.alias)' stands for org \($0.org ?? "")" }
                }
            }
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Lists the other names of orgs.", discussion: "Example: meterctl org alias list")

            @OptionGroup var common: CommonOptions

            func run() async throws {
                try await orExit {
                    let page = try await common.client.get(Page<OrgAliasView>.self, ["v1", "org-aliases"])
                    try common.show(page: page) { page in
                        var table = Table(("NAME", .left), ("ORG", .left), ("RECORDED", .left), ("BY", .left))
                        table.rows = page.items.map { [$0.alias, $0.org ?? "", $0.recorded, $0.actor] }
                        return table.rows.isEmpty
                            ? "no org has another name; meterctl org alias add gives one" : table.text
                    }
                }
            }
        }

        struct Remove: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Takes a name back; what was charged under it stays.",
                discussion: "Example: meterctl org alias remove 'Acme Inc.'")

            @Argument(help: "The other name.") var name: String
            @OptionGroup var actor: ActorOption
            @OptionGroup var key: KeyOption
            @OptionGroup var common: CommonOptions

            func run() async throws {
                try await orExit {
                    let body = OrgAliasBody(alias: name, org: nil, actor: actor.name)
                    let view = try await common.client.post(
                        OrgAliasView.self, ["v1", "org-aliases"], body: body, key: key.key)
                    try common.show(view) { "'\($0.alias)' stands for no org any more" }
                }
            }
        }
    }
}
