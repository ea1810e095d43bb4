/// What a provider charges for, one disjoint bucket each: no token is counted in two.
///
/// The raw value is written to disk with each line item; cases are only ever added.
public enum UsageUnit: UInt8, CaseIterable, Sendable, Hashable {
    /// Prompt tokens that were neither read from nor written to a cache, of text.
    case input = 0
    /// Prompt tokens read from a cache.
    case cacheRead = 1
    /// Prompt tokens written to a cache with the base time to live (Anthropic: five minutes).
    case cacheWrite5m = 2
    /// Prompt tokens written to a cache that lives for an hour.
    case cacheWrite1h = 3
    /// Completion tokens that the caller sees, of text.
    case output = 4
    /// Completion tokens spent on reasoning.
    case reasoning = 5
    /// Prompt tokens of audio, not cached.
    case audioInput = 6
    /// Prompt tokens of audio read from a cache.
    case audioCacheRead = 7
    /// Completion tokens of audio.
    case audioOutput = 8
    /// Prompt tokens of images.
    case imageInput = 9
    /// Completion tokens of images.
    case imageOutput = 10
    /// Web searches that the provider ran.
    case webSearch = 11
    /// Prompt tokens written to a cache that lives for twelve hours (OpenAI).
    case cacheWrite12h = 12
    /// Prompt tokens of images read from a cache.
    case imageCacheRead = 13
    /// Prompt tokens of video.
    case videoInput = 14
    /// Completion tokens of video.
    case videoOutput = 15
    /// Tokens of cited sources (Perplexity), counted beside the prompt.
    case citation = 16
    /// The request itself, if it has a fee of its own.
    case request = 17
    /// Searches in posts of X that xAI ran.
    case xSearch = 18
    /// Runs of a code interpreter.
    case codeExecution = 19
    /// Searches in uploaded files or a vector store.
    case fileSearch = 20
    /// Searches in a collection of documents (xAI).
    case documentSearch = 21
    /// Pages that a model fetched by their address (Perplexity).
    case urlFetch = 22
    /// Prompts grounded in Google Maps.
    case mapsGrounding = 23
    /// Prompt tokens read from a cache that the caller created, if the provider prices those apart (Qwen).
    case cacheReadExplicit = 24
    /// Thousandths of a second of audio or video that went in. A published price per thousand is one per second.
    case inputMillisecond = 25
    /// Thousandths of a second of audio or video that came out.
    case outputMillisecond = 26
    /// Search units of a reranking (Cohere: one query with up to 100 documents).
    case searchUnit = 27
    /// Images that went in, counted one by one.
    case inputImage = 28
    /// Images that came out, counted one by one.
    case outputImage = 29
    /// Pages of a document that was read.
    case page = 30
    /// Characters of text that was spoken or embedded.
    case character = 31
    /// A request with a small search context (Perplexity).
    case requestLow = 32
    /// A request with a medium search context (Perplexity).
    case requestMedium = 33
    /// A request with a large search context (Perplexity).
    case requestHigh = 34
    /// The request as a whole, at the cost that its sender reports. No usage object counts it, and no rate prices it.
    case reportedCost = 35
    /// Pages of a document that was read and annotated, charged beside the pages themselves (Mistral).
    case annotatedPage = 36

    /// The name in rate files and line items: `cache_write_5m`.
    public var name: String {
        switch self {
        case .input: "input"
        case .cacheRead: "cache_read"
        case .cacheWrite5m: "cache_write_5m"
        case .cacheWrite1h: "cache_write_1h"
        case .output: "output"
        case .reasoning: "reasoning"
        case .audioInput: "audio_input"
        case .audioCacheRead: "audio_cache_read"
        case .audioOutput: "audio_output"
        case .imageInput: "image_input"
        case .imageOutput: "image_output"
        case .webSearch: "web_search"
        case .cacheWrite12h: "cache_write_12h"
        case .imageCacheRead: "image_cache_read"
        case .videoInput: "video_input"
        case .videoOutput: "video_output"
        case .citation: "citation"
        case .request: "request"
        case .xSearch: "x_search"
        case .codeExecution: "code_execution"
        case .fileSearch: "file_search"
        case .documentSearch: "document_search"
        case .urlFetch: "url_fetch"
        case .mapsGrounding: "maps_grounding"
        case .cacheReadExplicit: "cache_read_explicit"
        case .inputMillisecond: "input_millisecond"
        case .outputMillisecond: "output_millisecond"
        case .searchUnit: "search_unit"
        case .inputImage: "input_image_each"
        case .outputImage: "output_image_each"
        case .page: "page"
        case .character: "character"
        case .requestLow: "request_low"
        case .requestMedium: "request_medium"
        case .requestHigh: "request_high"
        case .reportedCost: "reported_cost"
        case .annotatedPage: "annotated_page"
        }
    }

    /// The unit of that name.
    public init?(name: String) {
        guard let unit = Self.named[name] else { return nil }
        self = unit
    }

    private static let named = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })

    /// Whether it is part of the prompt, whose whole length picks a long-context price.
    public var isPrompt: Bool {
        switch self {
        case .input, .cacheRead, .cacheReadExplicit, .cacheWrite5m, .cacheWrite1h, .cacheWrite12h, .audioInput,
            .audioCacheRead, .imageInput, .imageCacheRead, .videoInput:
            true
        case .output, .reasoning, .audioOutput, .imageOutput, .videoOutput, .webSearch, .citation, .request, .xSearch,
            .codeExecution, .fileSearch, .documentSearch, .urlFetch, .mapsGrounding, .inputMillisecond,
            .outputMillisecond,
            .searchUnit, .inputImage, .outputImage, .page, .character, .requestLow, .requestMedium, .requestHigh,
            .reportedCost, .annotatedPage:
            false
        }
    }

    /// The unit whose rate holds if a rate sheet has none for this one; nil if there is no such unit, so that usage of it
    /// can't be priced at all.
    public var fallback: UsageUnit? {
        switch self {
        case .input, .output, .webSearch, .citation, .request, .xSearch, .codeExecution, .fileSearch, .documentSearch,
            .urlFetch, .mapsGrounding, .inputMillisecond, .outputMillisecond, .searchUnit, .inputImage, .outputImage,
            .page,
            .character, .reportedCost, .annotatedPage:
            nil
        case .cacheRead, .cacheWrite5m, .audioInput, .imageInput, .videoInput: .input
        case .cacheWrite1h, .cacheWrite12h: .cacheWrite5m
        case .audioCacheRead, .imageCacheRead, .cacheReadExplicit: .cacheRead
        case .reasoning, .audioOutput, .imageOutput, .videoOutput: .output
        case .requestLow, .requestMedium, .requestHigh: .request
        }
    }

    /// Whether providers charge for it only if they publish a price: a model without a fee for the request, or for
    /// cited tokens (<https://docs.perplexity.ai/getting-started/pricing>), has none.
    public var isFreeUnlessPublished: Bool {
        switch self {
        case .citation, .request, .requestLow, .requestMedium, .requestHigh: true
        default: false
        }
    }

    /// Whether it is measured in tokens: what a surcharge on tokens multiplies.
    public var isTokens: Bool {
        switch self {
        case .output, .reasoning, .audioOutput, .imageOutput, .videoOutput, .citation: true
        default: isPrompt
        }
    }

    /// How many units a rate is published for: a million tokens or characters, a thousand of everything else.
    public var unitsPerPublishedPrice: Int {
        isTokens || self == .character ? 1_000_000 : 1_000
    }
}

/// How much of each unit one request used.
public struct UsageBuckets: Sendable, Hashable {
    // A record uses a handful of units, and what is used of them lies side by side, in the units' order: a set is copied several
    // times on a record's way, and is a fifth of what a place for each unit would take.
    private var first = InlineArray<8, Int64>(repeating: 0)
    /// What has no place in ``first``.
    private var others: [Int64] = []
    /// A bit for each unit of which something was used.
    private var mask: UInt64 = 0

    /// Nothing used.
    public init() {}

    /// The quantity of one unit; never negative.
    public subscript(unit: UsageUnit) -> Int64 {
        get {
            let bit = Self.bit(unit)
            return mask & bit == 0 ? 0 : quantity((mask & (bit - 1)).nonzeroBitCount)
        }
        set {
            let bit = Self.bit(unit)
            let place = (mask & (bit - 1)).nonzeroBitCount
            switch (mask & bit != 0, newValue != 0) {
            case (true, true): put(newValue, place)
            case (true, false): remove(place)
            case (false, true): insert(newValue, place)
            case (false, false): return
            }
            mask = newValue == 0 ? mask & ~bit : mask | bit
        }
    }

    private static func bit(_ unit: UsageUnit) -> UInt64 { 1 << UInt64(unit.rawValue) }

    private func quantity(_ place: Int) -> Int64 {
        place < first.count ? first[place] : others[place - first.count]
    }

    private mutating func put(_ quantity: Int64, _ place: Int) {
        if place < first.count { first[place] = quantity } else { others[place - first.count] = quantity }
    }

    /// Puts a quantity in; those behind it move up.
    private mutating func insert(_ quantity: Int64, _ place: Int) {
        let count = mask.nonzeroBitCount
        if count >= first.count { others.append(0) }
        var place = place
        var moved = quantity
        while place <= count {
            let next = place < count ? self.quantity(place) : 0
            put(moved, place)
            (moved, place) = (next, place + 1)
        }
    }

    /// Takes a quantity out; those behind it move down.
    private mutating func remove(_ place: Int) {
        let last = mask.nonzeroBitCount - 1
        for place in place..<last { put(quantity(place + 1), place) }
        if last < first.count { first[last] = 0 } else { others.removeLast() }
    }

    /// Whether nothing was used.
    public var isEmpty: Bool { mask == 0 }

    /// The units that were used, in their order.
    public var used: [(unit: UsageUnit, quantity: Int64)] {
        var used: [(unit: UsageUnit, quantity: Int64)] = []
        forEachUsed { used.append(($0, $1)) }
        return used
    }

    /// Calls `body` with each unit that was used, or is `also`, in their order.
    func forEachUsed(also: UsageUnit? = nil, _ body: (UsageUnit, Int64) -> Void) {
        var rest = mask | (also.map { Self.bit($0) } ?? 0)
        var place = 0
        while rest != 0 {
            let bit = rest & (0 &- rest)
            rest &= rest - 1
            var used: Int64 = 0
            if mask & bit != 0 {
                used = quantity(place)
                place += 1
            }
            if let unit = UsageUnit(rawValue: UInt8(bit.trailingZeroBitCount)) { body(unit, used) }
        }
    }

    /// All prompt tokens, cached ones included: what a long-context threshold is compared with.
    public var promptTokens: Int64 {
        var tokens: Int64 = 0
        var (rest, place) = (mask, 0)
        while rest != 0 {
            if rest & (0 &- rest) & Self.prompt != 0 { tokens += quantity(place) }
            rest &= rest - 1
            place += 1
        }
        return tokens
    }

    private static let prompt: UInt64 = UsageUnit.allCases.reduce(0) { $1.isPrompt ? $0 | bit($1) : $0 }

    /// Whether both are the same usage.
    public static func == (left: UsageBuckets, right: UsageBuckets) -> Bool {
        guard left.mask == right.mask else { return false }
        var areEqual = true
        left.forEachUsed { if right[$0] != $1 { areEqual = false } }
        return areEqual
    }

    /// Hashes what was used.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(mask)
        forEachUsed { hasher.combine($1) }
    }
}
