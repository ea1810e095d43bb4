import ArgumentParser
import Control
import Ledger

extension RatesCommand {
    struct AliasCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "alias", abstract: "Names that stand for models of the rate cards.",
            subcommands: [Add.self, List.self, Remove.self])

        struct Add: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Lets a name stand for a model of the cards.",
                discussion: """
                    Example: meterctl rates alias add our-gateway-large claude-sonnet-4-5 --provider anthropic

                    It holds for records of any time that are not charged yet. A name that a card has itself can't be \
                    given to another model.
                    """)

            @Argument(help: "The name that records bear.") var alias: String
            @Argument(help: "The model's name on the cards.") var model: String
            @Option(help: "Whose model; left to the record if absent.") var provider: String?
            @OptionGroup var actor: ActorOption
            @OptionGroup var key: KeyOption
            @OptionGroup var common: CommonOptions

            func run() async throws {
                try await orExit {
                    let body = AliasBody(alias: alias, model: model, provider: provider, actor: actor.name)
                    let view = try await common.client.post(
                        ModelAliasView.self, ["v1", "rates", "aliases"], body: body, key: key.key)
                    try common.show(view) { view in
                        let seller = view.provider.map { "\($0)'s " } ?? ""
                        return "\(view.alias) stands for \(seller)\(view.model ?? "")"
                    }
                }
            }
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Lists the aliases.", discussion: "Example: meterctl rates alias list")

            @OptionGroup var common: CommonOptions

            func run() async throws {
                try await orExit {
                    let page = try await common.client.get(Page<ModelAliasView>.self, ["v1", "rates", "aliases"])
                    try common.show(page: page) { page in
                        var table = Table(
                            ("ALIAS", .left), ("MODEL", .left), ("PROVIDER", .left), ("RECORDED", .left),
                            ("BY", .left))
                        table.rows = page.items.map {
                            [$0.alias, $0.model ?? "", $0.provider ?? "any", $0.recorded, $0.actor]
                        }
                        return table.rows.isEmpty ? "there is no alias; meterctl rates alias add gives one" : table.text
                    }
                }
            }
        }

        struct Remove: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Takes an alias back; what was charged by it stays.",
                discussion: "Example: meterctl rates alias remove our-gateway-large")

            @Argument(help: "The name.") var alias: String
            @OptionGroup var actor: ActorOption
            @OptionGroup var key: KeyOption
            @OptionGroup var common: CommonOptions

            func run() async throws {
                try await orExit {
                    let body = AliasBody(alias: alias, model: nil, provider: nil, actor: actor.name)
                    let view = try await common.client.post(
                        ModelAliasView.self, ["v1", "rates", "aliases"], body: body, key: key.key)
                    try common.show(view) { "\($0.alias) stands for no model any more" }
                }
            }
        }
    }
}
