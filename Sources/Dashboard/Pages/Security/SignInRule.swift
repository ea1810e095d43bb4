import Control
import HTML
import Ledger
import OpenIDConnect

/// Sign-in at OpenID providers: which ones a member uses, and which one their org requires.
enum SignInRule {
    /// Nothing if this dashboard knows no provider and the org requires none.
    static func cards(_ team: Team) -> HTML {
        let providers = team.site.providers
        guard !providers.isEmpty || team.me.signInIssuer != nil else { return HTML() }
        return element(.div, .class("columns")) {
            Parts.card("Your sign-in providers", id: "providers") {
                Parts.table(
                    "Providers that you can sign in with", ["Provider", "State", "Action"],
                    providers.map { provider in
                        let isConnected = issuers(team).contains(provider.issuer)
                        return [
                            foreign(provider.name),
                            Parts.text(
                                team.session.meets(provider.issuer)
                                    ? "Signed in with it now" : isConnected ? "Connected" : "Not connected"),
                            team.session.person.issuer == provider.issuer
                                ? Parts.text("None")
                                : isConnected
                                    ? disconnection(team, provider)
                                    : Parts.form(team.place("security", "connect", provider.id), team.session) {
                                        element(
                                            .button, .text(.type, "submit"), .class("small"),
                                            .aria("label", "Connect \(provider.name)"), text: "Connect")
                                    },
                        ]
                    })
            }
            rule(team)
        }
    }

    private static func disconnection(_ team: Team, _ provider: SignInProvider) -> HTML {
        Parts.form(team.place("security", "disconnect", provider.id), team.session) {
            Parts.hidden("key", Secrets.random())
            element(
                .button, .text(.type, "submit"), .class("small"), .aria("label", "Disconnect \(provider.name)"),
                text: "Disconnect")
        }
    }

    /// `POST …/security/disconnect/{provider}`
    static func disconnect(_ team: Team) async throws(PageError) -> Reply {
        let provider = try ProviderSignIn.provider(team.visit)
        // Whoever disconnects what they are signed in with would lock themselves out.
        guard provider.issuer != team.session.person.issuer else { throw .notFound }
        let form = team.visit.form
        do throws(PageError) {
            for identity in team.me.identities where identity.issuer == provider.issuer {
                _ = try await team.daemon.change(
                    Ignored.self, .POST, "team", "\(team.me.member.member)", "identities", "remove", body: identity,
                    key: try FormKey.of(form))
            }
        } catch {
            return try Failed.back(error, team, to: "security")
        }
        return try team.redirect("security", saying: .done("You can't sign in with \(provider.name) any more."))
    }

    private static func rule(_ team: Team) -> HTML {
        Parts.card("Required sign-in", id: "required") {
            element(.p) {
                if let issuer = team.me.signInIssuer {
                    "Everybody in this organization signs in with "
                    element(.strong) { foreign(name(of: issuer, team)) }
                    "."
                } else {
                    "No provider is required. Passkeys, links and all connected providers are good."
                }
            }
            if team.may("requireIssuer") {
                element(
                    .p,
                    text:
                        "If a provider is required, nobody gets into this organization by a passkey or a link. Sessions that were opened in another way end for it at once, yours too. Connect the provider yourself first."
                )
                Parts.form(team.place("security", "sign-in"), team.session) {
                    Parts.hidden("key", Secrets.random())
                    Parts.choice("Required provider", "issuer", choices(team), chosen: team.me.signInIssuer ?? "")
                    Parts.submit("Save rule", class: "button")
                }
            }
        }
    }

    /// The providers that this member can require, and the one that is required.
    private static func choices(_ team: Team) -> [(String, String)] {
        let own = team.site.providers.map(\.issuer).filter { issuers(team).contains($0) }
        let required = team.me.signInIssuer.map { own.contains($0) ? [] : [$0] } ?? []
        return [("", "None")] + (own + required).map { ($0, name(of: $0, team)) }
    }

    private static func issuers(_ team: Team) -> [String] { team.me.identities.map(\.issuer) }

    private static func name(of issuer: String, _ team: Team) -> String {
        team.site.providers.first { $0.issuer == issuer }?.name ?? issuer
    }

    /// `POST …/security/sign-in`
    static func set(_ team: Team) async throws(PageError) -> Reply {
        let chosen = team.visit.form["issuer"] ?? ""
        guard choices(team).contains(where: { $0.0 == chosen }) else {
            throw .malformed("issuer must be one of the page's choices")
        }
        do throws(PageError) {
            _ = try await team.daemon.change(
                Ignored.self, .PUT, "sign-in-rule", body: SignInRuleBody(issuer: chosen.isEmpty ? nil : chosen),
                key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "security")
        }
        let words =
            chosen.isEmpty
            ? "No provider is required any more." : "Everybody signs in with \(name(of: chosen, team)) from now on."
        return try team.redirect("security", saying: .done(words))
    }
}
