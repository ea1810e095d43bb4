/// Names under which providers report one model: dated snapshots, regional profiles, versions, resource paths.
///
/// A name is only ever made shorter, by a part that providers document as a version, a date or a place. The family stays.
enum ModelName {
    /// The shorter forms of a name that may stand on a rate card in its place, the most particular first.
    ///
    /// - `models/gemini-2.5-pro`, `publishers/google/models/…`, `arn:aws:bedrock:…/…`: without the path
    ///   (<https://ai.google.dev/api/models>, <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles.html>)
    /// - `anthropic.claude-sonnet-4-5-20250929-v1:0`: without the version, then without the date
    /// - `claude-sonnet-4-5-20250929`, `gpt-5-2025-08-07`, `claude-sonnet-4-5@20250929`: without the date
    /// - `gemini-2.0-flash-001`: without the version (<https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions>)
    /// - `us.anthropic.…`: without the place, where nothing of its place is there
    /// - `ft:gpt-4o-2024-08-06:org:name:id`: `ft:gpt-4o-2024-08-06`, then without the date; never the model it was made of
    static func shorterForms(of name: String) -> [String] {
        var forms: [String] = []
        var base = Substring(name)
        if let tuned = fineTuned(base) {
            base = tuned
            forms.append(String(base))
        } else if let bare = withoutPath(base) {
            base = bare
            forms.append(String(base))
        }
        for place in [base, withoutPlace(base)].compactMap({ $0 }) {
            if place != base { forms.append(String(place)) }
            var form = place
            while let shorter = withoutVersion(form) ?? withoutDate(form) {
                forms.append(String(shorter))
                form = shorter
            }
        }
        return forms
    }

    private static func fineTuned(_ name: Substring) -> Substring? {
        guard name.hasPrefix("ft:") else { return nil }
        let parts = name.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        return name[..<parts[1].endIndex]
    }

    private static func withoutPath(_ name: Substring) -> Substring? {
        for prefix in ["models/", "publishers/google/models/"] where name.hasPrefix(prefix) {
            return name.dropFirst(prefix.utf8.count)
        }
        guard name.hasPrefix("arn:aws"), let slash = name.lastIndex(of: "/") else { return nil }
        return name[name.index(after: slash)...]
    }

    private static let places: Set<Substring> = [
        "us", "eu", "apac", "global", "jp", "au", "ca", "sa", "me", "af", "us-gov",
    ]

    private static func withoutPlace(_ name: Substring) -> Substring? {
        guard let dot = name.firstIndex(of: "."), places.contains(name[..<dot]) else { return nil }
        let rest = name[name.index(after: dot)...]
        return rest.contains(".") ? rest : nil
    }

    private static func withoutVersion(_ name: Substring) -> Substring? {
        let text = name.utf8
        if let colon = text.lastIndex(of: UInt8(ascii: ":")),
            isDigits(text[text.index(after: colon)...]),
            let dash = text[..<colon].lastIndex(of: UInt8(ascii: "-")),
            text[dash..<colon].dropFirst().first == UInt8(ascii: "v"), isDigits(text[dash..<colon].dropFirst(2))
        {
            return name[..<dash]
        }
        if name.hasPrefix("gemini-"), text.count > 4, text.dropLast(3).last == UInt8(ascii: "-"),
            isDigits(text.suffix(3))
        {
            return name.dropLast(4)
        }
        return nil
    }

    private static func withoutDate(_ name: Substring) -> Substring? {
        let text = name.utf8
        // -20250929, @20250929
        if text.count > 9, isYear(text.suffix(8)), isDigits(text.suffix(8)),
            let mark = text.dropLast(8).last, mark == UInt8(ascii: "-") || mark == UInt8(ascii: "@")
        {
            return name.dropLast(9)
        }
        // -2025-09-29
        let tail = Array(text.suffix(11))
        if text.count > 11, tail[0] == UInt8(ascii: "-"), tail[5] == UInt8(ascii: "-"), tail[8] == UInt8(ascii: "-"),
            isYear(tail[1...]), isDigits(tail[1..<5] + tail[6..<8] + tail[9..<11])
        {
            return name.dropLast(11)
        }
        return nil
    }

    private static func isYear(_ text: some Sequence<UInt8>) -> Bool {
        var start = text.makeIterator()
        return start.next() == UInt8(ascii: "2") && start.next() == UInt8(ascii: "0")
    }

    private static func isDigits(_ text: some Collection<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { (48...57).contains($0) }
    }
}
