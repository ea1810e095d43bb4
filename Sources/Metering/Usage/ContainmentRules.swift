/// Which counts of a usage object lie within which others, by provider and by the model's family.
///
/// A documented rule always holds. If it leaves something open, the object's own total chooses, and only if exactly one
/// reading reaches it. `docs/usage.md` has the same as a table, with sources.
struct ContainmentRules {
    /// The names under which an object has its prompt.
    enum Family: Equatable {
        /// `prompt_tokens`: OpenAI Chat Completions, and everything compatible with it.
        case chat
        /// `input_tokens`: OpenAI Responses, Anthropic Messages, and tools that rewrite them.
        case snake
        /// `promptTokenCount`: Gemini, in all its spellings.
        case gemini
        /// `inputTokens`: Bedrock, the Vercel AI SDK, the Claude Agent SDK.
        case camel
    }

    /// Whether one count lies within another.
    enum Rule: Equatable {
        /// Documented: it is a part of the other.
        case within
        /// Documented: it is counted beside the other.
        case beside
        /// The total chooses; the value holds if it doesn't.
        case open(elseBeside: Bool)

        /// Whether the total may choose.
        var isOpen: Bool { if case .open = self { true } else { false } }

        /// Whether it is counted beside, if the total doesn't choose.
        var isBesideByDefault: Bool {
            switch self {
            case .within: false
            case .beside, .open(elseBeside: true): true
            case .open(elseBeside: false): false
            }
        }

        /// The readings to try, the one that holds by default first: true for beside.
        var readings: [Bool] {
            switch self {
            case .within: [false]
            case .beside: [true]
            case .open(let beside): [beside, !beside]
            }
        }
    }

    let family: Family
    let provider: String?
    let model: String

    /// Whether cached tokens lie within the prompt; an error if that can't be known.
    func cache(_ counts: UsageCounts) throws(UsageError) -> Rule {
        let names = counts.cacheNames
        switch family {
        case .gemini: return .within
        case .chat where provider == "gigachat": return names.beside ? .beside : .within
        case .chat where names.isSpring && names.beside: return try passedThrough(counts)
        case .chat where names.vercel && !names.within: return try passedThrough(counts)
        case .chat:
            // Gateways that translate Claude's counts into Chat's don't agree: LiteLLM and OpenRouter count the cache
            // within, Portkey beside (Portkey-AI/gateway#1564).
            let isTranslated = provider == nil || isAnthropicOrBedrock || isClaude
            return isTranslated ? .open(elseBeside: false) : .within
        case .snake, .camel:
            if names.vercel, !names.within {
                // Codex has writes beside them within the input, under Bedrock's name.
                return names.beside ? .within : try passedThrough(counts)
            }
            if names.plain, provider == "cursor" { return .beside }
            switch (names.within || names.plain, names.beside) {
            case (_, false): return .within
            case (false, true): return .beside
            // Both kinds of names: nobody documents that.
            case (true, true): return .open(elseBeside: true)
            }
        }
    }

    /// The rule of a tool that takes each provider's counts over as they are: Anthropic's and Bedrock's lie beside.
    private func passedThrough(_ counts: UsageCounts) throws(UsageError) -> Rule {
        if isAnthropicOrBedrock || counts.cached > counts.prompt { return .beside }
        guard provider == nil else { return .within }
        throw UsageError(
            "the cached tokens may lie within \(counts.promptName) or beside it; name the provider, which decides that")
    }

    /// Whether reasoning tokens lie within the completion.
    func reasoning(_ counts: UsageCounts) -> Rule {
        // <https://docs.perplexity.ai/getting-started/models/models/sonar-deep-research>
        if provider == "perplexity", counts.reasoningIsAtTop || contains("deep-research") { return .beside }
        switch family {
        case .gemini: return .open(elseBeside: true)
        case .chat, .camel:
            // <https://docs.x.ai/docs/guides/reasoning>; BerriAI/litellm#39426: so too if others sell Grok.
            if isGrok || provider == "xai" { return .open(elseBeside: true) }
            if isGemini { return .open(elseBeside: family == .camel) }
            return provider.map(Self.documentsReasoningWithin.contains) == true ? .within : .open(elseBeside: false)
        case .snake:
            return isGrok || provider == nil ? .open(elseBeside: false) : .within
        }
    }

    /// Whether tokens that stand only in the total are thinking, and billed as output: so at Gemini's OpenAI-compatible
    /// endpoint. <https://discuss.ai.google.dev/t/98760>: the total includes thinking.
    var isResidueThinking: Bool { family == .chat && isGemini }

    /// Providers whose reference says that the completion includes reasoning.
    private static let documentsReasoningWithin: Set<String> = [
        "openai", "azure", "anthropic", "bedrock", "deepseek", "mistral", "groq", "openrouter", "moonshot",
        "dashscope", "zai", "together_ai", "fireworks_ai", "cerebras", "cohere", "perplexity", "minimax",
    ]

    private var isAnthropicOrBedrock: Bool { provider == "anthropic" || provider == "bedrock" }

    private var isGemini: Bool {
        (provider == "gemini" || provider == "vertex_ai" || provider == nil) && contains("gemini")
    }
    private var isGrok: Bool { contains("grok") }
    private var isClaude: Bool { contains("claude") }

    /// Whether Bedrock serves a model of OpenAI's, whose stream counts the cache within `inputTokens` and again in the
    /// total, against Bedrock's reference (maximhq/bifrost#6942).
    var isOpenAIAtBedrock: Bool {
        family == .camel && (provider == "bedrock" || provider == nil) && contains("openai.")
    }

    /// Whether the model's name has a word in it, in any case.
    private func contains(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        var copy = model
        return copy.withUTF8 { name in
            guard name.count >= count else { return false }
            return (0...(name.count - count)).contains { start in
                (0..<count).allSatisfy { Self.lower(name[start + $0]) == word.utf8Start[$0] }
            }
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (65...90).contains(byte) ? byte | 0x20 : byte
    }
}
