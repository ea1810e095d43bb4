/// The counts of a usage object, each under one name, before it is decided which lie within which.
struct UsageCounts {
    var family = ContainmentRules.Family.chat
    var prompt: Int64 = 0
    private var promptField = UsageObject.Field.promptChat
    var completion: Int64 = 0
    private var completionField: UsageObject.Field?
    var cached: Int64 = 0
    private var cachedField: UsageObject.Field?
    var written: Int64 = 0
    var reasoning: Int64 = 0
    private var reasoningField: UsageObject.Field?
    private let object: UsageObject
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

    static let prompts = FieldSet(.promptChat, .promptSnake, .promptGemini, .promptCamel)
    static let completions = FieldSet(.completionChat, .completionSnake, .completionGemini, .completionCamel)
    private static let reasons = FieldSet(.reasoning, .thoughts, .reasoningTop, .reasoningCodex)
    private static let within = FieldSet(.detailsCached, .cacheReadWithin, .cachedReadSplit)
    private static let reads = within.union(FieldSet(.cacheReadVercel, .cacheReadPlain, .cacheReadBeside))
    private static let writesWithin = FieldSet(.cacheWriteWithin, .cachedWriteSplit)
    private static let writes = writesWithin.union(FieldSet(.cacheWritePlain, .cacheWriteBeside))
    /// Everything that is about cached tokens.
    private static let caches = reads.union(writes)
        .union(FieldSet(.cachedByModality, .cachedText, .cachedAudio, .cachedImage, .cacheMiss, .write5m, .write1h))
    /// Providers whose embeddings and rerankings report a total alone, all of which is input.
    /// <https://docs.voyageai.com/reference/embeddings-api>, <https://api.jina.ai/redoc>
    private static let countsInputOnly: Set<String> = ["voyage", "jina_ai", "nomic", "mixedbread"]

    /// Reads the counts of an object; nil if it has no tokens at all.
    init?(of object: UsageObject, provider: String?, model: String) throws(UsageError) {
        self.object = object
        var completion = try Self.one(of: Self.completions, object)
        var prompt = try Self.one(of: Self.prompts, object)
        if prompt == nil, object[.promptText] != nil { prompt = .promptText }
        if prompt == nil, completion == nil, object[.promptTimings] != nil {
            (prompt, completion) = (.promptTimings, object[.completionTimings] == nil ? nil : .completionTimings)
        }
        guard let prompt else {
            guard completion == nil else { throw Self.missingPrompt(completion) }
            guard let total = object[.total], Self.isInputOnly(provider, model) else { return nil }
            (self.prompt, promptField) = (total, .total)
            return
        }
        self.prompt = object[prompt] ?? 0
        promptField = prompt
        self.completion = completion.flatMap { object[$0] } ?? 0
        completionField = completion
        family =
            switch prompt {
            case .promptGemini: .gemini
            case .promptSnake: .snake
            case .promptCamel, .promptText: .camel
            default: .chat
            }
        toolUse = object[.toolUse] ?? 0
        let reason = try Self.one(of: Self.reasons, object)
        reasoning = reason.flatMap { object[$0] } ?? 0
        reasoningField = reason
        reasoningIsAtTop = reason == .reasoningTop
        try readCache(object)
        if prompt == .promptTimings { self.prompt += cached }
    }

    // Names are for messages, and so made when they are asked for.
    var promptName: String { object.origin(of: promptField).path }
    var completionName: String { completionField.map { object.origin(of: $0).path } ?? "the completion" }
    var cachedName: String { cachedField.map { object.origin(of: $0).path } ?? "the cached tokens" }
    var reasoningName: String { reasoningField.map { object.origin(of: $0).path } ?? "the reasoning" }

    private mutating func readCache(_ object: UsageObject) throws(UsageError) {
        guard !object.nonzero.intersection(Self.caches).isEmpty else { return }
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
        cachedField = read
        if cached == 0 {
            cached = (object[.cachedText] ?? 0) + (object[.cachedAudio] ?? 0) + (object[.cachedImage] ?? 0)
        }
        written = try Self.one(of: Self.writes, object).flatMap { object[$0] } ?? 0
        cacheNames.within = !object.nonzero.intersection(Self.within.union(Self.writesWithin)).isEmpty
        cacheNames.beside = object.nonzero.contains(.cacheReadBeside) || object.nonzero.contains(.cacheWriteBeside)
        if family == .snake, !cacheNames.within, !cacheNames.beside, written == 0 {
            // Anthropic's split of the writes, without their sum: it stands at the top, tools that count within put it elsewhere.
            for field in [UsageObject.Field.write5m, .write1h] where object.nonzero.contains(field) {
                let origin = object.origin(of: field)
                guard origin.container == .cacheCreation, origin.holderContainer == .top else { continue }
                written += object[field] ?? 0
                cacheNames.beside = true
            }
        }
        cacheNames.isSpring = family == .chat && cacheNames.beside && promptName == "promptTokens"
        cacheNames.vercel = (object[.cacheReadVercel] ?? 0) > 0 && object[.reasoningCodex] == nil
        if object[.reasoningCodex] != nil, object[.cacheReadVercel] ?? 0 > 0 {
            (cacheNames.within, cacheNames.beside) = (true, false)
        } else if cacheNames.vercel, object[.cacheReadBeside] ?? 0 > 0 {
            throw UsageError(
                "\(object.origin(of: .cacheReadVercel).path) lies within the input, \(object.origin(of: .cacheReadBeside).path) beside it; expected one of them"
            )
        }
        cacheNames.plain = (object[.cacheReadPlain] ?? 0) > 0 || (object[.cacheWritePlain] ?? 0) > 0
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
    static func one(of fields: FieldSet, _ object: UsageObject) throws(UsageError) -> UsageObject.Field? {
        var rest = object.nonzero.intersection(fields)
        guard let found = rest.popFirst() else { return object.present.intersection(fields).first }
        while let field = rest.popFirst() {
            guard let known = object[found], let count = object[field], known != count else { continue }
            throw UsageError(
                "\(object.origin(of: found).path) is \(known) and \(object.origin(of: field).path) is \(count); they count the same, so one of them is wrong"
            )
        }
        return found
    }
}
