/// Names under which providers report one model: dated snapshots, regional profiles, versions, resource paths.
///
/// A name is only ever made shorter, by a part that providers document as a version, a date or a place. The family stays.
enum ModelName {
    /// What `find` gives first of the shorter forms of a name that may stand on a rate card in its place, the most
    /// particular of them before the others; nil where it gives nothing.
    ///
    /// - `models/gemini-2.5-pro`, `publishers/google/models/…`, `arn:aws:bedrock:…/…`: without the path
    ///   (<https://ai.google.dev/api/models>, <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles.html>)
    /// - `converse/us.anthropic.…`, `invoke/…`: without LiteLLM's route
    /// - `anthropic.claude-sonnet-4-5-20250929-v1:0`: without the version, then without the date
    /// - `claude-sonnet-4-5-20250929`, `gpt-5-2025-08-07`, `claude-sonnet-4-5@20250929`: without the date
    /// - `gemini-2.0-flash-001`: without the version (<https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions>)
    /// - `us.anthropic.…`: without the place, where nothing of its place is there
    /// - `ft:gpt-4o-2024-08-06:org:name:id`: `ft:gpt-4o-2024-08-06`, then without the date; never the model it was made of
    ///
    /// - Parameter find: given a form, and whether a place was taken off.
    static func firstShorterForm<Found>(
        of name: String, _ find: (_ form: String, _ isWithoutPlace: Bool) -> Found?
    ) -> Found? {
        var copy = name
        return copy.withUTF8 { bytes in
            var whole = bytes[...]
            if let tuned = fineTuned(whole) ?? withoutPath(whole) {
                whole = tuned
                if let found = find(String(decoding: whole, as: UTF8.self), false) { return found }
            }
            var isPlaceLeft = true
            while true {
                var form = whole
                while let shorter = withoutVersion(form) ?? withoutDate(form) {
                    form = shorter
                    if let found = find(String(decoding: form, as: UTF8.self), !isPlaceLeft) { return found }
                }
                guard isPlaceLeft, let elsewhere = withoutPlace(whole) else { return nil }
                isPlaceLeft = false
                whole = elsewhere
                if let found = find(String(decoding: whole, as: UTF8.self), true) { return found }
            }
        }
    }

    /// A name at each place where Bedrock serves models.
    static func atEveryPlace(_ name: String) -> [String] {
        places.map { "\($0)\(name)" }
    }

    private typealias Text = Slice<UnsafeBufferPointer<UInt8>>

    /// `ft:BASE:org:name:id` to its second colon.
    private static func fineTuned(_ name: Text) -> Text? {
        guard starts(name, "ft:"), let colon = name.dropFirst(3).firstIndex(of: UInt8(ascii: ":")) else { return nil }
        return name[..<colon]
    }

    private static func withoutPath(_ name: Text) -> Text? {
        if starts(name, "models/") { return name.dropFirst("models/".utf8.count) }
        // LiteLLM's routes to one model at Bedrock.
        for route in routes where starts(name, route) { return name.dropFirst(route.utf8CodeUnitCount) }
        if starts(name, "publishers/google/models/") { return name.dropFirst("publishers/google/models/".utf8.count) }
        guard starts(name, "arn:aws"), let slash = name.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return name[(slash + 1)...]
    }

    private static let routes: [StaticString] = [
        "converse/", "converse_like/", "invoke/", "async_invoke/", "chat_completions/", "mantle/",
    ]

    private static let places: [StaticString] = [
        "us.", "eu.", "apac.", "global.", "jp.", "au.", "ca.", "sa.", "me.", "af.", "us-gov.",
    ]

    private static func withoutPlace(_ name: Text) -> Text? {
        for place in places where starts(name, place) {
            let rest = name.dropFirst(place.utf8CodeUnitCount)
            return rest.contains(UInt8(ascii: ".")) ? rest : nil
        }
        return nil
    }

    /// `-v1:0`; of Gemini's `-001`.
    private static func withoutVersion(_ name: Text) -> Text? {
        let minor = digits(endingAt: name.endIndex, in: name)
        if minor < name.endIndex, minor > name.startIndex, name[minor - 1] == UInt8(ascii: ":") {
            let major = digits(endingAt: minor - 1, in: name)
            guard major < minor - 1, major - 2 > name.startIndex, name[major - 1] == UInt8(ascii: "v"),
                name[major - 2] == UInt8(ascii: "-")
            else { return nil }
            return name[..<(major - 2)]
        }
        guard name.endIndex - minor == 3, minor - 1 > name.startIndex, name[minor - 1] == UInt8(ascii: "-"),
            starts(name, "gemini-")
        else { return nil }
        return name[..<(minor - 1)]
    }

    /// `-20250929`, `@20250929`, `-2025-09-29`.
    private static func withoutDate(_ name: Text) -> Text? {
        let last = digits(endingAt: name.endIndex, in: name)
        guard last > name.startIndex, last < name.endIndex else { return nil }
        let mark = name[last - 1]
        if name.endIndex - last == 8, mark == UInt8(ascii: "-") || mark == UInt8(ascii: "@") {
            return isYear(name[last...]) && last - 1 > name.startIndex ? name[..<(last - 1)] : nil
        }
        guard name.endIndex - last == 2, mark == UInt8(ascii: "-") else { return nil }
        let month = digits(endingAt: last - 1, in: name)
        guard last - 1 - month == 2, month > name.startIndex, name[month - 1] == UInt8(ascii: "-") else { return nil }
        let year = digits(endingAt: month - 1, in: name)
        guard month - 1 - year == 4, year - 1 > name.startIndex, name[year - 1] == UInt8(ascii: "-"),
            isYear(name[year...])
        else { return nil }
        return name[..<(year - 1)]
    }

    private static func isYear(_ text: Text) -> Bool {
        starts(text, "20")
    }

    /// Where the run of digits begins that ends before a place.
    private static func digits(endingAt end: Int, in name: Text) -> Int {
        var start = end
        while start > name.startIndex, (48...57).contains(name[start - 1]) { start -= 1 }
        return start
    }

    private static func starts(_ name: Text, _ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard name.count >= count else { return false }
        for index in 0..<count where name[name.startIndex + index] != word.utf8Start[index] { return false }
        return true
    }
}
