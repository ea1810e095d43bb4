/// The service tier a provider served a request with, and charges by.
public enum ServiceTier: UInt8, CaseIterable, Sendable, Hashable {
    /// The default.
    case standard = 0
    /// Asynchronous batches, usually at half the price.
    case batch = 1
    /// Slower and cheaper.
    case flex = 2
    /// Faster and dearer.
    case priority = 3
    /// Between flex and standard.
    case balanced = 4
    /// Faster and dearer than priority.
    case ultrafast = 5

    /// The name in the protocol and in rate files.
    public var name: String {
        switch self {
        case .standard: "standard"
        case .batch: "batch"
        case .flex: "flex"
        case .priority: "priority"
        case .balanced: "balanced"
        case .ultrafast: "ultrafast"
        }
    }

    /// All names, as an error can list them: `standard, batch, …`.
    public static let names = allCases.map(\.name).joined(separator: ", ")

    /// The tier of that name.
    public init?(name: String) {
        guard let tier = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = tier
    }

    /// The tier of a documented spelling; nil for any other word.
    public init?(spelling: String) {
        guard case .tier(let tier) = ServedTier(spelling) else { return nil }
        self = tier
    }
}

/// What a usage object says about the tier that served the request.
///
/// Sources: OpenAI <https://platform.openai.com/docs/api-reference/chat/object>, which also calls the priority tier `fast`;
/// Anthropic <https://platform.claude.com/docs/en/api/service-tiers>; Gemini
/// <https://ai.google.dev/gemini-api/docs/priority-inference>; Vertex AI's `trafficType`
/// <https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse>; Amazon Bedrock
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html>; Groq
/// <https://console.groq.com/docs/service-tiers>.
enum ServedTier: Sendable, Hashable {
    /// A tier with published prices.
    case tier(ServiceTier)
    /// The word only repeats that the provider decides; the tier that was asked for stands.
    case undecided
    /// A tier whose tokens have no published price: capacity that is bought in advance, or a word that nobody documents.
    case unpublished(String)

    /// Reads a provider's word, in any case.
    init(_ word: String) {
        switch word.lowercased() {
        case "standard", "default", "on_demand", "standard_only": self = .tier(.standard)
        case "batch": self = .tier(.batch)
        case "flex", "on_demand_flex": self = .tier(.flex)
        case "priority", "fast", "on_demand_priority": self = .tier(.priority)
        case "balanced": self = .tier(.balanced)
        case "ultrafast": self = .tier(.ultrafast)
        case "", "auto", "unspecified", "service_tier_unspecified", "traffic_type_unspecified", "unknown":
            self = .undecided
        case let other: self = .unpublished(String(other.prefix(64)))
        }
    }
}
