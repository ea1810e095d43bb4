import HTML

/// What a browser gets.
struct Reply: Sendable {
    /// What it is.
    enum Content: Sendable {
        /// A page.
        case page(HTML)
        /// The browser goes on to another place. See RFC 9110, section 15.4.4 (303).
        case redirect(Place)
        /// A file to keep.
        case file([UInt8], type: String, name: String)
        /// A part of pages that stays as it is for as long as its address does.
        case asset([UInt8], type: String)
    }

    var status = 200
    let content: Content
    /// Values of `Set-Cookie`.
    var cookies: [String] = []
    /// Seconds after which to try again; nil for no such hint.
    var retryAfter: Int?

    init(_ content: Content, status: Int = 200) {
        self.content = content
        self.status = status
    }

    /// A page.
    static func page(_ html: HTML, status: Int = 200) -> Reply { Reply(.page(html), status: status) }

    /// On to another place.
    static func redirect(_ place: Place) -> Reply { Reply(.redirect(place), status: 303) }
}

/// Why a page isn't there, or a form had no effect.
enum PageError: Error, Sendable {
    /// Nothing is there, or nothing of this person's.
    case notFound
    /// Somebody has to sign in first.
    case signedOut
    /// Their sign-in is too old for what they want.
    case signInTooOld
    /// The org takes sign-ins at this issuer only.
    case wrongIssuer(String)
    /// Their role doesn't allow it; in words.
    case notAllowed(String)
    /// The browser sent something that the page doesn't send; in words.
    case malformed(String)
    /// The form is of another session, or of another site.
    case forgedForm
    /// Too often.
    case tooOften
    /// The daemon said no, for a reason that its words tell.
    case refused(code: String, words: String)
    /// The daemon gave no answer. What became of a change is not known.
    case noAnswer(String)
    /// The dashboard's own file can't be used; in words for the log.
    case broken(String)
}
