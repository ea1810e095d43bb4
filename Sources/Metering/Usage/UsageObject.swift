/// A provider's usage object as it was reported: the counts of every shape that we know, not yet made disjoint.
///
/// An object: it is larger than a kilobyte, and is only looked at while a record is read. Reading it checks each count by itself (whole, not negative, at most 2⁴⁰), and that one count under several names is one
/// count: equal values are taken once, a zero beside another value says nothing, and two different values are an error that
/// names both members. What the counts mean together is ``UsageReading``'s business.
final class UsageObject {
    /// What a member counts. Names that mean the same share a field; names whose containment differs don't.
    enum Field: UInt8, CaseIterable {
        // The whole prompt and the whole completion, by the family of names that they come under. The family says whether
        // cached tokens lie within the prompt.
        case promptChat, promptSnake, promptGemini, promptCamel
        case completionChat, completionSnake, completionGemini, completionCamel
        // Counts that stand in for those if they are missing: Titan's text, llama.cpp's timings
        case promptText, promptTimings, completionTimings
        case total
        // Cached tokens: under names that lie within the prompt, and under names that lie beside it
        case detailsCached, cacheReadWithin, cacheReadBeside, cacheReadVercel, cacheReadPlain, cacheMiss
        case cachedReadSplit, cachedWriteSplit, cachedByModality, cachedText
        case cacheWriteWithin, cacheWriteBeside, cacheWritePlain, write5m, write1h, write30m, write12h
        // Parts of the prompt and of the completion
        case audioInput, imageInput, videoInput, cachedAudio, cachedImage
        case cachedVideo, promptByModality
        case reasoning, reasoningTop, reasoningCodex, audioOutput, imageOutput, videoOutput
        // Gemini
        case thoughts, toolUse, toolAudioInput, toolImageInput, toolVideoInput
        // Anthropic: what compactions used, which its other counts leave out
        case compactionInput, compactionOutput, compactionCacheRead, compactionCacheWrite
        // Cohere: what is charged
        case billedInput, billedOutput
        // Counted beside tokens; these stay the last.
        case webSearch, xSearch, codeExecution, fileSearch, documentSearch, urlFetch, mapsGrounding, citation
        case searchUnits, inputMilliseconds, outputMilliseconds, inputImages, outputImages, imageCalls, pages,
            annotatedPages,
            characters
        case bareDuration, videoMilliseconds, billableMilliseconds, promptAudioMilliseconds, audioOfEitherSide
    }

    /// Nothing reported.
    init() {}

    /// Where a count stood: its member, and the member that holds the object.
    struct Origin: Equatable {
        var container = UsageMember.Container.top
        var member: Int = -1
        var holderContainer = UsageMember.Container.top
        var holder: Int = -1

        /// `prompt_tokens_details.cached_tokens`
        var path: String {
            guard member >= 0 else {
                guard holder >= 0 else { return "usage" }
                return "\(UsageMembers.tables[holderContainer.rawValue].entries[holder].name)"
            }
            let name = "\(UsageMembers.tables[container.rawValue].entries[member].name)"
            guard holder >= 0 else { return name }
            return "\(UsageMembers.tables[holderContainer.rawValue].entries[holder].name).\(name)"
        }

        fileprivate var packed: UInt32 {
            UInt32(container.rawValue) << 28 | UInt32(member + 1) << 16 | UInt32(holderContainer.rawValue) << 12
                | UInt32(holder + 1)
        }

        fileprivate init(packed: UInt32) {
            container = UsageMember.Container(rawValue: Int(packed >> 28)) ?? .top
            member = Int(packed >> 16 & 0xFFF) - 1
            holderContainer = UsageMember.Container(rawValue: Int(packed >> 12 & 0xF)) ?? .top
            holder = Int(packed & 0xFFF) - 1
        }

        init() {}
    }

    /// The largest count that is believed.
    static let countMax: Int64 = 1 << 40
    /// How many unread members of one object are kept.
    static let unreadMax = 16
    /// How many models one object may report.
    static let modelsMax = 16

    // A count is there if its field is among the present ones; what stands elsewhere may be an earlier object's.
    private var counts = InlineArray<96, Int64>(repeating: 0)
    private var origins = InlineArray<96, UInt32>(repeating: 0)
    /// The fields that were reported.
    private(set) var present = FieldSet()
    /// Those of them that are above zero.
    private(set) var nonzero = FieldSet()

    /// The tier that it says was served; nil if it says nothing.
    var servedTier: ServedTier?
    /// How fast it says the request was served (Anthropic), in lower case.
    var speed: String?
    /// Where it says the request was served (Anthropic), in lower case.
    var geo: String?
    /// Whether the cached tokens are of a cache that the caller made (Qwen).
    var isCacheExplicit = false
    /// The size of the search context (Perplexity), in lower case.
    var searchContextSize: String?
    /// What it says the request cost, before ``isOwnKey`` is looked at.
    var cost: ReportedCost?
    /// What the provider took for a request with the caller's own key (OpenRouter).
    var upstreamCost: Money?
    /// Whether the caller paid the provider with a key of their own (OpenRouter).
    var isOwnKey = false
    /// Whether costs are in another currency than the US dollar.
    var isForeignCurrency = false
    /// Models beside the record's own, each with its usage.
    var models: [ModelUsage] = []
    /// True if ``models`` are all there is: the other counts are sums of theirs.
    var isByModel = false
    /// The provider's own object, if a tool hands it on beside its own; nil if it doesn't.
    var native: ModelUsage?
    /// The model that answered after the record's own had refused to (Anthropic).
    var standIn: ModelUsage?
    /// Members that nobody knows, with a number above zero.
    var unread: [UnreadMember] = []

    /// Forgets what was read.
    func clear() {
        (present, nonzero) = (FieldSet(), FieldSet())
        (servedTier, speed, geo, searchContextSize) = (nil, nil, nil, nil)
        (cost, upstreamCost) = (nil, nil)
        (isCacheExplicit, isOwnKey, isForeignCurrency, isByModel) = (false, false, false, false)
        (models, unread) = ([], [])
        (native, standIn) = (nil, nil)
    }

    /// Whether it has no count, no cost, and no number that nobody knows.
    var isSilent: Bool {
        cost == nil && unread.isEmpty && models.isEmpty && native == nil
            && present.isEmpty
    }

    /// A count; nil if it was not reported.
    subscript(field: Field) -> Int64? {
        present.contains(field) ? counts[Int(field.rawValue)] : nil
    }

    /// Where a count stood; the object itself if it was not reported.
    func origin(of field: Field) -> Origin {
        present.contains(field) ? Origin(packed: origins[Int(field.rawValue)]) : Origin()
    }

    /// Takes a count in. The same count again, or a zero beside another value, changes nothing.
    func set(_ field: Field, _ count: Int64, _ origin: Origin) throws(UsageError) {
        let known = present.contains(field) ? counts[Int(field.rawValue)] : -1
        if known > 0, count > 0, known != count {
            guard self.origin(of: field) != origin else { throw UsageError("\(origin.path) is there twice") }
            throw UsageError(
                "\(self.origin(of: field).path) is \(known) and \(origin.path) is \(count); they count the same, so one of them is wrong"
            )
        }
        guard count > known else { return }
        put(field, count, origin)
    }

    /// Adds to a count that comes in parts.
    func add(_ field: Field, _ count: Int64, _ origin: Origin) throws(UsageError) {
        let sum = (self[field] ?? 0) + count
        guard sum <= Self.countMax else { throw UsageError("\(origin.path) adds up to more than 2^40") }
        put(field, sum, origin)
    }

    private func put(_ field: Field, _ count: Int64, _ origin: Origin) {
        counts[Int(field.rawValue)] = count
        origins[Int(field.rawValue)] = origin.packed
        present.insert(field)
        if count > 0 { nonzero.insert(field) }
    }

    /// Takes note of a member that nobody knows.
    func note(unread path: String, _ count: Int64) {
        guard unread.count < Self.unreadMax else { return }
        // What others are shown is printable: names of members are input.
        let name = String(
            path.unicodeScalars.prefix(UnreadMember.nameMax).map { (33...126).contains($0.value) ? Character($0) : "?" }
        )
        if let place = unread.firstIndex(where: { $0.name == name }) {
            unread[place].count = min(Self.countMax, unread[place].count + count)
        } else {
            unread.append(UnreadMember(name: name, count: count))
        }
    }
}

/// Some fields of a usage object.
struct FieldSet {
    private var bits: UInt128 = 0

    init() {}

    /// The set of those fields.
    init(_ fields: UsageObject.Field...) {
        for field in fields { insert(field) }
    }

    var isEmpty: Bool { bits == 0 }

    /// The first of them, in the order in which fields are listed.
    var first: UsageObject.Field? {
        bits == 0 ? nil : UsageObject.Field(rawValue: UInt8(bits.trailingZeroBitCount))
    }

    @inline(__always)
    func contains(_ field: UsageObject.Field) -> Bool { bits >> UInt128(field.rawValue) & 1 == 1 }

    mutating func insert(_ field: UsageObject.Field) { bits |= 1 << UInt128(field.rawValue) }

    /// Takes the first of them out.
    mutating func popFirst() -> UsageObject.Field? {
        guard let first else { return nil }
        bits &= bits - 1
        return first
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        var both = self
        both.bits &= other.bits
        return both
    }

    func union(_ other: FieldSet) -> FieldSet {
        var all = self
        all.bits |= other.bits
        return all
    }
}

/// What an object reports of one model among several.
final class ModelUsage {
    let model: String
    let object: UsageObject

    init(model: String, object: UsageObject) {
        self.model = model
        self.object = object
    }
}

/// A member of a usage object that nobody knows and that holds a number above zero: perhaps something that is billed.
public struct UnreadMember: Sendable, Hashable {
    /// Its path: `prompt_tokens_details.holographic_tokens`; at most ``nameMax`` characters.
    public let name: String
    /// Its number, rounded up to a whole one.
    public internal(set) var count: Int64

    /// Characters of a name that are kept.
    public static let nameMax = 120
}

/// What is wrong with a usage object, in words that name the member and what was expected.
public struct UsageError: Error, Sendable, Equatable {
    /// The words, without a member name in front: `prompt_tokens_details.cached_tokens is larger than prompt_tokens`.
    public let message: String

    init(_ message: String) {
        self.message = message
    }
}
