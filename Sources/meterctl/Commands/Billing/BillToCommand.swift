import ArgumentParser
import Billing
import Control

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
