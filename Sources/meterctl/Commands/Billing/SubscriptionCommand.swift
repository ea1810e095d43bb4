import ArgumentParser
import Billing
import Control

struct SubscriptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscription", abstract: "An org's seats, its period, and where it stands with its invoices.",
        subcommands: [Show.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows an org's subscription.", discussion: "Example: meterctl subscription show acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(SubscriptionView.self, ["v1", "orgs", org, "subscription"])
                try common.show(view, SubscriptionCommand.describe)
            }
        }
    }

    static func describe(_ view: SubscriptionView) -> String {
        guard let signup = view.signup else {
            return definitions([
                ("org", view.org), ("state", view.state),
                ("subscription", "none; meterctl seats add \(view.org) N begins one"),
                ("members", "\(view.members), any number"), ("seat price", "USD \(view.seatPrice) a month"),
            ])
        }
        let seats =
            view.nextSeats == view.seats
            ? "\(view.seats)" : "\(view.seats), \(view.nextSeats) from \(view.periodEnd ?? "the next period") on"
        return definitions([
            ("org", view.org), ("state", view.state), ("standing", standing(view)), ("seats", seats),
            ("members", view.membersMax.map { "\(view.members) of \($0)" } ?? "\(view.members), any number"),
            ("seat price", "USD \(view.seatPrice) a month"), ("signup", signup),
            ("period", "\(view.periodStart ?? "") to \(InvoiceCommand.lastDay(view.periodEnd))"),
            ("next invoice", view.nextAmount.map { "USD \($0) for seats, on \(view.periodEnd ?? "")" }),
            ("balance", view.balance.map { "USD \($0), for later invoices and seats" }),
            ("owed", view.owed.isEmpty ? nil : "USD \(view.due) on \(view.owed.joined(separator: ", "))"),
            (
                "what to do",
                view.isDisputed
                    ? "meterctl invoice uphold or credit ends the dispute"
                    : view.standing == "current" ? nil : "meterctl payments retry \(view.org) tries the payment again"
            ),
        ])
    }

    private static func standing(_ view: SubscriptionView) -> String {
        if view.isDisputed { return "\(view.standing), disputed: nothing follows from its not being paid" }
        return switch view.standing {
        case "grace": "grace: declined \(view.declined ?? ""), everything works until \(view.suspends ?? "")"
        case "suspended": "suspended since \(view.suspends ?? ""), detail is kept until \(view.erases ?? "")"
        case "erased": "suspended since \(view.suspends ?? ""), detail was erased \(view.erases ?? "")"
        default: view.standing
        }
    }
}

struct SeatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seats", abstract: "Buys and gives up seats.", subcommands: [Add.self, Remove.self, Keep.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds seats for the days that remain of the period, charged at once, and from then on.",
            discussion: """
                Examples: meterctl seats add acme 3 --dry-run
                          meterctl seats add acme 3

                If seats are about to be removed, they stay for nothing before others are bought. The first seats of an org begin its subscription: the billing day is that day of each month.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "How many seats.") var seats: Int64
        @Flag(help: "Only say what they cost.") var dryRun = false
        @OptionGroup var page: ReturnOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = ["v1", "orgs", org, "seats", "add"]
                if dryRun {
                    let preview = try await common.client.post(
                        SeatPreview.self, path, body: SeatsBody(seats: seats, dryRun: true), key: key.key)
                    return try common.show(preview, Self.describe)
                }
                let added = try await common.client.post(
                    SeatsAdded.self, path, body: SeatsBody(seats: seats, returnUrl: page.returnURL), key: key.key)
                switch added {
                case .bought(let payment):
                    try common.show(payment, PaymentsCommand.describe)
                    try PaymentsCommand.check(payment)
                case .kept(let subscription):
                    try common.show(subscription) {
                        "Nothing was charged: the seats were about to be removed, and stay.\n"
                            + SubscriptionCommand.describe($0)
                    }
                }
            }
        }

        private static func describe(_ preview: SeatPreview) -> String {
            definitions([
                ("seats", "\(preview.seats) at USD \(preview.seatPrice) a month"),
                (
                    "paid for already",
                    preview.keptSeats > 0 ? "\(preview.keptSeats), which were about to be removed and stay" : nil
                ),
                ("from", preview.from), ("to", InvoiceCommand.lastDay(preview.until)),
                ("days", "\(preview.days) of \(preview.ofDays)"), ("net", "USD \(preview.net)"),
                ("tax", "USD \(preview.tax)" + (preview.taxRule.isEmpty ? "" : " (\(preview.taxRule))")),
                ("charged at once", "USD \(preview.total)"),
            ])
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives up seats from the next period on; until then meterctl seats keep takes it back.",
            discussion: "Example: meterctl seats remove acme 2")

        @Argument(help: "The org.") var org: String
        @Argument(help: "How many seats.") var seats: Int64
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    SubscriptionView.self, ["v1", "orgs", org, "seats", "remove"], body: SeatsBody(seats: seats),
                    key: key.key)
                try common.show(view, SubscriptionCommand.describe)
            }
        }
    }

    struct Keep: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keeps the seats that were to go with the period.",
            discussion: "Example: meterctl seats keep acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    SubscriptionView.self, ["v1", "orgs", org, "seats", "keep"], body: [String: String](), key: key.key)
                try common.show(view, SubscriptionCommand.describe)
            }
        }
    }
}

struct BillToCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bill-to", abstract: "Who buys, as invoices say it, and for tax.",
        subcommands: [Show.self, Set.self, VerifyVAT.self])

    static func describe(_ view: BillToView) -> String {
        definitions([
            ("org", view.org), ("name", view.name), ("address", view.address.joined(separator: ", ")),
            ("country", view.country ?? "not known: no tax is charged"), ("region", view.region),
            (
                "VAT number",
                view.vatId.map { number in
                    guard view.vatVerified == false else {
                        return number + (view.vatReference.map { ", verified: \($0)" } ?? "")
                    }
                    return "\(number), not verified: it changes no tax until meterctl bill-to verify-vat \(view.org)"
                }
            ),
            ("tax ids", view.taxIds.map { $0.map { "\($0.name) \($0.value)" }.joined(separator: ", ") }),
            ("exempt", view.exemption), ("email", view.email),
        ])
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows who buys.", discussion: "Example: meterctl bill-to show acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(BillToView.self, ["v1", "orgs", org, "bill-to"])
                try common.show(view, BillToCommand.describe)
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets who buys, whole: what is left out is as it is known of the org, or nothing.",
            discussion: """
                Example: meterctl bill-to set acme --name 'Acme GmbH' --address 'Hauptstr. 1' --address '10115 Berlin' \\
                             --country DE --vat-id DE123456789

                Later invoices say it; those that are issued stay as they are.
                """)

        @Argument(help: "The org.") var org: String
        @Option(help: "The name on invoices.") var name: String?
        @Option(help: "A line of the address; may be given several times.") var address: [String] = []
        @Option(help: "Two capital letters (ISO 3166-1).") var country: String?
        @Option(help: "A region of the country, as the tax table calls it.") var region: String?
        @Option(help: "A VAT number of a member state of the EU.") var vatId: String?
        @Flag(help: "The VAT number changes tax only after meterctl bill-to verify-vat.") var unverified = false
        @Option(help: "Another tax number with its type, such as us_ein=12-3456789; may be given several times.")
        var taxId: [String] = []
        @Option(help: "Why no tax is to be paid, such as a certificate's number.") var exemption: String?
        @Option(help: "Where to write to.") var email: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let body = BillToBody(
                    name: name, address: address, country: country, region: region, vatId: vatId,
                    vatVerified: unverified ? false : nil, taxIds: taxId.isEmpty ? nil : try taxId.map(Self.taxID),
                    exemption: exemption, email: email)
                let view = try await common.client.put(
                    BillToView.self, ["v1", "orgs", org, "bill-to"], body: body, key: key.key)
                try common.show(view, BillToCommand.describe)
            }
        }

        private static func taxID(_ text: String) throws -> BillToBody.TaxIDBody {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw ValidationError("--tax-id is a type and a number, such as us_ein=12-3456789")
            }
            return BillToBody.TaxIDBody(type: String(parts[0]), value: String(parts[1]))
        }
    }

    struct VerifyVAT: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify-vat",
            abstract: "Takes note of whether the VAT number was given to the buyer; only then does it change tax.",
            discussion: """
                Examples: meterctl bill-to verify-vat acme --reference WAPIAAAAYqCf5k1d
                          meterctl bill-to verify-vat acme --invalid

                Ask https://ec.europa.eu/taxation_customs/vies/ first; the reference is its consultation number.
                """)

        @Argument(help: "The org.") var org: String
        @Option(help: "The answer's name, such as VIES's consultation number.") var reference: String?
        @Flag(help: "It was not given to the buyer.") var invalid = false
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    BillToView.self, ["v1", "orgs", org, "bill-to", "vat-verification"],
                    body: VATVerificationBody(valid: !invalid, reference: reference), key: key.key)
                try common.show(view, BillToCommand.describe)
            }
        }
    }
}
