/// The spellings of providers' names: of rate files, and of the tools that send usage.
enum ProviderName {
    /// The one spelling of a provider's name that rate files use, for the others in use.
    static func canonical(_ name: String) -> String {
        known[name] ?? derived(name)
    }

    /// The spellings of names that come often: every record has one.
    private static let known: [String: String] = {
        let names =
            [firstSpellings, laterSpellings].flatMap { $0.flatMap { [$0.key, $0.value] } }
            + ["deepseek", "groq", "openrouter", "perplexity", "cerebras", "hosted_vllm"]
        return Dictionary(names.map { ($0, derived($0)) }) { first, _ in first }
    }()

    private static func derived(_ name: String) -> String {
        let first = spelledAtFirst(name)
        if let spelling = laterSpellings[first] { return spelling }
        if let head = withoutEndpoint(first) { return firstSpellings[head] ?? laterSpellings[head] ?? head }
        return first
    }

    /// The spelling of a provider's name by the spellings that were known when the first cards were recorded.
    ///
    /// A card may hold any name that was its own spelling then. So it must stay readable, whatever was learned since.
    static func spelledAtFirst(_ name: String) -> String {
        if let spelling = firstSpellings[name] { return spelling }
        let isLowercase = name.isOnly { $0 < 0x80 && !(65...90).contains($0) }
        let lowercased = isLowercase ? name : name.lowercased()
        return lowercased.utf8.starts(with: "vertex_ai-".utf8) ? "vertex_ai" : firstSpellings[lowercased] ?? lowercased
    }

    /// `openai.responses` as `openai`: the Vercel AI SDK names a provider with the endpoint that it asked. Nil for other names.
    private static func withoutEndpoint(_ name: String) -> String? {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return nil }
        return endpoints.contains(String(name[name.utf8.index(after: dot)...])) ? String(name[..<dot]) : nil
    }

    /// The endpoints in the ids of the Vercel AI SDK's models (`provider` of a language, embedding, image, … model).
    private static let endpoints: Set<String> = [
        "chat", "completion", "responses", "messages", "embedding", "textembedding", "text-embedding", "image", "video",
        "speech", "transcription", "reranking", "generative-ai",
    ]

    private static let firstSpellings = [
        "google": "gemini", "google_ai_studio": "gemini", "google-gla": "gemini",
        "vertex": "vertex_ai", "vertexai": "vertex_ai", "google-vertex": "vertex_ai", "vertex_ai_beta": "vertex_ai",
        "aws": "bedrock", "bedrock_converse": "bedrock", "amazon": "bedrock", "amazon_bedrock": "bedrock",
        "x-ai": "xai", "x_ai": "xai", "x.ai": "xai",
        "mistralai": "mistral", "mistral_ai": "mistral",
        "azure_openai": "azure", "azure_text": "azure",
        "text-completion-openai": "openai", "text-completion-codestral": "codestral", "cohere_chat": "cohere",
        "fireworks": "fireworks_ai", "fireworks_ai-embedding-models": "fireworks_ai", "together": "together_ai",
    ]

    private static let laterSpellings = [
        // OpenTelemetry, gen_ai.provider.name, and gen_ai.system before it:
        // <https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/>
        "aws.bedrock": "bedrock", "azure.ai.openai": "azure", "az.ai.openai": "azure",
        "azure.ai.inference": "azure_ai", "az.ai.inference": "azure_ai", "gcp.gemini": "gemini",
        "gcp.gen_ai": "gemini", "gcp.vertex_ai": "vertex_ai", "moonshot_ai": "moonshot", "ibm.watsonx.ai": "watsonx",
        // LiteLLM, LlmProviders and litellm_provider
        "sagemaker_chat": "sagemaker", "ollama_chat": "ollama", "ai21_chat": "ai21", "anthropic_text": "anthropic",
        // The Vercel AI SDK, without the endpoint
        "amazon-bedrock": "bedrock", "azure-openai": "azure", "google.vertex": "vertex_ai",
        "google.vertex.anthropic": "vertex_ai", "vertex.anthropic": "vertex_ai", "togetherai": "together_ai",
        "moonshotai": "moonshot", "vercel": "v0",
    ]
}
