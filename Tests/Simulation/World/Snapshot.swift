import Billing
import Ledger
import Metering

/// What is on record of an org, as its readers see it.
struct Snapshot: Sendable {
    struct Org: Sendable {
        let view: OrgView
        let grants, holds, members, people, payments, invoices, refunds: [String]
        let balance: Money
    }

    let orgs: [String: Org]
    /// Usage records of all orgs.
    let records: Int64

    init(_ reader: LedgerReader, _ names: [String], at now: Timestamp) async throws {
        var orgs: [String: Org] = [:]
        records = try await reader.mark()?.records ?? 0
        for name in names {
            guard let view = try await reader.org(name) else { continue }
            let grants = try await reader.grants(of: name, before: nil, limit: 1000).items
            let holds = try await reader.openHolds(of: name, before: nil, limit: 1000).items
            let members = try await reader.members(of: name, after: nil, limit: 100, at: now).items
            let team = try await reader.team(of: name, after: nil, limit: 1000, at: now).items
            let payments = try await reader.payments(of: name, before: nil, limit: 1000).items
            let invoices = try await reader.invoices(of: name, before: nil, limit: 1000).items
            let refunds = try await reader.refunds(of: name, before: nil, limit: 1000).items
            orgs[name] = Org(
                view: view, grants: grants.map { "\($0.grant) \($0.remaining) \($0.state)" },
                holds: holds.map(\.id).sorted(),
                members: members.filter { $0.removed == nil }.map {
                    "\($0.user) \($0.spentToday) \($0.spentThisMonth) \($0.held) \($0.dailyLimit ?? "-") \($0.monthlyLimit ?? "-")"
                }.sorted(),
                people: team.filter { $0.user == nil }.map { "\($0.member) \($0.email ?? "-") \($0.role) \($0.state)" },
                payments: payments.map { "\($0.payment) \($0.amount) \($0.state.name) \($0.refunded) \($0.returned)" },
                invoices: invoices.map { "\($0.number) \($0.due) \($0.state.name) \($0.credited) \($0.open)" },
                refunds: refunds.map { "\($0.refund) \($0.payment) \($0.amount) \($0.state.name)" },
                balance: try await reader.billing(of: name, at: now)?.customerBalance ?? .zero)
        }
        self.orgs = orgs
    }

    /// What differs from a model; nil for nothing.
    func difference(from model: Model, at now: Timestamp) -> String? {
        guard records == Int64(model.order.count) else {
            return "there are \(records) records, expected \(model.order.count)"
        }
        for (name, expected) in model.ledger.orgs.sorted(by: { $0.key < $1.key }) {
            guard let org = orgs[name] else { return "\(name) is not on record" }
            func money(_ nanos: Int64) -> String { Money(nanos: nanos).description }
            let pairs: [(String, [String], [String])] = [
                (
                    "balance, available, state, budget",
                    [org.view.balance, org.view.available, org.view.state, org.view.monthlyBudget ?? "-"],
                    [
                        money(expected.credits), money(expected.available), expected.state.name,
                        expected.budget.map(money) ?? "-",
                    ]
                ),
                (
                    "grants", org.grants,
                    expected.grants.reversed().map { "\($0.id) \(money($0.remaining)) \($0.state.name)" }
                ),
                ("open holds", org.holds, expected.holds.filter { $0.value.state == .open }.keys.sorted()),
                (
                    "members", org.members,
                    expected.members.filter { !$0.value.isRemoved }.keys.map { user in
                        let (day, month) = (
                            expected.spent(now.milliseconds, by: user, day: true),
                            expected.spent(now.milliseconds, by: user, day: false)
                        )
                        let limits = [expected.members[user]?.daily, expected.members[user]?.monthly].map {
                            $0.map(money) ?? "-"
                        }
                        return
                            "\(user) \(money(day)) \(money(month)) \(money(expected.held(by: user))) \(limits[0]) \(limits[1])"
                    }.sorted()
                ),
                (
                    "people", org.people,
                    expected.people.sorted { $0.key < $1.key }.map {
                        "\($0.key) \($0.value.email) \($0.value.role.name) \($0.value.state.name)"
                    }
                ),
                (
                    "payments", org.payments,
                    model.bills.payments.filter { $0.org == name }.reversed().map {
                        "\($0.number) \(money($0.amount)) \($0.state.name) \(money($0.refunded)) \(money($0.returned))"
                    }
                ),
                (
                    "refunds", org.refunds,
                    model.bills.refunds.filter { $0.org == name }.reversed().map {
                        "\($0.number) \($0.payment) \(money($0.amount)) \($0.state.name)"
                    }
                ),
                (
                    "balance for invoices and seats", [org.balance.description],
                    [money(model.bills.orgs[name]?.balance ?? 0)]
                ),
                (
                    "invoices", org.invoices,
                    model.bills.invoices.filter { $0.org == name }.reversed().map {
                        "\($0.number) \(money($0.due)) \($0.state.name) \(money($0.credited)) \(money($0.open))"
                    }
                ),
            ]
            for (what, got, wanted) in pairs where got != wanted {
                return "\(name): \(what) are \(got), expected \(wanted)"
            }
        }
        return nil
    }
}
