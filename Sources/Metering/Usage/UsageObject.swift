/// A provider's usage object as it was reported: the counts of every shape we know, not yet made disjoint.
///
/// Reading it checks each count for itself (whole, not negative, at most 2⁴⁰). What the counts mean together is
/// ``UsageReading``'s business.
struct UsageObject {
    /// One member, or one member of a nested object, that holds a count.
    enum Field: Int {
        // OpenAI Chat Completions and everyone compatible with it; DeepSeek; LiteLLM's copy of Anthropic's counts
        case promptTokens, completionTokens, totalTokens
        case promptCacheHitTokens, promptCacheMissTokens, numSearchQueries
        // prompt_tokens_details, input_tokens_details
        case detailsCached, detailsCacheWrite, detailsAudioInput, detailsImageInput
        case detailsCachedAudio, detailsCachedImage, detailsVideoInput, detailsWebSearch
        // cache_write_tokens_details, cache_creation_token_details
        case cacheWrite30m, cacheWrite12h
        // completion_tokens_details, output_tokens_details
        case detailsReasoning, detailsAudioOutput, detailsImageOutput, detailsVideoOutput
        // OpenAI Responses and Anthropic Messages
        case inputTokens, outputTokens
        case cacheCreationInputTokens, cacheReadInputTokens
        case ephemeral5m, ephemeral1h, webSearchRequests
        // Gemini
        case promptTokenCount, candidatesTokenCount, thoughtsTokenCount, toolUsePromptTokenCount
        case cachedContentTokenCount, totalTokenCount
        case geminiAudioInput, geminiImageInput, geminiAudioCached, geminiAudioOutput, geminiImageOutput
        case geminiToolAudioInput, geminiToolImageInput, geminiToolVideoInput
        case geminiVideoInput, geminiVideoOutput, geminiImageCached
        // Perplexity
        case citationTokens, reasoningTokens
        // xAI's server_side_tool_usage_details
        case webSearchCalls
        // Bedrock Converse
        case bedrockInputTokens, bedrockOutputTokens, bedrockTotalTokens
        case bedrockCacheRead, bedrockCacheWrite, bedrockCacheWrite5m, bedrockCacheWrite1h

        // Anthropic: what compactions used, which its other counts leave out
        case compactionInput, compactionOutput, compactionCacheRead, compactionCacheWrite
    }

    /// The largest count that is believed.
    static let countMax: Int64 = 1 << 40

    private var counts = InlineArray<64, Int64>(repeating: -1)

    /// The tier it says was served, where it names one.
    var servedTier: ServiceTier?
    /// How fast it says the request was served (Anthropic), in lower case.
    var speed: String?
    /// Where it says the request was served (Anthropic), in lower case.
    var geo: String?

    /// A count, or nil where it was not reported.
    subscript(field: Field) -> Int64? {
        let count = counts[field.rawValue]
        return count < 0 ? nil : count
    }

    /// Takes a count in; one that was given already is an error.
    mutating func set(_ field: Field, _ count: Int64, name: String) throws(UsageError) {
        guard counts[field.rawValue] < 0 else { throw UsageError("\(name) is there twice") }
        counts[field.rawValue] = count
    }

    /// Adds to a count that comes in parts (a list of modalities).
    mutating func add(_ field: Field, _ count: Int64) throws(UsageError) {
        let sum = max(0, counts[field.rawValue]) + count
        guard sum <= Self.countMax else { throw UsageError("a count is above 2^40") }
        counts[field.rawValue] = sum
    }
}

/// What is wrong with a usage object, in words that name the member and what was expected.
public struct UsageError: Error, Sendable, Equatable {
    /// The words, without a member name in front: `prompt_tokens_details.cached_tokens is larger than prompt_tokens`.
    public let message: String

    init(_ message: String) {
        self.message = message
    }
}
