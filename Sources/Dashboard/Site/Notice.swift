/// What a page says once, after a form.
struct Notice: Sendable, Hashable, Codable {
    enum Kind: String, Sendable, Codable {
        /// It was done.
        case done
        /// It was not done.
        case failed
    }

    let kind: Kind
    let words: String

    static func done(_ words: String) -> Notice { Notice(kind: .done, words: words) }
    static func failed(_ words: String) -> Notice { Notice(kind: .failed, words: words) }
}
