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

    /// The tier that a provider's usage object names, in the provider's own words; nil where it names none of ours
    /// (`auto`, `scale`, `PROVISIONED_THROUGHPUT`), so that the record's own `tier` stays.
    ///
    /// OpenAI: <https://platform.openai.com/docs/api-reference/chat/object>, which names the priority tier `fast` as well;
    /// Anthropic: <https://platform.claude.com/docs/en/api/service-tiers>; Gemini's `trafficType` says `ON_DEMAND`.
    static func served(as providerName: String) -> ServiceTier? {
        switch providerName.lowercased() {
        case "standard", "default", "on_demand": .standard
        case "batch": .batch
        case "flex", "on_demand_flex": .flex
        case "priority", "fast", "on_demand_priority": .priority
        case "balanced": .balanced
        case "ultrafast": .ultrafast
        default: nil
        }
    }
}
