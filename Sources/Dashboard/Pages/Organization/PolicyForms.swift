import Control
import HTML
import Ledger

/// What owners and admins decide about an org's requests and data.
enum PolicyForms {
    static func cards(_ team: Team, _ policy: OrgPolicyView) -> HTML {
        element(.div, .class("columns")) {
            Parts.card("Allowed models", id: "models") {
                element(.p) {
                    "Now: "
                    models(policy.allowedModels)
                }
                Parts.form(team.place("policy", "models"), team.session) {
                    Parts.hidden("key", Secrets.random())
                    element(.div, .class("field")) {
                        element(.label, .text(.for, "f-models"), text: "One per line")
                        element(
                            .textarea, .id("f-models"), .text(.name, "models"), .aria("describedby", "h-models"),
                            text: (policy.allowedModels ?? []).joined(separator: "\n"))
                        element(
                            .small, .id("h-models"),
                            text:
                                "Such as gpt-5, anthropic/claude-sonnet-4-5 or openai/*. Empty: all models. Requests for other models are refused when the proxy asks."
                        )
                    }
                    Parts.submit("Save models")
                }
            }
            Parts.card("Data", id: "data") {
                element(
                    .p, .class("nothing"),
                    text:
                        "What your organization allows to be done with what its members send. It is kept here and handed to the proxies, which have to act on it."
                )
                Parts.form(team.place("policy", "data"), team.session) {
                    Parts.hidden("key", Secrets.random())
                    for choice in choices {
                        Parts.choice(
                            choice.words, choice.name,
                            [("", "Not decided"), ("yes", "Allowed"), ("no", "Not allowed")],
                            chosen: (policy.data ?? DataPolicy()).choices.first { $0.name == choice.name }
                                .flatMap { $0.allows.map { $0 ? "yes" : "no" } } ?? "")
                    }
                    Parts.submit("Save choices")
                }
            }
        }
    }

    private static let choices = [
        (name: "allow_training", words: "Train models with requests and answers"),
        (name: "allow_usage_analytics", words: "Analyze how the product is used"),
        (name: "allow_anonymized_reporting", words: "Report sums without names to others"),
    ]

    static func models(_ allowed: [String]?) -> HTML {
        guard let allowed else { return Parts.text("all models") }
        guard !allowed.isEmpty else { return Parts.text("no model at all") }
        return allowed.enumerated().reduce(into: HTML()) { html, next in
            html += (next.offset > 0 ? Parts.text(", ") : HTML()) + element(.code) { foreign(next.element) }
        }
    }

    /// `POST …/policy/models`
    static func setModels(_ team: Team) async throws(PageError) -> Reply {
        let lines = (team.visit.form["models"] ?? "").split { $0.isNewline || $0 == "," }
        let models = lines.map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        var body = PolicyBody()
        body.allowedModels = .set(models.isEmpty ? nil : models)
        return try await change(team, body, "The allowed models are set.")
    }

    /// `POST …/policy/data`
    static func setData(_ team: Team) async throws(PageError) -> Reply {
        func choice(_ name: String) throws(PageError) -> PolicyChange<Bool> {
            switch team.visit.form[name] {
            case "": .set(nil)
            case "yes": .set(true)
            case "no": .set(false)
            default: throw .malformed("\(name) must be yes, no or empty")
            }
        }
        var body = PolicyBody()
        body.allowTraining = try choice("allow_training")
        body.allowUsageAnalytics = try choice("allow_usage_analytics")
        body.allowAnonymizedReporting = try choice("allow_anonymized_reporting")
        return try await change(team, body, "Your choice is kept.")
    }

    private static func change(_ team: Team, _ body: PolicyBody, _ done: String) async throws(PageError) -> Reply {
        do throws(PageError) {
            _ = try await team.daemon.change(
                Ignored.self, .PATCH, "policy", body: body, key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "organization")
        }
        return try team.redirect("organization", saying: .done(done))
    }
}
