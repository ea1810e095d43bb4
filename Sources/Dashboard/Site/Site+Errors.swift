import HTML
import Wording

// What a visitor is told when something isn't there or wasn't done.
extension Site {
    func reply(to error: PageError, _ visit: Visit?) -> Reply {
        switch error {
        case .signedOut:
            guard let visit else { return plain(403, "Sign in", "Sign in first.") }
            let next = visit.method == .get ? visit.target : nil
            return .redirect(Place(["sign-in"], query: [("next", next)]))
        case .signInTooOld:
            // A form's page shows the form again.
            let next = visit?.method == .get ? visit?.target : visit?.cameFrom
            return .redirect(Place(["sign-in"], query: [("again", "1"), ("next", next)]))
        case .wrongIssuer(let issuer):
            return SignInPages.requiring(issuer, self, next: visit?.method == .get ? visit?.target : visit?.cameFrom)
        case .notFound:
            return plain(404, "Nothing here", "There is no such page, or it isn't yours to see.")
        case .notAllowed(let words): return plain(403, "Not allowed", words)
        case .malformed(let words): return plain(400, "Not understood", Words.sentence(words))
        case .forgedForm:
            log.note(.forgedForm, "a form was refused: it came from another site or another session", level: .warning)
            return plain(
                403, "Form refused",
                "This form was made before you signed in again, or by another site. Nothing was changed. Go back, reload the page, and try again."
            )
        case .tooOften:
            var reply = plain(429, "Too many tries", "Wait a minute, then try again.")
            reply.retryAfter = 60
            return reply
        case .refused(_, let words): return plain(409, "Not done", Words.sentence(words))
        case .noAnswer(let words):
            log.note(.daemonAway, "meterd gave no answer: \(words)", level: .error)
            var reply = plain(
                503, "No answer",
                "The billing service doesn't answer at the moment. If you changed something, look whether it was done before you try again."
            )
            reply.retryAfter = 10
            return reply
        case .broken(let words):
            log.note(.storeBroken, words, level: .error)
            return plain(500, "Something broke", "This is our fault, and the operator's log says more.")
        }
    }

    private func plain(_ status: Int, _ title: String, _ words: String) -> Reply {
        .page(
            Layout.bare(title: title) {
                element(.p, text: words)
                element(.p) { Parts.link("Go to the start page", Place([])) }
            }, status: status)
    }
}
