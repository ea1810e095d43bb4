import ArgumentParser
import Billing
import Control
import Foundation
import Ledger
import Metering

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Makes an org with people, credits, seats and a month of usage, to look at.",
        discussion: """
            Example: meterctl demo

            Everything in it is made up. It is for a ledger to try things with, not for one with customers. A second call \
            changes nothing.
            """)

    @Argument(help: "The org to make.") var org = "example"
    @Option(help: "The ingest socket (or METERD_INGEST_SOCKET).") var ingestSocket: String?
    @OptionGroup var common: CommonOptions

    /// What was made.
    private struct Made: Codable {
        var org: String
        var members: Int
        var records: Int
        var balance: String
    }

    private static let people: [(user: String, name: String, role: String)] = [
        ("ana", "Ana", "owner"), ("bo", "Bo", "admin"), ("cy", "Cy", "member"), ("dee", "Dee", "member"),
        ("eli", "Eli", "member"),
    ]

    func run() async throws {
        try await orExit {
            var client = common.client
            client.isQuiet = true
            _ = try await client.post(
                OrgView.self, ["v1", "orgs"],
                body: CreateOrgBody(org: org, displayName: "Example Team", country: "US", region: nil),
                key: "demo-org-\(org)")
            for person in Self.people {
                _ = try await client.post(
                    MemberView.self, ["v1", "orgs", org, "members"],
                    body: MemberBody(
                        user: person.user, name: person.name, email: "\(person.user)@\(org).example",
                        role: person.role), key: "demo-\(person.user)")
            }
            try await buy(client)
            try await set(client)
            let records = try send()
            let balance = try await client.get(BalanceView.self, ["v1", "orgs", org, "balance"])
            try common.show(Made(org: org, members: Self.people.count, records: records, balance: balance.balance)) {
                made in
                definitions([
                    ("org", made.org), ("members", "\(made.members), of them ana an owner and bo an admin"),
                    ("usage", "\(made.records) requests of the last 30 days"),
                    ("balance", "USD " + dollars(made.balance)),
                ])
            }
        }
    }

    /// Seats and credits, paid by a transfer that is recorded, and credits that are given.
    private func buy(_ client: ControlClient) async throws {
        let path = ["v1", "orgs", org]
        if case .bought(let payment) = try await client.post(
            SeatsAdded.self, path + ["seats", "add"], body: SeatsBody(seats: 8), key: "demo-seats")
        {
            try await pay(client, payment.payment)
        }
        let credits = try await client.post(
            PaymentView.self, path + ["purchases"], body: PurchaseBody(amount: "500"), key: "demo-credits")
        try await pay(client, credits.payment)
        let expires = DemoUsage.now().advanced(bySeconds: 90 * 86_400)
        _ = try await client.post(
            GrantView.self, path + ["grants"],
            body: GrantBody(
                amount: "25", source: "promotion", priority: nil, expires: expires.startOfDay.description,
                reason: "welcome"), key: "demo-promotion")
    }

    private func pay(_ client: ControlClient, _ payment: Int64) async throws {
        _ = try await client.post(
            PaymentView.self, ["v1", "orgs", org, "payments", "\(payment)", "record"],
            body: RecordPaymentBody(state: "paid", reference: "demo transfer \(payment)"), key: "demo-paid-\(payment)")
    }

    private func set(_ client: ControlClient) async throws {
        let path = ["v1", "orgs", org]
        _ = try await client.put(
            AlertsView.self, path + ["alerts"], body: AlertsBody(thresholds: ["100", "25"]), key: "demo-alerts")
        _ = try await client.put(
            BudgetView.self, path + ["budget"], body: BudgetBody(monthly: "750"), key: "demo-budget")
        _ = try await client.put(
            MemberView.self, path + ["members", "eli", "limits"], body: LimitsBody(daily: "5", monthly: "60"),
            key: "demo-limits")
    }

    /// A month of requests. They have the same ids each time, so that a second call adds nothing.
    private func send() throws -> Int {
        let path = ingestSocket ?? ProcessInfo.processInfo.environment["METERD_INGEST_SOCKET"]
        let lines = DemoUsage(org: org, now: DemoUsage.now()).lines()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("meterd-demo-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(lines.joined().utf8).write(to: file)
        let input = try FileHandle(forReadingFrom: file)
        var refused: String?
        let bar = ProgressBar(total: lines.count)
        defer { bar.clear() }
        var sender = IngestSender(
            path: path ?? "/run/meterd/ingest.sock", window: 256, patienceSeconds: 30,
            onRefusal: { _, message in refused = refused ?? message }, onProgress: { bar.update($0.sent, "") })
        let summary = try sender.send(LineReader(input))
        if let refused { throw Failure(status: .refused, message: "some usage was refused: \(refused)") }
        return summary.sent
    }
}
