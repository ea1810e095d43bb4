// The parts of usage objects that are lists, or objects whose members' names are data.
extension UsageObject {
    /// Gemini's `[{"modality":"AUDIO","tokenCount":12}, …]`, and the Interactions API's `[{"modality":"audio","tokens":12}]`.
    func readModalities(
        _ cursor: inout JSONCursor, _ fields: UsageMember.ModalityFields, _ place: Origin
    ) throws {
        try Self.expect("[", &cursor, place, "an array")
        var (text, audio, image, video, whole): (Int64, Int64, Int64, Int64, Int64) = (0, 0, 0, 0, 0)
        try cursor.beginArray()
        while try cursor.nextElement() {
            var modality = ""
            var tokens: Int64 = 0
            try Self.expect("{", &cursor, place, "an array of objects")
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                if try cursor.takeNull() { continue }
                if cursor.matches(key, "modality") {
                    modality = try Self.word(&cursor, place)
                } else if cursor.matches(key, "tokenCount") || cursor.matches(key, "token_count")
                    || cursor.matches(key, "tokens")
                {
                    tokens = try Self.count(&cursor, place)
                } else {
                    try cursor.skipValue()
                }
            }
            // google-genai prints `MediaModality.AUDIO` where an enumeration was made a string.
            switch modality.split(separator: ".").last?.uppercased() {
            case "AUDIO": audio += tokens
            case "IMAGE": image += tokens
            case "VIDEO": video += tokens
            default: text += tokens
            }
            whole += tokens
            guard whole <= Self.countMax else { throw UsageError("\(place.path) is above 2^40") }
        }
        let sums = [
            (fields.text, text), (fields.audio, audio), (fields.image, image), (fields.video, video),
            (fields.whole, whole),
        ]
        for (field, tokens) in sums where tokens > 0 {
            if let field { try set(field, tokens, place) }
        }
    }

    /// Bedrock's `[{"ttl":"1h","inputTokens":12}, …]`.
    func readBedrockCacheDetails(_ cursor: inout JSONCursor, _ place: Origin) throws {
        try Self.expect("[", &cursor, place, "an array")
        try cursor.beginArray()
        while try cursor.nextElement() {
            var lifetime = ""
            var tokens: Int64 = 0
            try Self.expect("{", &cursor, place, "an array of objects")
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                if cursor.matches(key, "ttl") {
                    lifetime = try Self.word(&cursor, place)
                } else if cursor.matches(key, "inputTokens") {
                    tokens = try Self.count(&cursor, place)
                } else {
                    try cursor.skipValue()
                }
            }
            switch lifetime {
            case "5m": try add(.write5m, tokens, place)
            case "1h": try add(.write1h, tokens, place)
            default: throw UsageError("\(place.path).ttl is neither 5m nor 1h")
            }
        }
    }

    /// Anthropic's `[{"type":"compaction","input_tokens":180000, …}, {"type":"advisor_message","model":…, …}, …]`.
    ///
    /// The counts beside the list leave compactions and advisors out; both are billed all the same, an advisor at the price of
    /// its own model. <https://platform.claude.com/docs/en/build-with-claude/compaction>,
    /// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool>
    func readIterations(_ cursor: inout JSONCursor, _ place: Origin, _ depth: Int) throws {
        try Self.expect("[", &cursor, place, "an array")
        try cursor.beginArray()
        while try cursor.nextElement() {
            try Self.expect("{", &cursor, place, "an array of objects")
            let start = cursor.offset
            let (kind, model) = try Self.kindAndModel(&cursor, place)
            var inside = JSONCursor(cursor.bytes, at: start)
            switch kind {
            case "compaction":
                let part = try UsageObject(element: &inside, depth: depth)
                try add(.compactionInput, part[.promptSnake] ?? 0, place)
                try add(.compactionOutput, part[.completionSnake] ?? 0, place)
                try add(.compactionCacheRead, part[.cacheReadBeside] ?? 0, place)
                try add(.compactionCacheWrite, part[.cacheWriteBeside] ?? 0, place)
                for member in part.unread { note(unread: "\(place.path).\(member.name)", member.count) }
            case "advisor_message":
                guard let model else { throw UsageError("\(place.path) has an advisor_message without a model") }
                try add(model, try UsageObject(element: &inside, depth: depth), place)
            case "fallback_message":
                // <https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons>: each attempt is billed at the
                // rate of the model that ran it; one that was refused before any output isn't.
                guard let model else { throw UsageError("\(place.path) has a fallback_message without a model") }
                standIn = ModelUsage(model: model, object: try UsageObject(element: &inside, depth: depth))
            case "message", "": break
            default:
                // Nobody has said whether the counts beside the list have this kind in.
                let part = try UsageObject(element: &inside, depth: depth)
                let tokens = (part[.promptSnake] ?? 0) + (part[.completionSnake] ?? 0)
                if tokens > 0 { note(unread: "\(place.path).\(kind)", tokens) }
            }
        }
    }

    private static func kindAndModel(_ cursor: inout JSONCursor, _ place: Origin) throws -> (String, String?) {
        var kind = ""
        var model: String?
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            if try cursor.takeNull() { continue }
            if cursor.matches(key, "type") {
                kind = try word(&cursor, place)
            } else if cursor.matches(key, "model") {
                model = try word(&cursor, place)
            } else {
                try cursor.skipValue()
            }
        }
        return (kind, model)
    }

    /// An object, or a list of objects whose counts add up.
    func readObjects(_ cursor: inout JSONCursor, _ origin: Origin, depth: Int) throws {
        guard cursor.peek() == UInt8(ascii: "[") else { return try read(&cursor, origin, depth: depth) }
        try cursor.beginArray()
        while try cursor.nextElement() {
            let part = UsageObject()
            try part.read(&cursor, origin, depth: depth)
            var fields = part.nonzero
            while let field = fields.popFirst() {
                try add(field, part[field] ?? 0, part.origin(of: field))
            }
            for member in part.unread { note(unread: member.name, member.count) }
        }
    }

    /// The provider's own object beside what a tool made of it: the Vercel AI SDK's `raw`, Spring AI's `nativeUsage`.
    func readNative(_ cursor: inout JSONCursor, _ depth: Int) throws {
        guard cursor.peek() == UInt8(ascii: "{") else { return _ = try cursor.skipValue() }
        let object = try UsageObject(element: &cursor, depth: depth)
        guard object.hasTokens else { return }
        native = ModelUsage(model: "", object: object)
    }

    /// An object like this one, alone in a list: what it says beside what is known is taken in.
    func readOnlyOne(_ cursor: inout JSONCursor, _ depth: Int) throws {
        guard cursor.peek() == UInt8(ascii: "["), depth < 3 else { return _ = try cursor.skipValue() }
        let range = try cursor.skipValue()
        var inside = JSONCursor(UnsafeBufferPointer(rebasing: cursor.bytes[range]))
        try inside.beginArray()
        guard try inside.nextElement(), inside.peek() == UInt8(ascii: "{") else { return }
        let first = inside.offset
        try inside.skipValue()
        guard try !inside.nextElement() else { return note(unread: "x_details", 1) }
        var element = JSONCursor(inside.bytes, at: first)
        try read(&element, Origin(), depth: depth + 1)
    }

    /// xAI's `["SERVER_SIDE_TOOL_WEB_SEARCH", …]`. <https://docs.x.ai/developers/pricing>
    func readToolNames(_ cursor: inout JSONCursor, _ place: Origin) throws {
        guard cursor.peek() == UInt8(ascii: "[") else { return _ = try cursor.skipValue() }
        try cursor.beginArray()
        while try cursor.nextElement() {
            let name = try Self.word(&cursor, place)
            switch name {
            case "SERVER_SIDE_TOOL_WEB_SEARCH": try add(.webSearch, 1, place)
            case "SERVER_SIDE_TOOL_X_SEARCH": try add(.xSearch, 1, place)
            case "SERVER_SIDE_TOOL_CODE_EXECUTION": try add(.codeExecution, 1, place)
            case "SERVER_SIDE_TOOL_COLLECTIONS_SEARCH": try add(.fileSearch, 1, place)
            case "SERVER_SIDE_TOOL_ATTACHMENT_SEARCH": try add(.documentSearch, 1, place)
            case "SERVER_SIDE_TOOL_MCP": break
            default: note(unread: "\(place.path).\(name)", 1)
            }
        }
    }

    /// Groq's `{"models":[{"model":"llama-3.3-70b-versatile","usage":{…}}, …]}`: everything that was used, by model.
    /// <https://console.groq.com/docs/compound>
    func readModelList(_ cursor: inout JSONCursor, _ place: Origin, _ depth: Int) throws {
        try Self.expect("{", &cursor, place, "an object")
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            guard cursor.matches(key, "models"), cursor.peek() == UInt8(ascii: "[") else {
                try cursor.skipValue()
                continue
            }
            try cursor.beginArray()
            while try cursor.nextElement() {
                try Self.expect("{", &cursor, place, "made of objects")
                let start = cursor.offset
                let (_, model) = try Self.kindAndModel(&cursor, place)
                var inside = JSONCursor(cursor.bytes, at: start)
                let object = try UsageObject(element: &inside, depth: depth)
                guard let model else { throw UsageError("\(place.path) has an entry without a model") }
                try add(model, object, place)
                isByModel = true
            }
        }
    }

    /// Copilot's `[{"tokenType":"input","tokenCount":3}, …]` or `{"input":{"tokenCount":3}, …}`, each token once.
    func readTokenDetails(_ cursor: inout JSONCursor, _ place: Origin) throws {
        let object = UsageObject()
        func put(_ kind: String, _ count: Int64) throws {
            switch kind {
            case "input": try object.add(.promptCamel, count, place)
            case "output": try object.add(.completionCamel, count, place)
            case "cache_read": try object.add(.cacheReadBeside, count, place)
            case "cache_write": try object.add(.cacheWriteBeside, count, place)
            default: if count > 0 { object.note(unread: "\(place.path).\(kind)", count) }
            }
        }
        func readOne(_ cursor: inout JSONCursor) throws -> (String, Int64) {
            var found = ("", Int64(0))
            try Self.expect("{", &cursor, place, "made of objects")
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                if cursor.matches(key, "tokenType") || cursor.matches(key, "token_type") {
                    found.0 = try Self.word(&cursor, place)
                } else if cursor.matches(key, "tokenCount") || cursor.matches(key, "token_count") {
                    found.1 = try Self.count(&cursor, place)
                } else {
                    try cursor.skipValue()
                }
            }
            return found
        }
        if cursor.peek() == UInt8(ascii: "[") {
            try cursor.beginArray()
            while try cursor.nextElement() {
                let (kind, count) = try readOne(&cursor)
                try put(kind, count)
            }
        } else {
            try Self.expect("{", &cursor, place, "an array or an object")
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                let kind = try cursor.text(key)
                try put(kind, try readOne(&cursor).1)
            }
        }
        guard object.hasTokens else { return }
        native = ModelUsage(model: "", object: object)
    }

    /// Whether it has a prompt and a completion, so that it can stand for itself.
    var hasTokens: Bool {
        !present.intersection(UsageCounts.prompts).isEmpty && !present.intersection(UsageCounts.completions).isEmpty
    }

    /// One element of a list, as a usage object of its own.
    private convenience init(element cursor: inout JSONCursor, depth: Int) throws {
        guard depth < 3 else { throw UsageError("usage is nested too deep") }
        let range = try cursor.skipValue()
        self.init()
        try fill(UnsafeBufferPointer(rebasing: cursor.bytes[range]))
    }

    private func add(_ nickname: String, _ object: UsageObject, _ place: Origin) throws {
        // `claude-opus-5[1m]` is the model with its long context switched on.
        let model = nickname.split(separator: "[").first.map(String.init) ?? nickname
        guard (1...256).contains(model.utf8.count) else {
            throw UsageError("\(place.path) names a model of more than 256 bytes, or none")
        }
        guard models.count < Self.modelsMax else {
            throw UsageError("\(place.path) has more than \(Self.modelsMax) models")
        }
        models.append(ModelUsage(model: model, object: object))
    }

    /// The Claude Agent SDK's `{"claude-opus-4-8": {"inputTokens": …}, …}`: everything that was used, by model.
    /// <https://platform.claude.com/docs/en/agent-sdk/cost-tracking>
    func readModels(_ cursor: inout JSONCursor, _ place: Origin, _ depth: Int) throws {
        try Self.expect("{", &cursor, place, "an object")
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            let model = try cursor.text(key)
            if try cursor.takeNull() { continue }
            try add(model, try UsageObject(element: &cursor, depth: depth), place)
            isByModel = true
        }
    }

    /// An object whose members are models, each with its usage; nil if it is no such object.
    convenience init?(modelsOf json: UnsafeBufferPointer<UInt8>, insteadOf object: UsageObject) {
        guard !object.unread.isEmpty, object.present.isEmpty else { return nil }
        self.init()
        var cursor = JSONCursor(json)
        do {
            try readModels(&cursor, Origin(), 0)
        } catch {
            return nil
        }
        guard models.allSatisfy({ $0.object.hasTokens && Self.canBeModel($0.model) }) else { return nil }
    }

    /// Whether a name can be a model's. `response` or `tokenUsage` is an object that we don't know, and no rate will ever have that
    /// name: models have a version, a size or a maker in theirs.
    private static func canBeModel(_ name: String) -> Bool {
        name.utf8.contains { (48...57).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "/") }
    }

    /// Perplexity's `{"search_web":{"invocation":2}, "fetch_url":{"invocation":1}}`.
    /// <https://docs.perplexity.ai/getting-started/pricing>
    func readToolCalls(_ cursor: inout JSONCursor, _ place: Origin) throws {
        try Self.expect("{", &cursor, place, "an object")
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            let name = try cursor.text(key)
            if try cursor.takeNull() { continue }
            var calls: Int64 = 0
            if cursor.peek() == UInt8(ascii: "{") {
                try cursor.beginObject()
                while let key = try cursor.nextMember() {
                    if cursor.matches(key, "invocation") {
                        if try !cursor.takeNull() { calls = try Self.count(&cursor, place) }
                    } else {
                        try cursor.skipValue()
                    }
                }
            } else {
                calls = try Self.count(&cursor, place)
            }
            guard calls > 0 else { continue }
            switch name {
            case "search_web", "web_search": try add(.webSearch, calls, place)
            case "fetch_url", "url_fetch": try add(.urlFetch, calls, place)
            default: note(unread: "\(place.path).\(name)", calls)
            }
        }
    }

    /// Google's `[{"type":"google_search","count":2}]`. <https://ai.google.dev/api/interactions-api>
    func readGroundingCounts(_ cursor: inout JSONCursor, _ place: Origin) throws {
        try Self.expect("[", &cursor, place, "an array")
        try cursor.beginArray()
        while try cursor.nextElement() {
            var kind = ""
            var calls: Int64 = 0
            try Self.expect("{", &cursor, place, "an array of objects")
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                if try cursor.takeNull() { continue }
                if cursor.matches(key, "type") {
                    kind = try Self.word(&cursor, place)
                } else if cursor.matches(key, "count") {
                    calls = try Self.count(&cursor, place)
                } else {
                    try cursor.skipValue()
                }
            }
            guard calls > 0 else { continue }
            switch kind {
            case "google_search": try add(.webSearch, calls, place)
            case "google_maps": try add(.mapsGrounding, calls, place)
            default: note(unread: "\(place.path).\(kind)", calls)
            }
        }
    }

    /// Titan's `[{"tokenCount":32,"outputText":…}]`.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html>
    func readTitanResults(_ cursor: inout JSONCursor, _ place: Origin) throws {
        try Self.expect("[", &cursor, place, "an array")
        try cursor.beginArray()
        while try cursor.nextElement() {
            try Self.expect("{", &cursor, place, "an array of objects")
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                if cursor.matches(key, "tokenCount") {
                    if try !cursor.takeNull() { try add(.completionCamel, try Self.count(&cursor, place), place) }
                } else {
                    try cursor.skipValue()
                }
            }
        }
    }
}
