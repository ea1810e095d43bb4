import ArgumentParser
import Control
import Ledger

extension OrgCommand {
    struct Policy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows or changes what an org's requests may do.",
            discussion: """
                Examples: meterctl org policy acme
                          meterctl org policy acme --default-output-tokens 4096 --capped-exposure 25
                          meterctl org policy acme --allowed-models 'anthropic/*,gpt-5-mini'
                          meterctl org policy acme --charge-expired-holds on

                What is not named stays as it is. The word default takes a limit back to what holds without it.
                """)

        @Argument(help: "The org.") var org: String
        @Option(help: "Output tokens that a request without an output limit reserves, or default (none).")
        var defaultOutputTokens: String?
        @Option(help: "US dollars by which caps may leave worst cases unreserved, or default (10).")
        var cappedExposure: String?
        @Option(
            help: "Models that may be asked for: provider/model, provider/* or model, with commas; or default (all).")
        var allowedModels: String?
        @Option(help: "on charges what a hold had reserved that expired without usage.")
        var chargeExpiredHolds: Switch?
        @Option(help: "Wholly unpriced records beyond which requests are refused, 0 for any number; or default.")
        var unpricedRecords: String?
        @Option(help: "Whether requests and answers may train models: on, off, or default (not chosen).")
        var allowTraining: Choice?
        @Option(help: "Whether how the product is used may be evaluated: on, off, or default.")
        var allowUsageAnalytics: Choice?
        @Option(help: "Whether sums without names may be reported to others: on, off, or default.")
        var allowAnonymizedReporting: Choice?
        @Option(help: "The OpenID issuer that members have to sign in at, or default (any sign-in).")
        var signInIssuer: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        enum Choice: String, ExpressibleByArgument, CaseIterable {
            case on, off
            case fallback = "default"

            var change: PolicyChange<Bool> { .set(self == .fallback ? nil : self == .on) }
        }

        enum Switch: String, ExpressibleByArgument, CaseIterable {
            case on, off
        }

        func run() async throws {
            try await orExit {
                let path = ["v1", "orgs", org, "policy"]
                var body = PolicyBody()
                body.defaultOutputTokens = try number(defaultOutputTokens, "--default-output-tokens")
                body.unpricedRecordsMax = try number(unpricedRecords, "--unpriced-records")
                if let cappedExposure {
                    body.cappedExposureMax = .set(cappedExposure == Self.fallback ? nil : cappedExposure)
                }
                if let allowedModels {
                    guard
                        !allowedModels.split(separator: ",", omittingEmptySubsequences: false).contains(where: {
                            $0.trimmed.isEmpty
                        })
                    else {
                        throw ValidationError(
                            "--allowed-models has an empty name; expected models with commas between them")
                    }
                    body.allowedModels = .set(
                        allowedModels == Self.fallback
                            ? nil : allowedModels.split(separator: ",").map { $0.trimmed })
                }
                body.chargeExpiredHolds = chargeExpiredHolds.map { $0 == .on }
                body.allowTraining = allowTraining?.change ?? .unchanged
                body.allowUsageAnalytics = allowUsageAnalytics?.change ?? .unchanged
                body.allowAnonymizedReporting = allowAnonymizedReporting?.change ?? .unchanged
                if let signInIssuer { body.signInIssuer = .set(signInIssuer == Self.fallback ? nil : signInIssuer) }
                let policy =
                    body == PolicyBody()
                    ? try await common.client.get(OrgPolicyView.self, path)
                    : try await common.client.patch(OrgPolicyView.self, path, body: body, key: key.key)
                try common.show(policy) { OrgCommand.describe($0, isNamed: true) }
            }
        }

        private static let fallback = "default"

        private func number(_ text: String?, _ option: String) throws -> PolicyChange<Int64> {
            guard let text else { return .unchanged }
            if text == Self.fallback { return .set(nil) }
            guard let number = Int64(text) else {
                throw ValidationError("\(option) must be a whole number, or default")
            }
            return .set(number)
        }
    }

    /// An org and its policy: the org's own members, and `policy` beside them.
    struct OrgWithPolicy: Encodable {
        let org: OrgView
        let policy: OrgPolicyView

        private enum CodingKeys: String, CodingKey {
            case policy
        }

        func encode(to encoder: any Encoder) throws {
            try org.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(policy, forKey: .policy)
        }
    }

    static func describe(_ policy: OrgPolicyView, isNamed: Bool = false) -> String {
        definitions([
            ("org", isNamed ? policy.org : nil),
            ("default output tokens", policy.defaultOutputTokens.map(String.init) ?? "none"),
            (
                "capped exposure",
                "USD \(dollars(policy.cappedExposure)) of USD \(dollars(policy.cappedExposureMax))"
            ),
            (
                "allowed models",
                policy.allowedModels.map { $0.isEmpty ? "none" : $0.joined(separator: ", ") } ?? "all"
            ),
            ("sign-in", policy.signInIssuer.map { "at \($0) only" }),
            ("expired holds", policy.chargeExpiredHolds ? "charged what they had reserved" : "not charged"),
            (
                "unpriced records",
                "\(policy.unpricedRecords) of "
                    + (policy.unpricedRecordsMax.map { $0 == 0 ? "any number" : "\($0)" } ?? "the daemon's default")
            ),
            (
                "data",
                policy.data.map { data in
                    data.choices.compactMap { choice in
                        choice.allows.map {
                            "\(choice.name.dropFirst(6).replacing("_", with: " ")): \($0 ? "allowed" : "not allowed")"
                        }
                    }.joined(separator: ", ")
                }
            ),
        ])
    }
}

extension Substring {
    /// Without spaces around it.
    fileprivate var trimmed: String {
        var rest = self[...]
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
