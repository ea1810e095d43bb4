/// The counts of a usage object, each under one name, before it is decided which lie within which.
struct UsageCounts {
    var family = ContainmentRules.Family.chat
    var prompt: Int64 = 0
    var promptName = ""
    var completion: Int64 = 0
    var completionName = "the completion"
    var cached: Int64 = 0
    var cachedName = "the cached tokens"
    var written: Int64 = 0
    var reasoning: Int64 = 0
    var reasoningName = "the reasoning"
    var toolUse: Int64 = 0
    /// The names under which cached tokens stand.
    var cacheNames = CacheNames()
    /// Whether the reasoning stands at the top, as a count of its own.
    var reasoningIsAtTop = false

    /// Under which kinds of names an object has cached tokens, read or written.
    struct CacheNames {
        /// Names that OpenAI, and tools that rewrite counts, put within the prompt.
        var within = false
        /// Names that Anthropic and Bedrock put beside it.
        var beside = false
        /// The Vercel AI SDK's `cachedInputTokens`, which its version 5 took over from each provider as it was.
        var vercel = false
        /// Beside the camel-case `promptTokens` of Spring AI, which does the same.
        var isSpring = false
        /// Copilot's and Cursor's `cacheReadTokens`, which the two put in different places.
        var plain = false
    }

    static let prompts: [UsageObject.Field] = [.promptChat, .promptGemini, .promptSnake, .promptCamel]
    static let completions: [UsageObject.Field] = [
        .completionChat, .completionGemini, .completionSnake, .completionCamel,
    ]
    private static let reasons: [UsageObject.Field] = [.reasoning, .thoughts, .reasoningTop, .reasoningCodex]
    private static let within: [UsageObject.Field] = [.detailsCached, .cacheReadWithin, .cachedReadSplit]
    private static let reads: [UsageObject.Field] = within + [.cacheReadVercel, .cacheReadPlain, .cacheReadBeside]
    private static let writesWithin: [UsageObject.Field] = [.cacheWriteWithin, .cachedWriteSplit]
    private static let writes: [UsageObject.Field] = writesWithin + [.cacheWritePlain, .cacheWriteBeside]
    /// Providers whose embeddings and rerankings report a total alone, all of which is input.
    /// <https://docs.voyageai.com/reference/embeddings-api>, <https://api.jina.ai/redoc>
    private static let countsInputOnly: Set<String> = ["voyage", "jina_ai", "nomic", "mixedbread"]

    /// Reads the counts of an object; nil if it has no tokens at all.
    init?(of object: UsageObject, provider: String?, model: String) throws(UsageError) {
        var completion = try Self.one(of: Self.completions, object)
        var prompt = try Self.one(of: Self.prompts, object)
        if prompt == nil, object[.promptText] != nil { prompt = .promptText }
        if prompt == nil, completion == nil, object[.promptTimings] != nil {
            (prompt, completion) = (.promptTimings, object[.completionTimings] == nil ? nil : .completionTimings)
        }
        guard let prompt else {
            guard completion == nil else { throw Self.missingPrompt(completion) }
            guard let total = object[.total], Self.isInputOnly(provider, model) else { return nil }
            (self.prompt, promptName) = (total, object.origin(of: .total).path)
            return
        }
        self.prompt = object[prompt] ?? 0
        promptName = object.origin(of: prompt).path
        if let completion {
            self.completion = object[completion] ?? 0
            completionName = object.origin(of: completion).path
        }
        family =
            switch prompt {
            case .promptGemini: .gemini
            case .promptSnake: .snake
            case .promptCamel, .promptText: .camel
            default: .chat
            }
        toolUse = object[.toolUse] ?? 0
        let reason = try Self.one(of: Self.reasons, object)
        if let reason {
            reasoning = object[reason] ?? 0
            reasoningName = object.origin(of: reason).path
        }
        reasoningIsAtTop = reason == .reasoningTop
        try readCache(object)
        if prompt == .promptTimings { self.prompt += cached }
    }

    private mutating func readCache(_ object: UsageObject) throws(UsageError) {
        if let write = object[.cachedWriteSplit], write > 0,
            write + (object[.cachedReadSplit] ?? 0) == object[.detailsCached]
        {
            // Bifrost's cached_tokens is both, which it splits beside it (maximhq/bifrost#4816).
            (cached, written) = (object[.cachedReadSplit] ?? 0, write)
            cacheNames.within = true
            return
        }
        // Vertex AI can leave out the sum of cached tokens beside their modalities (googleapis/python-genai#795).
        let read = try Self.one(of: Self.reads, object)
        cached = read.flatMap { object[$0] } ?? object[.cachedByModality] ?? 0
        if let read { cachedName = object.origin(of: read).path }
        if cached == 0 {
            cached = (object[.cachedText] ?? 0) + (object[.cachedAudio] ?? 0) + (object[.cachedImage] ?? 0)
        }
        written = try Self.one(of: Self.writes, object).flatMap { object[$0] } ?? 0
        cacheNames.within = (Self.within + Self.writesWithin).contains { object[$0] ?? 0 > 0 }
        cacheNames.beside = (object[.cacheReadBeside] ?? 0) > 0 || (object[.cacheWriteBeside] ?? 0) > 0
        cacheNames.vercel = (object[.cacheReadVercel] ?? 0) > 0 && object[.reasoningCodex] == nil
        if object[.reasoningCodex] != nil, object[.cacheReadVercel] ?? 0 > 0 {
            (cacheNames.within, cacheNames.beside) = (true, false)
        } else if cacheNames.vercel, object[.cacheReadBeside] ?? 0 > 0 {
            throw UsageError(
                "\(object.origin(of: .cacheReadVercel).path) lies within the input, \(object.origin(of: .cacheReadBeside).path) beside it; expected one of them"
            )
        }
        cacheNames.plain = (object[.cacheReadPlain] ?? 0) > 0 || (object[.cacheWritePlain] ?? 0) > 0
        cacheNames.isSpring = promptName == "promptTokens"
        if let miss = object[.cacheMiss], miss > 0, cached + miss != prompt {
            throw UsageError(
                "\(object.origin(of: .cacheMiss).path) and the cached tokens don't add up to \(promptName)")
        }
    }

    private static func isInputOnly(_ provider: String?, _ model: String) -> Bool {
        provider.map(countsInputOnly.contains) == true || model.contains("rerank") || model.contains("embed")
    }

    private static func missingPrompt(_ completion: UsageObject.Field?) -> UsageError {
        // A stream's last chunk may hold the output alone: to charge the prompt nothing would be to guess.
        let name =
            switch completion {
            case .completionGemini?: "promptTokenCount"
            case .completionSnake?: "input_tokens"
            case .completionCamel?: "inputTokens"
            default: "prompt_tokens"
            }
        return UsageError("\(name) is missing")
    }

    /// The field that says the same as all others that are given; an error naming two that don't.
    static func one(of fields: [UsageObject.Field], _ object: UsageObject) throws(UsageError) -> UsageObject.Field? {
        var found: UsageObject.Field?
        for field in fields {
            guard let count = object[field] else { continue }
            guard let known = found, let other = object[known] else {
                found = field
                continue
            }
            if other == 0, count > 0 { found = field }
            if other > 0, count > 0, other != count {
                throw UsageError(
                    "\(object.origin(of: known).path) is \(other) and \(object.origin(of: field).path) is \(count); they count the same, so one of them is wrong"
                )
            }
        }
        return found
    }
}
