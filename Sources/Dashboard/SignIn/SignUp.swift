import HTML
import Ledger
import Wording

/// People who found an org for themselves, if the operator allows it.
enum SignUp {
    /// Where the form is.
    static let place = Place(["organizations", "new"])

    /// Whether people may; the daemon is asked.
    static func isOpen(_ site: Site) async throws(PageError) -> Bool {
        let answer = try await DaemonCall(site.control).answer(SignUpsAnswer.self, .GET, ["v1", "sign-ups"])
        return answer.signUp == "open"
    }

    /// `GET /organizations/new`
    static func show(_ visit: Visit, _ session: Session) async throws(PageError) -> Reply {
        guard try await isOpen(visit.site) else { return closed(session) }
        let key = Secrets.random()
        return .page(page(session, key: key, Draft()))
    }

    /// `POST /organizations/new`: founds it, and opens it in this session.
    static func found(_ visit: Visit, _ session: Session) async throws(PageError) -> Reply {
        let draft = Draft(
            displayName: visit.form.text("display_name"), org: visit.form.text("org"), name: visit.form.text("name"))
        let key = try FormKey.of(visit.form)
        let body = SignUpRequest(
            issuer: session.person.issuer, subject: session.person.subject, name: draft.name, org: draft.org ?? "",
            displayName: draft.displayName)
        let member: MemberAnswer
        do throws(PageError) {
            member = try await DaemonCall(visit.site.control).answer(
                MemberAnswer.self, .POST, ["v1", "sign-ups"], headers: ["Idempotency-Key": key],
                body: try DaemonCall.encode(body))
        } catch {
            guard case .refused(_, let words) = error else {
                if case .notAllowed = error { return closed(session) }
                throw error
            }
            // Another name is another request, with a key of its own.
            return .page(page(session, key: Secrets.random(), draft, failed: Words.sentence(words)), status: 409)
        }
        return try await SignInPages.add(member, to: session, visit)
    }

    /// What was typed, to be shown again.
    private struct Draft {
        var displayName: String?
        var org: String?
        var name: String?
    }

    private static func page(_ session: Session, key: String, _ draft: Draft, failed: String? = nil) -> HTML {
        Layout.bare(title: "New organization") {
            if let failed { Parts.notice(.failed(failed)) }
            element(.p, text: "You become its owner. It costs nothing until you buy credits or seats.")
            Parts.form(place, session) {
                Parts.hidden("key", key)
                Parts.field(
                    "Organization's name", "display_name", value: draft.displayName, hint: "As people call it.",
                    .flag(.required), .text(.maxlength, "200"), .text(.autocomplete, "organization"))
                Parts.field(
                    "Short name", "org", value: draft.org,
                    hint: "Usage records name it by this. Small letters, digits, - _ and . It can't be changed.",
                    .flag(.required), .text(.maxlength, "64"), .text(.pattern, "[a-z0-9._\\-]+"),
                    .text(.autocomplete, "off"))
                Parts.field(
                    "Your name", "name", value: draft.name, hint: "The team sees it. You can change it later.",
                    .text(.maxlength, "100"), .text(.autocomplete, "name"))
                Parts.submit("Create organization")
            }
            signOut(session)
        }
    }

    /// Somebody who is a member nowhere, and can found nothing.
    static func closed(_ session: Session?) -> Reply {
        .page(
            Layout.bare(title: "No organization") {
                element(
                    .p, text: "You are no member of an organization here. Ask an owner or admin of yours to invite you."
                )
                if let session { signOut(session) }
            }, status: 403)
    }

    private static func signOut(_ session: Session) -> HTML {
        Parts.form(Place(["sign-out"]), session, class: "inline") { Parts.submit("Sign out", class: "small") }
    }
}

private struct SignUpRequest: Encodable {
    let issuer: String
    let subject: String
    let name: String?
    let org: String
    let displayName: String?
}
