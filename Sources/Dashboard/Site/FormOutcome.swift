import HTML
import Wording

/// The key under which a form's change is made once, however often the form is sent.
enum FormKey {
    static func of(_ form: FormFields) throws(PageError) -> String {
        guard let key = form["key"], (16...100).contains(key.utf8.count),
            key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .malformed("the form has no key") }
        return "dash-" + key
    }
}

/// What happens to a form that the daemon refused: its page again, with the reason.
enum Failed {
    /// - Parameters:
    ///   - page: the page's path within the org.
    ///   - repeated: what it means that the same form was sent before with something else.
    static func back(
        _ error: PageError, _ team: Team, to page: String..., repeated: String? = nil
    ) throws(PageError) -> Reply {
        let words: String
        switch error {
        case .refused(let code, let said):
            words = code == "id_conflict" ? repeated ?? "This form was sent already" : said
        case .notAllowed(let said), .malformed(let said): words = said
        default: throw error
        }
        try team.site.store.leave(.failed(Words.sentence(words)), for: team.session)
        return .redirect(Place(["orgs", team.org] + page))
    }
}
