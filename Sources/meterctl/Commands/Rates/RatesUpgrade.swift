import ArgumentParser
import Background
import Control

extension RatesCommand {
    /// Takes the rate table that the installed package brings.
    struct Upgrade: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts the rate table that the installed package brings on record as a new card.",
            discussion: """
                Examples: meterctl rates upgrade --dry-run
                          meterctl rates upgrade

                An upgrade of the package changes no price by itself: its table is a proposal. --dry-run shows what is different from \
                the card in force. The new card holds from now on, and replaces all of the card in force, also rates that you \
                changed or added. To keep those: meterctl rates export > mine.yaml, edit it, meterctl rates import mine.yaml.
                """)

        @Option(help: "From when its rates hold (RFC 3339); now if absent.") var effective: String?
        @Flag(help: "Show what would change, and change nothing.") var dryRun = false
        @Flag(name: .shortAndLong, help: "List every change.") var verbose = false
        @OptionGroup var actor: ActorOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            BackgroundThread.becomeProcess()
            try await orExit {
                let result = try await common.client.post(
                    RateImportView.self, ["v1", "rates", "upgrade"],
                    body: RateUpgradeBody(effective: effective, actor: actor.name, dryRun: dryRun), key: key.key)
                try common.show(result) { result in
                    let text = ImportText(result: result, isVerbose: verbose).text
                    guard dryRun, result.removed > 0 else { return text }
                    return text
                        + "\n\nremoved: those rates are not in the package's table; records of these models would be unpriced"
                }
            }
        }
    }
}
