/// What a member of a usage object means. Every member that is known has exactly one of these; all others are unread.
enum UsageMember {
    /// A count, under one of the names that providers give it.
    case count(UsageObject.Field)
    /// Seconds, perhaps with a fraction, kept as thousandths.
    case seconds(UsageObject.Field)
    /// An object whose members belong to a container of its own.
    case object(Container)
    /// Such an object, or a list of them whose counts add up (OpenAI's Agents SDK).
    case objects(Container)
    /// A count, or an object whose members belong to a container of its own (Vercel's middleware).
    case countOrObject(UsageObject.Field, Container)
    /// A count that also says which tier served the request (LangChain).
    case tierCount(UsageObject.Field, ServiceTier)
    /// The provider's own object, which says more than what it was rewritten to.
    case native
    /// An object like the one around it, alone in a list (Qwen).
    case onlyOne
    /// xAI's list of the tools that ran, one entry per run.
    case toolNames
    /// Models in a list (Groq): `{"models":[{"model":…,"usage":{…}}]}`.
    case modelList
    /// Copilot's counts by kind of token, as a list or by name.
    case tokenDetails
    /// An object with the parts of a count, or the count itself (LangChain).
    case objectOrCount(Container, UsageObject.Field)
    /// A count by modality, as a list of `{"modality":"AUDIO","tokenCount":12}`.
    case modalities(ModalityFields)
    /// OpenAI's object of details, or google-genai's list of modalities under the same name.
    case objectOrModalities(Container, ModalityFields)
    /// Bedrock's `[{"ttl":"1h","inputTokens":12}]`.
    case bedrockCacheDetails
    /// Anthropic's `[{"type":"compaction", …}]`.
    case iterations
    /// Usage of several models: `{"MODEL": {…}, …}`.
    case models
    /// Perplexity's and Google's counts of tool calls.
    case toolCalls
    /// Google's `[{"type":"google_search","count":2}]`.
    case groundingCounts
    /// Titan's `[{"tokenCount":32, …}]`.
    case titanResults
    /// The tier that was served: a word, or Bedrock's `{"type":"priority"}`.
    case tier
    /// How fast the request was served (Anthropic).
    case speed
    /// Where the request was served (Anthropic).
    case geo
    /// `ephemeral` if the cached tokens are of a cache that the caller made (Qwen).
    case cacheType
    /// Perplexity's size of the search context.
    case searchContextSize
    /// Whether the caller paid the provider with a key of their own (OpenRouter).
    case isOwnKey
    /// What the request cost, as the sender reports it.
    case cost(CostMember)
    /// Known, and not billed.
    case notBilled(NotBilled)

    /// The object that a member stands in.
    enum Container: Int, CaseIterable {
        case top, inputDetails, cachedDetails, outputDetails, cacheCreation, serverToolUse, xaiToolUse, billedUnits
        case cost, costDetails, toolUsage, toolUsageSearch
        case additionalCounts, copies, camelInput, camelOutput, timings, copilotUsage
    }

    /// The fields that a list of modalities fills; nil if a modality has no field of its own.
    struct ModalityFields {
        var text: UsageObject.Field?
        let audio, image, video: UsageObject.Field?
        /// The sum of all modalities; nil if another member has it.
        var whole: UsageObject.Field?
    }

    /// Which part of a reported cost a member is.
    enum CostMember {
        /// US dollars, or an object with the total.
        case dollars(ReportedCost.Source)
        /// 10⁻¹⁰ US dollars (xAI).
        case ticks
        /// What the provider charged for a request with the caller's own key (OpenRouter).
        case upstream
        /// The currency of the others.
        case currency
    }
}

/// Why a known member is not billed by itself.
public enum NotBilled: String, Sendable, CaseIterable {
    /// It is a part of a count that is billed, at the same price.
    case part = "part of a count that is billed"
    /// It is a sum of counts that are billed.
    case sum = "a sum of counts that are billed"
    /// It measures time, speed or a limit.
    case timing = "a time, a speed or a limit"
    /// The provider doesn't charge for it.
    case free = "not charged by the provider"
    /// It repeats, in other words, what another member says.
    case copy = "says again what another member says"
    /// It describes the request and measures nothing that is sold.
    case information = "describes the request"
    /// A price that a client worked out itself.
    case estimate = "worked out by a client, not charged by the provider"
}

/// The members of one container, by name, in a table that is looked up without an allocation.
struct UsageMemberTable: Sendable {
    typealias Entry = (name: StaticString, member: UsageMember)

    let entries: [Entry]
    private let slots: [Int16]
    private let mask: Int

    init(_ entries: [Entry]) {
        self.entries = entries
        var size = 16
        while size < entries.count * 4 { size *= 2 }
        mask = size - 1
        var slots = [Int16](repeating: -1, count: size)
        for (index, entry) in entries.enumerated() {
            let bytes = UnsafeBufferPointer(start: entry.name.utf8Start, count: entry.name.utf8CodeUnitCount)
            var slot = Self.hash(bytes) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int16(index)
        }
        self.slots = slots
    }

    /// The place of the entry that a key names; nil if it is not known.
    func index(of key: JSONString, _ cursor: JSONCursor) -> Int? {
        if key.escaped { return entries.firstIndex { cursor.matches(key, $0.name) } }
        var slot = Self.hash(UnsafeBufferPointer(rebasing: cursor.bytes[key.range])) & mask
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if cursor.matches(key, entries[index].name) { return index }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard let first = bytes.first, let last = bytes.last else { return 0 }
        let middle = bytes[bytes.count / 2]
        return bytes.count &* 31 &+ Int(first) &* 7 &+ Int(middle) &* 131 &+ Int(last) &* 17
    }
}
