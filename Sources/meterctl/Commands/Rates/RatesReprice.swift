import ArgumentParser
import Control
import Foundation
import Ledger
import Metering

extension RatesCommand {
    struct Reprice: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Charges past records by the rate cards now in force for their time.",
            discussion: """
                Examples: meterctl rates reprice --since 2026-11-01T00:00:00Z --dry-run
                          meterctl rates reprice --since 2026-11-01T00:00:00Z --org acme --reason 'price list corrected'

                A charge that a card now in force prices otherwise gets a correction with the difference; nothing is edited.
                Done twice, the second time changes nothing.

                With --reread, usage objects that an earlier version of meterd read are read by the present one and priced
                by the card that charged them: meterctl rates reprice --since 2026-11-01T00:00:00Z --reread --dry-run
                """)

        @Option(help: "Only requests that ended then or later (RFC 3339).") var since: String
        @Option(help: "Only this org's.") var org: String?
        @Flag(help: "Read again what an earlier version read, and price it by the card that charged it.")
        var reread = false
        @Flag(help: "Show what would change, and change nothing.") var dryRun = false
        @Option(help: "Why, in words.") var reason: String?
        @OptionGroup var actor: ActorOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                var result = Result()
                let progress = ProgressBar(total: nil)
                let run = UUID().uuidString.lowercased()
                var cursor: String?
                repeat {
                    let body = RepricingBody(
                        since: since, org: org, reread: reread ? true : nil, dryRun: dryRun, cursor: cursor,
                        reason: reason, actor: actor.name)
                    let step: RepricedView
                    do {
                        step = try await common.client.post(
                            RepricedView.self, ["v1", "rates", "repricing"], body: body, key: "\(run)/\(cursor ?? "0")")
                    } catch let failure as Failure where !dryRun && result.examined > 0 {
                        let words = "what was repriced so far stays; the same command again does the rest"
                        throw Failure(status: failure.status, message: "\(failure.message)\nmeterctl: \(words)")
                    }
                    try result.add(step)
                    cursor = step.nextCursor
                    progress.update(result.examined, ", \(result.changed) cost something else")
                } while cursor != nil
                progress.clear()
                try common.show(result) { result in
                    let verb = dryRun ? "would be" : "were"
                    var table = Table(
                        ("AT", .left), ("ORG", .left), ("ID", .left), ("MODEL", .left), ("COST", .right),
                        ("NEW", .right))
                    table.rows = result.first.map {
                        [$0.at, $0.org, $0.id, $0.model, dollars($0.cost), dollars($0.newCost)]
                    }
                    let more =
                        result.changed > result.first.count ? "\n… and \(result.changed - result.first.count) more" : ""
                    let list = result.first.isEmpty ? "" : table.text + more + "\n\n"
                    let erased = result.erased.map { $0 == 0 ? "" : ", \($0) without their detail" } ?? ""
                    return list
                        + "\(result.examined) records looked at\(erased), \(result.changed) \(verb) repriced: USD "
                        + "\(dollars(result.charged)) \(verb) charged, USD \(dollars(result.givenBack)) given back"
                }
            }
        }

        /// The sum of all steps.
        private struct Result: Encodable {
            var examined = 0
            var erased: Int?
            var changed = 0
            var charged = Money.zero.description
            var givenBack = Money.zero.description
            var first: [RepricingView] = []

            static let shown = 20

            mutating func add(_ step: RepricedView) throws {
                examined += step.examined
                if let more = step.erased { erased = (erased ?? 0) + more }
                changed += step.changed
                first += step.differences.prefix(Self.shown - first.count)
                charged = try sum(charged, step.charged)
                givenBack = try sum(givenBack, step.givenBack)
            }

            private func sum(_ left: String, _ right: String) throws -> String {
                guard let total = Money(decimal: right).flatMap({ Money(decimal: left)?.adding($0) }) else {
                    throw Failure(
                        status: .refused,
                        message:
                            "the daemon's answer has the sum '\(right)', which can't be added up; what was repriced stays"
                    )
                }
                return total.description
            }
        }
    }
}
