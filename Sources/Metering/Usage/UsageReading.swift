/// A usage object made disjoint: every token in one bucket, and the tier that the object says was served.
public struct UsageReading: Sendable, Hashable {
    /// What was used, each token once.
    public var buckets = UsageBuckets()
    /// The tier that the object names, which beats the record's own.
    public var servedTier: ServiceTier?
    /// What it says beside counts that may carry a surcharge: `speed.fast`, `geo.us`.
    public var conditions: [String] = []

    /// Reads the JSON of a provider's own usage object by its shape's containment rule.
    ///
    /// - Parameters:
    ///   - json: the object, verbatim.
    ///   - provider: who served the request: decides where the same members mean different things. Nil where it isn't
    ///     known; then the object's own total decides.
    public init(json: UnsafeBufferPointer<UInt8>, provider: String?) throws(UsageError) {
        let object = try UsageObject(json: json)
        servedTier = object.servedTier
        if let speed = object.speed, speed != "standard" { conditions.append("speed." + speed) }
        if let geo = object.geo, geo != "global", geo != "not_available" { conditions.append("geo." + geo) }
        let shape = try Shape(of: object, provider: provider)
        // A stream's last chunk may hold the output alone: to charge the prompt nothing would be to guess.
        try Self.require(object[shape.promptField] != nil, "\(shape.promptName) is missing")
        switch shape {
        case .chat: try readChat(object, provider: provider)
        case .responses: try readResponses(object)
        case .anthropic: try readAnthropic(object)
        case .gemini: try readGemini(object)
        case .bedrock: try readBedrock(object)
        }
    }

    /// The same of a text.
    public init(json: String, provider: String?) throws(UsageError) {
        var copy = json
        let result = copy.withUTF8 { bytes -> Result<UsageReading, UsageError> in
            do throws(UsageError) {
                return .success(try UsageReading(json: bytes, provider: provider))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private enum Shape {
        case chat, responses, anthropic, gemini, bedrock

        var promptField: UsageObject.Field {
            switch self {
            case .chat: .promptTokens
            case .responses, .anthropic: .inputTokens
            case .gemini: .promptTokenCount
            case .bedrock: .bedrockInputTokens
            }
        }

        var promptName: String {
            switch self {
            case .chat: "prompt_tokens"
            case .responses, .anthropic: "input_tokens"
            case .gemini: "promptTokenCount"
            case .bedrock: "inputTokens"
            }
        }

        init(of object: UsageObject, provider: String?) throws(UsageError) {
            let hasChat = object[.promptTokens] != nil || object[.completionTokens] != nil
            let hasInput = object[.inputTokens] != nil || object[.outputTokens] != nil
            let hasGemini = object[.promptTokenCount] != nil || object[.candidatesTokenCount] != nil
            let hasBedrock = object[.bedrockInputTokens] != nil || object[.bedrockOutputTokens] != nil
            switch (hasChat, hasInput, hasGemini, hasBedrock) {
            case (true, false, false, false): self = .chat
            case (false, false, true, false): self = .gemini
            case (false, false, false, true): self = .bedrock
            case (false, true, false, false):
                // Both spell input_tokens. Anthropic's counts lie beside it, those of Responses within it.
                let anthropic =
                    object[.cacheReadInputTokens] != nil || object[.cacheCreationInputTokens] != nil
                    || object[.ephemeral5m] != nil || object[.ephemeral1h] != nil || object[.webSearchRequests] != nil
                    || object[.compactionInput] != nil
                let responses = object[.detailsCached] != nil || object[.detailsCacheWrite] != nil
                guard !(anthropic && responses) else {
                    throw UsageError("usage has cache counts of both Anthropic Messages and OpenAI Responses")
                }
                self = anthropic || (!responses && provider == "anthropic") ? .anthropic : .responses
            case (false, false, false, false):
                throw UsageError("usage has no token count of a known shape (prompt_tokens, input_tokens, …)")
            default:
                throw UsageError("usage mixes the token counts of several shapes")
            }
        }
    }

    // MARK: The shapes

    /// OpenAI Chat Completions and what is compatible with it: cached and audio tokens lie within the prompt,
    /// reasoning and audio within the completion; xAI counts reasoning beside it.
    ///
    /// <https://platform.openai.com/docs/api-reference/chat/object>,
    /// <https://api-docs.deepseek.com/api/create-chat-completion>, <https://docs.x.ai/docs/guides/reasoning>
    private mutating func readChat(_ object: UsageObject, provider: String?) throws(UsageError) {
        let prompt = object[.promptTokens] ?? 0
        let completion = object[.completionTokens] ?? 0
        let cached = try Self.same(
            ("prompt_tokens_details.cached_tokens", object[.detailsCached]),
            ("prompt_cache_hit_tokens", object[.promptCacheHitTokens]),
            ("cache_read_input_tokens", object[.cacheReadInputTokens]))
        if let miss = object[.promptCacheMissTokens], let hit = object[.promptCacheHitTokens], hit + miss != prompt {
            throw UsageError("prompt_cache_hit_tokens and prompt_cache_miss_tokens don't add up to prompt_tokens")
        }
        let written = try Self.same(
            ("prompt_tokens_details.cache_creation_tokens", object[.detailsCacheWrite]),
            ("cache_creation_input_tokens", object[.cacheCreationInputTokens]))
        try splitCacheWrite(
            written, base: (object[.ephemeral5m] ?? 0) + (object[.cacheWrite30m] ?? 0), hour: object[.ephemeral1h],
            twelveHours: object[.cacheWrite12h], name: "cache_creation_tokens")
        try splitPrompt(prompt, cached: cached ?? 0, object, name: "prompt_tokens")

        // Perplexity's reasoning_tokens is a member of its own and outside completion_tokens:
        // <https://docs.perplexity.ai/getting-started/models/models/sonar-deep-research>
        let apart = provider == "perplexity" && object[.detailsReasoning] == nil ? object[.reasoningTokens] ?? 0 : 0
        let reasoning = object[.detailsReasoning] ?? apart
        let beside =
            apart > 0
            || Self.reasoningIsBeside(
                prompt: prompt, completion: completion, reasoning: reasoning, total: object[.totalTokens],
                provider: provider)
        try splitCompletion(
            beside ? completion + reasoning : completion, reasoning: reasoning, object, name: "completion_tokens")
        buckets[.webSearch] =
            object[.numSearchQueries] ?? object[.webSearchRequests] ?? object[.detailsWebSearch]
            ?? object[.webSearchCalls] ?? 0
        buckets[.citation] = object[.citationTokens] ?? 0
    }

    /// Whether reasoning tokens are counted beside the completion: so with xAI, unless the object's total says that
    /// they are within; and with an unknown provider where only that adds up.
    private static func reasoningIsBeside(
        prompt: Int64, completion: Int64, reasoning: Int64, total: Int64?, provider: String?
    ) -> Bool {
        guard reasoning > 0 else { return false }
        switch provider {
        case "xai": return total != prompt + completion
        case nil: return total == prompt + completion + reasoning
        default: return false
        }
    }

    /// OpenAI Responses (and its audio and image endpoints): as Chat, under other names.
    ///
    /// <https://platform.openai.com/docs/api-reference/responses/object>
    private mutating func readResponses(_ object: UsageObject) throws(UsageError) {
        try splitCacheWrite(
            object[.detailsCacheWrite], base: object[.cacheWrite30m], hour: nil, twelveHours: object[.cacheWrite12h],
            name: "input_tokens_details.cache_write_tokens")
        try splitPrompt(object[.inputTokens] ?? 0, cached: object[.detailsCached] ?? 0, object, name: "input_tokens")
        try splitCompletion(
            object[.outputTokens] ?? 0, reasoning: object[.detailsReasoning] ?? 0, object, name: "output_tokens")
        buckets[.webSearch] = object[.webSearchCalls] ?? 0
    }

    /// Anthropic Messages: `input_tokens`, cache reads and cache writes are disjoint already; `cache_creation` splits
    /// the writes by their time to live. What a compaction used is billed and stands in `iterations` alone.
    ///
    /// <https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance>
    private mutating func readAnthropic(_ object: UsageObject) throws(UsageError) {
        buckets[.input] = object[.inputTokens] ?? 0
        buckets[.cacheRead] = object[.cacheReadInputTokens] ?? 0
        try splitCacheWrite(
            object[.cacheCreationInputTokens], base: object[.ephemeral5m], hour: object[.ephemeral1h],
            name: "cache_creation_input_tokens")
        try splitCompletion(
            object[.outputTokens] ?? 0, reasoning: object[.detailsReasoning] ?? 0, object, name: "output_tokens")
        buckets[.webSearch] = object[.webSearchRequests] ?? 0
        buckets[.input] += object[.compactionInput] ?? 0
        buckets[.cacheRead] += object[.compactionCacheRead] ?? 0
        buckets[.cacheWrite5m] += object[.compactionCacheWrite] ?? 0
        buckets[.output] += object[.compactionOutput] ?? 0
    }

    /// Gemini: cached content lies within the prompt; tool-use prompts are further input; thoughts are beside the
    /// candidates, unless prompt + candidates + tool use already equals the total.
    ///
    /// <https://ai.google.dev/api/generate-content#UsageMetadata>
    private mutating func readGemini(_ object: UsageObject) throws(UsageError) {
        let prompt = object[.promptTokenCount] ?? 0
        let cached = object[.cachedContentTokenCount] ?? 0
        let toolUse = object[.toolUsePromptTokenCount] ?? 0
        let candidates = object[.candidatesTokenCount] ?? 0
        let thoughts = object[.thoughtsTokenCount] ?? 0
        try Self.require(cached <= prompt, "cachedContentTokenCount is larger than promptTokenCount")
        try splitModalities(
            Modalities(
                whole: prompt, cached: cached, audio: object[.geminiAudioInput] ?? 0,
                image: object[.geminiImageInput] ?? 0, video: object[.geminiVideoInput] ?? 0,
                cachedAudio: object[.geminiAudioCached], cachedImage: object[.geminiImageCached]),
            name: "promptTokenCount")
        let toolAudio = object[.geminiToolAudioInput] ?? 0
        let toolImage = object[.geminiToolImageInput] ?? 0
        let toolVideo = object[.geminiToolVideoInput] ?? 0
        let toolText = toolUse - toolAudio - toolImage - toolVideo
        try Self.require(toolText >= 0, "toolUsePromptTokensDetails is larger than toolUsePromptTokenCount")
        buckets[.input] += toolText
        buckets[.audioInput] += toolAudio
        buckets[.imageInput] += toolImage
        buckets[.videoInput] += toolVideo

        let within = thoughts > 0 && object[.totalTokenCount] == prompt + candidates + toolUse
        let visible = within ? candidates - thoughts : candidates
        try Self.require(visible >= 0, "thoughtsTokenCount is larger than candidatesTokenCount")
        let audio = object[.geminiAudioOutput] ?? 0
        let image = object[.geminiImageOutput] ?? 0
        let video = object[.geminiVideoOutput] ?? 0
        try Self.require(
            audio + image + video <= visible, "candidatesTokensDetails is larger than candidatesTokenCount")
        buckets[.reasoning] = thoughts
        buckets[.audioOutput] = audio
        buckets[.imageOutput] = image
        buckets[.videoOutput] = video
        buckets[.output] = visible - audio - image - video
    }

    /// Bedrock Converse: `inputTokens` leaves cache reads and writes out.
    ///
    /// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html>
    private mutating func readBedrock(_ object: UsageObject) throws(UsageError) {
        buckets[.input] = object[.bedrockInputTokens] ?? 0
        buckets[.cacheRead] = object[.bedrockCacheRead] ?? 0
        try splitCacheWrite(
            object[.bedrockCacheWrite], base: object[.bedrockCacheWrite5m], hour: object[.bedrockCacheWrite1h],
            name: "cacheWriteInputTokens")
        buckets[.output] = object[.bedrockOutputTokens] ?? 0
    }

    // MARK: Parts of a whole

    /// Splits a prompt that holds its cached, written, audio and image tokens.
    private mutating func splitPrompt(
        _ prompt: Int64, cached: Int64, _ object: UsageObject, name: String
    ) throws(UsageError) {
        try Self.require(cached <= prompt, "the cached tokens are more than \(name)")
        let written = buckets[.cacheWrite5m] + buckets[.cacheWrite1h] + buckets[.cacheWrite12h]
        try Self.require(cached + written <= prompt, "cached tokens read and written are more than \(name)")
        try splitModalities(
            Modalities(
                whole: prompt - written, cached: cached, audio: object[.detailsAudioInput] ?? 0,
                image: object[.detailsImageInput] ?? 0, video: object[.detailsVideoInput] ?? 0,
                cachedAudio: object[.detailsCachedAudio], cachedImage: object[.detailsCachedImage]), name: name)
    }

    /// A prompt's tokens by kind, and what is known of the cached ones.
    private struct Modalities {
        let whole, cached, audio, image, video: Int64
        let cachedAudio, cachedImage: Int64?
    }

    /// Splits a prompt into text, audio, image and video, each cached or not.
    ///
    /// Where the object doesn't say of what kind cached tokens are, they are of text first, as far as there is text.
    private mutating func splitModalities(_ prompt: Modalities, name: String) throws(UsageError) {
        let text = prompt.whole - prompt.audio - prompt.image - prompt.video
        try Self.require(text >= 0, "audio, image and video tokens are more than \(name)")
        let beyondText = max(0, prompt.cached - (prompt.cachedImage ?? 0) - text)
        let audioCached = prompt.cachedAudio ?? min(prompt.audio, beyondText)
        try Self.require(audioCached <= prompt.audio, "cached audio tokens are more than the audio tokens of \(name)")
        let imageCached = prompt.cachedImage ?? min(prompt.image, max(0, prompt.cached - audioCached - text))
        try Self.require(imageCached <= prompt.image, "cached image tokens are more than the image tokens of \(name)")
        let rest = prompt.cached - audioCached - imageCached
        try Self.require(rest >= 0, "cached audio and image tokens are more than the cached tokens of \(name)")
        let textCached = min(rest, text)
        let videoCached = rest - textCached
        try Self.require(videoCached <= prompt.video, "cached tokens are more than the tokens of \(name)")
        buckets[.input] = text - textCached
        buckets[.cacheRead] = textCached + videoCached
        buckets[.audioInput] = prompt.audio - audioCached
        buckets[.audioCacheRead] = audioCached
        buckets[.imageInput] = prompt.image - imageCached
        buckets[.imageCacheRead] = imageCached
        buckets[.videoInput] = prompt.video - videoCached
    }

    /// Splits a completion that holds its reasoning, audio and image tokens.
    private mutating func splitCompletion(
        _ completion: Int64, reasoning: Int64, _ object: UsageObject, name: String
    ) throws(UsageError) {
        let audio = object[.detailsAudioOutput] ?? 0
        let image = object[.detailsImageOutput] ?? 0
        let video = object[.detailsVideoOutput] ?? 0
        try Self.require(reasoning <= completion, "reasoning_tokens is larger than \(name)")
        let text = completion - reasoning - audio - image - video
        try Self.require(text >= 0, "reasoning, audio, image and video tokens are more than \(name)")
        buckets[.reasoning] = reasoning
        buckets[.audioOutput] = audio
        buckets[.imageOutput] = image
        buckets[.videoOutput] = video
        buckets[.output] = text
    }

    /// Splits cache writes by their time to live; what isn't split has the base one (Anthropic: 5 minutes, OpenAI: 30).
    private mutating func splitCacheWrite(
        _ whole: Int64?, base: Int64?, hour: Int64?, twelveHours: Int64? = nil, name: String
    ) throws(UsageError) {
        let longer = (hour ?? 0) + (twelveHours ?? 0)
        let split = (base ?? 0) + longer
        let total = whole ?? split
        try Self.require(split <= total, "the parts by time to live are more than \(name)")
        buckets[.cacheWrite1h] = hour ?? 0
        buckets[.cacheWrite12h] = twelveHours ?? 0
        buckets[.cacheWrite5m] = total - longer
    }

    /// The count that one or several members give; an error where they differ.
    private static func same(_ members: (name: String, count: Int64?)...) throws(UsageError) -> Int64? {
        var found: (name: String, count: Int64)?
        for (name, count) in members {
            guard let count else { continue }
            if let found, found.count != count { throw UsageError("\(found.name) and \(name) differ") }
            found = found ?? (name, count)
        }
        return found?.count
    }

    private static func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(UsageError) {
        if !condition { throw UsageError(message()) }
    }
}
